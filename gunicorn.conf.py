"""For `gunicorn bot:app`: every worker looks after what is unfinished from its start on, not from its first request."""

from typing import Any


def post_worker_init(worker: Any) -> None:
    """Begin to work, in the process that will serve."""
    worker.app.wsgi().extensions["broadcast"].start()
