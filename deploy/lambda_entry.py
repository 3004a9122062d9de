"""Where AWS Lambda calls in: messages of the queue go to the worker, the timer to the sweeper, the rest to the web.

Zappa and Flask are imported only for what comes from the web, and for an event that is to be handled: a call that goes
on with sending loads neither. Decides nothing else.
"""

import importlib
from functools import cache
from typing import Any, Protocol

from broadcast.model import Job
from broadcast.queues.sqs import calls_in
from broadcast.services import Services

Event = dict[str, Any]


class Context(Protocol):
    """What Lambda tells about a call."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the time until the call is ended by force."""
        ...


def lambda_handler(event: Event, context: Context) -> Any:
    """Answer one call. An error that leaves it makes Lambda call again: no message is lost."""
    records = event.get("Records")
    if records and records[0].get("eventSource") == "aws:sqs":
        return _work(records, context)
    if event.get("detail-type") == "Scheduled Event":
        return {"rung": _services().worker.sweep()}
    web = importlib.import_module("zappa.handler")
    return web.lambda_handler(event, context)


def _work(records: list[Event], context: Context) -> Event:
    """Return, in the form that Lambda asks for, the messages that must come again."""
    failed = []
    for call in calls_in(records):
        seconds = context.get_remaining_time_in_millis() / 1000
        if not _services().worker.serve(call, seconds):
            failed.append({"itemIdentifier": call.id})
    return {"batchItemFailures": failed}


@cache
def _services() -> Services:
    services = Services.from_environment()
    services.use(_handle, _give_up)
    return services


def _handle(services: Services, job: Job) -> str:
    import bot  # noqa: PLC0415 – late: it brings Flask along

    return bot.handle(services, job)


def _give_up(services: Services, job: Job, error: Exception) -> None:
    import bot  # noqa: PLC0415 – late: it brings Flask along

    bot.give_up(services, job, error)
