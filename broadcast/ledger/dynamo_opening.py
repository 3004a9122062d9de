"""Opening broadcasts in DynamoDB, and taking them away again. Without transactions, so the order of the writes matters.

A broadcast is staged under a number of its own: the note that there is something to do, the header, whose it is, the
texts, the plan. It counts from the one write that sets `opened_at`; that one fails where somebody has marked the header
as dropped before, and the mark fails on a header that is open. So of two that plan the same message one is heard, and
what a crash leaves half written is dropped by the next holder of the lease, or by whoever plans the message next.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from broadcast.errors import LeaseLost
from broadcast.ledger.dynamo_events import DynamoEvents
from broadcast.ledger.dynamo_headers import (
    TO_DO,
    Header,
    content_of,
    header_key,
    header_of,
    listed,
    source_key,
    staged,
    texts_to_json,
    to_do_key,
)
from broadcast.ledger.dynamo_items import Item, Key, Value, in_order, to_wire
from broadcast.ledger.dynamo_rows import DELIVERIES, PLAN, Row, folder, plan_items, plan_key, plan_rows, row_of
from broadcast.ledger.dynamo_store import PRESENT
from broadcast.model import Content, Draft, Form, State

A_TEXT_ITEM = 300_000
STAGED = "attribute_not_exists(#opened_at)"
NOT_DROPPED = f"{PRESENT} AND attribute_not_exists(#dropped)"
FINISHED = f"{NOT_DROPPED} AND attribute_exists(#finished_at)"


class DynamoOpening(DynamoEvents):
    """Broadcasts from their staging to their end; deliveries are claimed and settled elsewhere."""

    def stage(self, token: int, draft: Draft) -> Header | None:
        """Make a number for a broadcast and write down all but the plan; None if the message was opened before."""
        return self.stage_as(token, draft.source_id, draft.content, partial(staged, draft=draft))

    def stage_as(
        self, token: int, source_id: str, content: Content, values_of: Callable[[int], dict[str, Value]]
    ) -> Header | None:
        """Stage what has these values, by its number; None if the message, or the change of the key, is open."""
        while True:
            self.hold(token)
            if not self._make_way(source_id):
                return None
            number = self.next_number("broadcast")
            self.put_over(to_do_key(number))
            values = values_of(number)
            self.put_new(header_key(number), **values)
            if self.put_new(source_key(source_id), number=number):
                break
            # A holder before was about to do the same.
            self.drop(number, only_if=STAGED)
        self.write_texts(number, number, content)
        return header_of(Item(to_wire(values)))

    def _make_way(self, source_id: str) -> bool:
        """Drop what was left half written of a message; False if it is open."""
        known = self.get(source_key(source_id))
        if known:
            if not self.drop(known.number("number"), only_if=STAGED):
                return False
            self.delete(known.key, only_if="#tag = :tag", tag=known.text("tag"))
        return True

    def write_plan(self, token: int, number: int, plan: Iterable[Row]) -> list[Row]:
        """Write the plan of a staged broadcast down, item by item, and return it."""
        rows: list[Row] = []
        for at, (text, some) in enumerate(plan_items(plan)):
            if at:
                self.hold(token)
            self.put_new(plan_key(number, at), rows=text)
            rows += some
        return rows

    def open_staged(self, token: int, header: Header, rows: list[Row], now: float) -> Header:
        """Let a staged broadcast count, and return its header."""
        self.hold(token)
        for key in listed(header):
            self.put_over(key)
        left_out = sum(row.state is State.SKIPPED for row in rows)
        change = "SET #opened_at = :now, #planned = :planned, #left_out = :left_out"
        values: dict[str, Value] = {"now": now, "planned": len(rows), "left_out": left_out}
        if not self.update(header_key(header.number), change, only_if=f"{NOT_DROPPED} AND {STAGED}", **values):
            raise LeaseLost(f"broadcast {header.number} has been dropped by somebody else before it was open")
        return replace(header, opened_at=now, planned=len(rows), left_out=left_out)

    def header(self, number: int) -> Header | None:
        """Return the header of a broadcast that counts."""
        header = self._any_header(number)
        return header if header and header.is_open else None

    def _any_header(self, number: int) -> Header | None:
        found = self.get(header_key(number))
        return header_of(found) if found else None

    def to_do(self) -> list[Header]:
        """Return the broadcasts about which there may be something to do, in order; some may not count."""
        return self.headers_in(TO_DO)

    def headers_in(self, pk: str) -> list[Header]:
        """Return the headers of the broadcasts that are named in a partition, in order; some may not count."""
        keys = [header_key(int(item.key.sk)) for item in self.find(pk, only="#pk, #sk")]
        return sorted(map(header_of, self.get_many(keys)), key=lambda header: header.number)

    def rows_of(self, number: int) -> list[Row]:
        """Return the deliveries of a broadcast as they are, in order."""
        plan: list[Row] = []
        now: dict[str, Row] = {}
        for item in self.find(folder(number), DELIVERIES):
            if item.key.sk.startswith(PLAN):
                plan += plan_rows(item)
            else:
                row = row_of(item)
                now[row.space_id] = row
        rows = (replace(now[row.space_id], title=row.title) if row.space_id in now else row for row in plan)
        return sorted(rows, key=lambda row: row.seq)

    def content(self, broadcast: int) -> Content:
        """Return what goes out."""
        header = self._any_header(broadcast)
        if header is None:
            raise LookupError(f"there is no broadcast {broadcast}")
        found = self.find(folder(broadcast), _texts(header.texts_of)) if header.texts_kept else iter(())
        return content_of(header, "".join(item.text("text") for item in found))

    def settle_form(self, broadcast: int, form: Form) -> None:
        """Note whether a card goes out as a card or as a file."""
        self.update(header_key(broadcast), "SET #form = :form", form=form.value)

    def mark_reported(self, broadcast: int, now: float) -> None:
        """Note that the sender has been told, and drop the texts, unless something may be sent once more."""
        header = self.header(broadcast)
        if header is None or header.counts is None:
            return
        if header.counts.failed or header.counts.unknown:
            self.update(header_key(broadcast), "SET #reported_at = :now", only_if=FINISHED, now=now)
        else:
            change = "SET #reported_at = :now, #texts_kept = :no, #has_card = :no REMOVE #file"
            self.update(header_key(broadcast), change, only_if=FINISHED, now=now, no=False)
            self.delete_all(folder(broadcast), "text#")
        self.nothing_to_do(broadcast)

    def nothing_to_do(self, number: int) -> None:
        """Take back the note that there is something to do about a broadcast, unless it runs again meanwhile."""
        self.delete(to_do_key(number))
        header = self.header(number)
        if header and (header.runs or header.is_unreported):
            self.put_over(to_do_key(number))

    def drop(self, number: int, *, only_if: str, **values: Value) -> bool:
        """Take a broadcast away, if the condition holds for its header; what a crash leaves of it goes next time."""
        found = self.get(header_key(number))
        if found is None:
            self.delete(to_do_key(number))
            return True
        only_if = f"{PRESENT} AND {only_if}"
        mark = "SET #dropped = :yes"
        is_marked = header_of(found).is_dropped
        if not (is_marked or self.update(header_key(number), mark, only_if=only_if, yes=True, **values)):
            return False
        self.delete_all(folder(number))
        self.delete(source_key(found.text("source_id")), only_if="#number = :number", number=number)
        for key in (*listed(header_of(found)), to_do_key(number)):
            self.delete(key)
        self.delete(header_key(number))
        return True

    def clear_up(self) -> None:
        """Drop what was left half written, and notes about broadcasts that are done with."""
        found = {header.number: header for header in self.to_do()}
        for item in self.find(TO_DO, only="#pk, #sk"):
            header = found.get(int(item.key.sk))
            if header is None or not header.is_open:
                self.drop(int(item.key.sk), only_if=STAGED)
            elif not (header.runs or header.is_unreported):
                self.nothing_to_do(header.number)

    def write_texts(self, broadcast: int, number: int, content: Content) -> None:
        """Write down what a broadcast says, under the number of the one that makes it say that."""
        text = texts_to_json(content)
        for at, start in enumerate(range(0, len(text), A_TEXT_ITEM)):
            key = Key(folder(broadcast), f"{_texts(number)}{in_order(at)}")
            self.put_over(key, text=text[start : start + A_TEXT_ITEM])


def _texts(number: int) -> str:
    return f"text#{in_order(number)}#"
