"""The fan-out: claims deliveries, sends them with many hands, writes down what became of each.

One thread calls `step`; it is the only one that claims and settles, many at a time, while the hands only talk to Webex.
Between the claim and the request lies next to nothing, so that a kill leaves few attempts in doubt. What a message
says and who gets it was decided before. Waits nowhere but in `drain`.
"""

import random
from collections.abc import Callable, Sequence
from functools import partial
from sqlite3 import Error as StoreError

from broadcast.changes import Changes
from broadcast.config import DeliveryRules
from broadcast.errors import FileRefused, LedgerFailed, NoLease, Refused, WebexError
from broadcast.files import Files
from broadcast.hands import Hands
from broadcast.lookup import Lookup
from broadcast.model import Broadcast, Content, Form, Kind, State, Why
from broadcast.outcomes import Changed, Claim, GaveUp, InDoubt, Outcome, PartSent, RetryAt
from broadcast.pacing import LONGEST_PAUSE, PAUSE_KEY, Gate, Pace
from broadcast.ports import Clock, Gateway, Ledger, Log
from broadcast.retry import GRACE, Patience, judge

IDLE_SECONDS = 0.5
BUSY_SECONDS = 0.02
LONG_PAUSE = 5.0
MOST_YIELDS = 50
YIELD_PAUSE = 0.1
BLOCKED_SECONDS = 0.2
REPEAT_SECONDS = 0.2
BREAK_OFF_SECONDS = 2.0
"""Before the time to come home is over: what can be broken off is, so that it can still be written down."""

PACE_KEY = "pace"
CARD_REFUSED = (400, 413, 415)


