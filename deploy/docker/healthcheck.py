"""Asks the bot in the same container whether it can do its job: exit status 0 if so, 1 if not. Prints what it said."""

import http.client
import os
import sys

TIMEOUT_SECONDS = 8.0


def main() -> int:
    """Open /healthz; no proxy of the environment stands in between."""
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT") or 5050), timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        print(answer.read().decode("utf-8", "replace"))  # noqa: T201 – `docker inspect` shows it
    except (OSError, http.client.HTTPException) as error:
        print(f"The bot does not answer: {error}")  # noqa: T201
        return 1
    finally:
        connection.close()
    return 0 if answer.status == 200 else 1


if __name__ == "__main__":
    sys.exit(main())
