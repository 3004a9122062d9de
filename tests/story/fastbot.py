"""bot.py as a process on a stage's clock: `python -m tests.story.fastbot`, `tests.story.fastbot:app` for gunicorn."""

import os
from pathlib import Path

import bot
from broadcast.services import Services
from broadcast.serving import serve
from broadcast.settings import read_environment, settings_from
from tests.story.clock import ReadClock

app = bot.create_app(
    Services(settings_from(read_environment(os.environ, Path.cwd())), clock=ReadClock(os.environ["CLOCK"]))
)

if __name__ == "__main__":
    serve(app)