class Fanout:
    """Sends what the ledger holds, under one lease.

    `holds_lease` says whether this process may still send; `hands` is how many requests go out at once;
    `wake` is called by a hand that has finished, `report` when broadcasts are finished.
    """

    def __init__(
        self,
        token: int,
        *,
        ledger: Ledger,
        gateway: Gateway,
        files: Files,
        gate: Gate,
        clock: Clock,
        rules: Callable[[], DeliveryRules],
        log: Log,
        in_words: Callable[[Why], str],
        hands: int,
        wake: Callable[[], None],
        report: Callable[[], None],
        holds_lease: Callable[[], bool],
    ) -> None:
        self._token = token
        self._ledger = ledger
        self._gateway = gateway
        self._files = files
        self._gate = gate
        self._clock = clock
        self._rules = rules
        self._log = log
        self._in_words = in_words
        self._hands: Hands[Claim, Outcome] = Hands(hands, wake)
        self._report = report
        self._holds_lease = holds_lease
        self._lookup = Lookup(gateway, ledger, clock, rules)
        self._changes = Changes(gateway, self._lookup.decide)
        self._contents: dict[int, Content] = {}
        self._unsettled: list[tuple[Claim, Outcome]] = []
        self._finished_at = 0.0
        self._is_ending = False
        self._yields_left = 0
        gate.begin(Pace.from_text(ledger.recall(PACE_KEY)))
        gate.close(min(LONGEST_PAUSE, float(ledger.recall(PAUSE_KEY) or 0.0) - clock.now()))
        self._doubt_orphans()

    def step(self) -> float:
        """Write down what is finished, start what may start; return the seconds until it is worth calling again."""
        self._settle()
        if self._gateway.token_refused and not self._token_works():
            return max(BUSY_SECONDS, self._gate.closed_for())
        if not self._holds_lease():
            return IDLE_SECONDS
        self._look()
        pause = self._send()
        self._finish()
        return min(IDLE_SECONDS, max(BUSY_SECONDS, pause))

    def drain(self, seconds: float) -> None:
        """Let what is in flight come home, `seconds` at most, and write it down as it comes."""
        deadline = self._clock.monotonic() + seconds
        try:
            self._bring_home(deadline - min(BREAK_OFF_SECONDS, seconds / 2))
            # An upload that is still going out breaks off: it is known not to be sent, instead of unknown.
            self._is_ending = True
            self._bring_home(deadline)
        finally:
            self._hands.dismiss()
        self._hand_on()

    def _bring_home(self, deadline: float) -> None:
        while (self._hands.busy_with or self._unsettled) and (left := deadline - self._clock.monotonic()) > 0:
            came = self._hands.result(min(left, REPEAT_SECONDS) if self._unsettled else left)
            try:
                self._write_down([came] if came else [])
            except (LedgerFailed, StoreError) as error:
                # What came is kept: as long as there is time, it is not given up for unknown.
                self._log("deliveries.unsettled", count=len(self._unsettled), fault=str(error))

    def _hand_on(self) -> None:
        """Leave to whoever works next what has been learnt: how fast to send, and how long not at all."""
        self._ledger.remember(PACE_KEY, self._gate.pace.to_text())
        if closed := self._gate.closed_for():
            self._ledger.remember(PAUSE_KEY, str(self._clock.now() + closed))

    def _token_works(self) -> bool:
        if self._gate.closed_for():
            return False
        try:
            self._gateway.me()
        except WebexError:
            return False
        return True

    def _send(self) -> float:
        """Start what may start; return the seconds until more may."""
        now = self._clock.now()
        due = self._ledger.next_due()
        if due is None and not self._hands.busy_with:
            self._doubt_orphans()
        if due is None or due > now:
            return IDLE_SECONDS if due is None else due - now
        if self._people_come_first():
            return YIELD_PAUSE
        wanted = self._gate.take(self._hands.free)
        if not wanted:
            return self._gate.wait_for_next()
        claims = self._ledger.claim(self._token, limit=wanted, now=now, webex_time=self._gateway.time_at_webex())
        self._gate.give_back(wanted - len(claims))
        for claim in claims:
            self._hand_over(claim, self._attempt)
        return self._gate.wait_for_next() if claims else BLOCKED_SECONDS

    def _people_come_first(self) -> bool:
        """Whether somebody has said something during a long pause that is not heard yet: it may be to stop all this."""
        closed = self._gate.closed_for()
        if closed >= LONG_PAUSE:
            self._yields_left = MOST_YIELDS
        if closed or not self._yields_left:
            return False
        self._yields_left -= 1
        return bool(self._ledger.backlog(self._clock.now()).events)

    def _doubt_orphans(self) -> None:
        """See to deliveries that are being sent by nobody: those of a lease before, or of a step that broke."""
        orphans = self._ledger.doubt_orphans(self._token, self._clock.now() + GRACE)
        if orphans:
            self._log("deliveries.in_doubt", count=orphans)

    def _look(self) -> None:
        if self._gate.closed_for():
            return
        looked_at = {(claim.broadcast, claim.space_id) for claim in self._hands.busy_with}
        for claim in self._ledger.doubts(self._clock.now()):
            if (claim.broadcast, claim.space_id) not in looked_at and self._hands.free:
                decide = self._lookup.decide if claim.work is Kind.SEND else self._changes.decide
                self._hand_over(claim, decide)

    def _hand_over(self, claim: Claim, work: Callable[[Claim, Content], Outcome]) -> None:
        self._hands.give(claim, partial(work, claim, self._content(claim)))

    def _attempt(self, claim: Claim, content: Content) -> Outcome:
        self._gateway.post_only_while(self._may_write)
        if not self._may_write():
            return RetryAt(at=0.0, why=Why.NONE, detail="the lease ran out before the attempt", counts=False)
        return self._send_part(claim, content) if claim.work is Kind.SEND else self._change(claim, content)

    def _may_write(self) -> bool:
        return self._holds_lease() and not self._is_ending

    def _change(self, claim: Claim, content: Content) -> Outcome:
        try:
            outcome = self._changes.attempt(claim, content)
        except WebexError as error:
            self._note_trouble(error)
            return self._changes.failed(claim, content, error, self._patience(claim))
        if isinstance(outcome, Changed):
            self._gate.accepted()
        return outcome

    def _send_part(self, claim: Claim, content: Content) -> Outcome:
        parts = content.parts(claim.kind)
        if claim.part >= len(parts):
            return RetryAt(at=0.0, why=Why.NONE, detail="the text was edited and is shorter now", counts=False)
        text = parts[claim.part]
        try:
            message_id = self._gateway.post(claim.space_id, text, content=self._attached(claim, content))
        except FileRefused as error:
            return GaveUp(state=State.FAILED, why=Why.FILE_GONE, detail=str(error))
        except WebexError as error:
            return self._failed(claim, content, error)
        self._gate.accepted()
        if content.form is Form.UNTRIED and claim.part == 0:
            self._note_form(claim, Form.CARD)
        return PartSent(message_id=message_id)

    def _attached(self, claim: Claim, content: Content) -> Content | None:
        """Return what goes with a part of the text: the file or card with the first one, nothing with the others."""
        if claim.part > 0:
            return None
        return self._files.at_hand(content) if content.form is Form.FILE else content

    def _failed(self, claim: Claim, content: Content, error: WebexError) -> Outcome:
        status = error.status if isinstance(error, Refused) else None
        if content.form is Form.UNTRIED and claim.part == 0 and status in CARD_REFUSED:
            self._note_form(claim, Form.FILE)
            self._log("card.refused", broadcast=claim.broadcast, fault=error.fault)
            return RetryAt(at=0.0, why=Why.NONE, counts=False)
        self._note_trouble(error)
        return judge(error, self._patience(claim))

    def _note_form(self, claim: Claim, form: Form) -> None:
        try:
            self._ledger.settle_form(claim.broadcast, form)
        except (LedgerFailed, StoreError) as error:
            # The next one finds out again; what became of this one is known all the same.
            self._log("form.unsettled", broadcast=claim.broadcast, fault=str(error))

    def _note_trouble(self, error: WebexError) -> None:
        is_webexs = error.status >= 500 if isinstance(error, Refused) else not isinstance(error, NoLease)
        if is_webexs:
            self._gate.failed()

    def _patience(self, claim: Claim) -> Patience:
        return Patience(
            now=self._clock.now(),
            first_tried=claim.first_tried,
            give_up_after=self._rules().give_up_after_minutes * 60,
            spread=random.random(),  # noqa: S311 – spreads retries, guards nothing
        )

    def _settle(self) -> None:
        self._write_down(list(iter(self._hands.result, None)))

    def _write_down(self, came: Sequence[tuple[Claim, Outcome | Exception]]) -> None:
        self._unsettled += [(claim, self._outcome(claim, result)) for claim, result in came]
        # Where this fails they are kept, and written down with the next.
        self._ledger.settle(self._unsettled, self._clock.now())
        finished, self._unsettled = self._unsettled, []
        for claim, outcome in finished:
            self._tell(claim, outcome)

    def _outcome(self, claim: Claim, result: Outcome | Exception) -> Outcome:
        if not isinstance(result, Exception):
            return result
        # Nobody knows how far a hand got that broke, so it is looked up like an attempt without an answer.
        self._log("sender.crashed", broadcast=claim.broadcast, room_id=claim.space_id, error=repr(result))
        return InDoubt(look_at=self._clock.now() + GRACE, detail=repr(result), repeat=claim.repeat)

    def _tell(self, claim: Claim, outcome: Outcome) -> None:
        place = {"broadcast": claim.broadcast, "room_id": claim.space_id}
        match outcome:
            case GaveUp(state=state, why=why, detail=detail):
                self._log(f"delivery.{state}", **place, reason=why.value, why=self._in_words(why), detail=detail)
            case InDoubt(detail=detail):
                self._log("delivery.in_doubt", **place, detail=detail)
            case RetryAt(detail=detail) if detail:
                self._log("delivery.put_off", **place, detail=detail)

    def _content(self, claim: Claim) -> Content:
        content = self._contents.get(claim.broadcast)
        if content is None or content.revision != claim.revision:
            content = self._ledger.content(claim.broadcast)
            if content.form is not Form.UNTRIED:
                self._contents[claim.broadcast] = content
        return content

    def _finish(self) -> None:
        now = self._clock.monotonic()
        if now - self._finished_at < (IDLE_SECONDS if self._hands.busy_with else BUSY_SECONDS):
            return
        self._finished_at = now
        for broadcast in self._ledger.finish_broadcasts(self._token, self._clock.now()):
            self._contents.pop(broadcast.number, None)
            self._ledger.remember(PACE_KEY, self._gate.pace.to_text())
            self._log_finished(broadcast)
            self._report()

    def _log_finished(self, broadcast: Broadcast) -> None:
        counts = broadcast.counts
        self._log(
            "broadcast.finished",
            broadcast=broadcast.number,
            kind=broadcast.kind.value,
            planned=counts.planned,
            sent=counts.sent,
            failed=counts.failed,
            skipped=counts.skipped,
            unknown=counts.unknown,
        )
