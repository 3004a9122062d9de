"""Threads that do one thing after another and hand in what came of it. Knows nothing of what they do.

Not a ThreadPoolExecutor: that refuses work as soon as the interpreter begins to end, which is when what is in flight
must still come home.
"""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


class Hands(Generic[Task, Result]):
    """Up to `count` threads; `wake` is called when one has finished something."""

    def __init__(self, count: int, wake: Callable[[], None]) -> None:
        self.count = count
        self._wake = wake
        self._work: SimpleQueue[tuple[Task, Callable[[], Result]] | None] = SimpleQueue()
        self._done: SimpleQueue[tuple[Task, Result | Exception]] = SimpleQueue()
        self._busy: dict[int, Task] = {}
        self._threads = 0

    @property
    def free(self) -> int:
        """How many have nothing to do."""
        return self.count - len(self._busy)

    @property
    def busy_with(self) -> list[Task]:
        """What is being done."""
        return list(self._busy.values())

    def give(self, task: Task, work: Callable[[], Result]) -> None:
        """Have something done; only the thread that also takes results may call this."""
        self._busy[id(task)] = task
        self._work.put((task, work))
        if self._threads < min(self.count, len(self._busy)):
            self._threads += 1
            threading.Thread(target=self._run, name=f"sender-{self._threads}", daemon=True).start()

    def result(self, seconds: float = 0.0) -> tuple[Task, Result | Exception] | None:
        """Return something that has been finished, waiting for it so many seconds; None if there is nothing."""
        try:
            task, result = self._done.get(timeout=seconds) if seconds > 0 else self._done.get_nowait()
        except Empty:
            return None
        del self._busy[id(task)]
        return task, result

    def dismiss(self) -> None:
        """End the threads when they have finished what they are at."""
        for _ in range(self._threads):
            self._work.put(None)

    def _run(self) -> None:
        while order := self._work.get():
            task, work = order
            try:
                result: Result | Exception = work()
            except Exception as error:
                result = error
            self._done.put((task, result))
            self._wake()
