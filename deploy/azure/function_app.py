"""The bot as an Azure Functions app: every path goes to Flask, and a timer has the work done that is left.

App Service is the better home: there the worker runs all the time. Here a host may take the instance away when no
function runs, so the timer's function stays for as long as there is work, and starts it anew where it was cut off.
"""

import sys
from collections.abc import Iterable
from threading import Event as Flag
from typing import TYPE_CHECKING

import azure.functions as func

from bot import app as flask_app
from broadcast.services import Services

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

EVERY_MINUTE = "0 * * * * *"
# Seconds. Below functionTimeout in host.json, with time to finish what is in flight.
LONGEST_STAY = 540.0
LOOK_EVERY = 1.0
NEXT_TIME = 60.0


def with_own_errors(application: "WSGIApplication") -> "WSGIApplication":
    """Return an application whose `wsgi.errors` is standard error.

    azure-functions keeps one buffer for all requests, and fails each of them for ever once anything is written there.
    """

    def answer(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        return application({**environ, "wsgi.errors": sys.stderr}, start)

    return answer


app = func.WsgiFunctionApp(app=with_own_errors(flask_app.wsgi_app), http_auth_level=func.AuthLevel.ANONYMOUS)


@app.function_name("work")
@app.timer_trigger(arg_name="timer", schedule=EVERY_MINUTE)
def work(timer: func.TimerRequest) -> None:  # noqa: ARG001 – the host hands it over by name
    """Begin to work, and stay while something is left to do: the host keeps an instance whose function runs."""
    bot: Services = flask_app.extensions["broadcast"]
    bot.start()
    until = bot.clock.monotonic() + LONGEST_STAY
    while _is_busy(bot) and bot.clock.monotonic() < until:
        bot.clock.wait(Flag(), LOOK_EVERY)


def _is_busy(bot: Services) -> bool:
    left = bot.ledger.work_left(bot.clock.now())
    return left is not None and left < NEXT_TIME
