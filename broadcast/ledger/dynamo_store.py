"""The DynamoDB table under the ledger: reading, conditional writes, many at once. Knows no rules of the bot.

Every write that must win against others is conditional and leaves a `tag` of its own in the item: where an answer was
lost and boto3 asked again, the tag tells that the first try had won. There are no scans and no transactions.
"""

import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from broadcast.ledger.dynamo_items import LONGEST_KEY, Client, ConditionFailed, Item, Key, Value, to_wire, words

THREADS = 16
A_PAGE = 1000
GET_AT_ONCE = 100
DELETE_AT_ONCE = 25
ABSENT = "attribute_not_exists(#pk)"
PRESENT = "attribute_exists(#pk)"
Answer = TypeVar("Answer")


class DynamoStore:
    """One table. `client` is boto3's, made at the first use where none is given."""

    def __init__(self, table: str, *, client: Client | None = None) -> None:
        self.table = table
        self._client = client
        self._is_own = client is None
        self._pool: ThreadPoolExecutor | None = None
        self._making = threading.Lock()

    def close(self) -> None:
        """Close the connections, where the client is its own, and end the threads."""
        with self._making:
            pool, self._pool = self._pool, None
            if self._is_own and self._client:
                self._client.close()
                self._client = None
        if pool:
            pool.shutdown()

    def get(self, key: Key) -> Item | None:
        """Return an item as it is now, None if there is none."""
        answer = self._ask("get_item", Key=key.wire, ConsistentRead=True)
        return Item(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[Key]) -> list[Item]:
        """Return those of the items that there are, in any order."""
        found: list[Item] = []
        for start in range(0, len(keys), GET_AT_ONCE):
            some = [key.wire for key in keys[start : start + GET_AT_ONCE]]
            answer = self._ask_all("batch_get_item", {self.table: {"Keys": some, "ConsistentRead": True}})
            found += map(Item, answer["Responses"].get(self.table, []))
            left = answer.get("UnprocessedKeys", {}).get(self.table, {"Keys": []})["Keys"]
            found += filter(None, (self.get(Key(one["pk"]["S"], one["sk"]["S"])) for one in left))
        return found

    def find(
        self, pk: str, begins: str = "", *, newest_first: bool = False, only: str = "", page: int = A_PAGE
    ) -> Iterator[Item]:
        """Yield the items of a partition in order, read page by page as they are used.

        `begins`: what their `sk` begins with; `only`: the names of attributes that are needed, where not all are.
        """
        condition = "#pk = :pk AND begins_with(#sk, :begins)" if begins else "#pk = :pk"
        request: dict[str, Any] = {
            "KeyConditionExpression": condition,
            "ConsistentRead": True,
            "ScanIndexForward": not newest_first,
            "Limit": page,
            **({"ProjectionExpression": only} if only else {}),
            **words(condition, only, values={"pk": pk, "begins": begins}),
        }
        while True:
            answer = self._ask("query", **request)
            yield from map(Item, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def put(self, key: Key, /, *, only_if: str = "", values: dict[str, Value], bound: dict[str, Value]) -> bool:
        """Write an item; False if the condition does not hold. `bound` is what the condition speaks of."""
        tag = secrets.token_hex(8)
        item = {**key.wire, **to_wire({**values, "tag": tag})}
        condition = {"ConditionExpression": only_if, **words(only_if, values=bound)} if only_if else {}
        try:
            self._ask("put_item", Item=item, **condition)
        except ConditionFailed:
            return self._is_ours(key, tag)
        return True

    def put_new(self, key: Key, /, **values: Value) -> bool:
        """Write an item; False if there is one already, which stays as it is."""
        return self.put(key, only_if=ABSENT, values=values, bound={})

    def put_over(self, key: Key, /, **values: Value) -> None:
        """Write an item in place of the one that may be there."""
        self.put(key, values=values, bound={})

    def update(self, key: Key, change: str, /, *, only_if: str = PRESENT, **values: Value) -> bool:
        """Change attributes of an item; False if the condition does not hold. The change begins with SET."""
        tag = secrets.token_hex(8)
        change = change.replace("SET ", "SET #tag = :tag, ", 1)
        try:
            self._ask(
                "update_item",
                Key=key.wire,
                UpdateExpression=change,
                **({"ConditionExpression": only_if} if only_if else {}),
                **words(change, only_if, values={**values, "tag": tag}),
            )
        except ConditionFailed:
            return self._is_ours(key, tag)
        return True

    def count_up(self, key: Key, name: str) -> int:
        """Add one to a number of an item, which is made where there is none, and return it."""
        change = f"ADD #{name} :one"
        answer = self._ask(
            "update_item",
            Key=key.wire,
            UpdateExpression=change,
            ReturnValues="UPDATED_NEW",
            **words(change, values={"one": 1}),
        )
        return Item(answer["Attributes"]).number(name)

    def delete(self, key: Key, /, *, only_if: str = "", **values: Value) -> None:
        """Delete an item, if the condition holds."""
        condition = {"ConditionExpression": only_if, **words(only_if, values=values)} if only_if else {}
        try:
            self._ask("delete_item", Key=key.wire, **condition)
        except ConditionFailed:
            return

    def delete_all(self, pk: str, begins: str = "") -> None:
        """Delete the items of a partition."""
        keys = [item.key for item in self.find(pk, begins, only="#pk, #sk")]
        some = [keys[start : start + DELETE_AT_ONCE] for start in range(0, len(keys), DELETE_AT_ONCE)]
        self.in_parallel(self._delete_some, some)

    def in_parallel(self, work: Callable[[Any], Answer], tasks: Sequence[Any]) -> list[Answer]:
        """Do a piece of work for each task, many at once, and return the answers in their order."""
        if len(tasks) <= 1:
            return [work(task) for task in tasks]
        with self._making:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="ledger")
        return list(self._pool.map(work, tasks))

    def _delete_some(self, keys: Sequence[Key]) -> None:
        requests = [{"DeleteRequest": {"Key": key.wire}} for key in keys]
        answer = self._ask_all("batch_write_item", {self.table: requests})
        for left in answer.get("UnprocessedItems", {}).get(self.table, []):
            self.delete(Key(*(left["DeleteRequest"]["Key"][name]["S"] for name in ("pk", "sk"))))

    def _is_ours(self, key: Key, tag: str) -> bool:
        item = self.get(key)
        return item is not None and item.text("tag", "") == tag

    def _ask(self, call: str, **request: Any) -> dict[str, Any]:
        return self._call(call, TableName=self.table, **request)

    def _ask_all(self, call: str, items: dict[str, Any]) -> dict[str, Any]:
        return self._call(call, RequestItems=items)

    def _call(self, call: str, **request: Any) -> dict[str, Any]:
        # Late: boto3 takes a third of a second to import.
        from broadcast.ledger.dynamo_client import connect, translated  # noqa: PLC0415

        with self._making:
            if self._client is None:
                self._client = connect(self.table, THREADS + 8)
        with translated(self.table):
            answer: dict[str, Any] = getattr(self._client, call)(**request)
        return answer


def named(name: str) -> str:
    """Return a name as a sort key: never empty, and never longer than DynamoDB takes."""
    code = name.encode(errors="replace")
    return f"={name}" if len(code) <= LONGEST_KEY else f"={name[:200]}#{hashlib.sha256(code).hexdigest()}"


def as_json(value: object) -> str:
    """Return a value as JSON in ASCII, the same for texts that are no proper Unicode."""
    return json.dumps(value, separators=(",", ":"))
