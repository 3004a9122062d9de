"""The doctor on this machine: what is installed, and settings that are known to be bad. Talks to nobody."""

import os
import platform
import re
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

from broadcast import __version__
from broadcast.doctor.addresses import can_be_reached, is_loopback, shown
from broadcast.doctor.findings import Finding, mind, ok, unseen, wrong
from broadcast.events import derive_secret
from broadcast.settings import DEFAULT_API, Settings

SHORTEST_SECRET = 16
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;#]+)", re.MULTILINE)


def versions(pins: Path) -> Iterator[Finding]:
    """Yield what runs here, compared with a file of pinned packages."""
    yield ok("versions", f"Python {platform.python_version()}, bot {__version__}.")
    if pins.exists():
        wanted = dict(PIN.findall(pins.read_text(encoding="utf-8")))
        yield from compare(wanted, {name: version for name in wanted if (version := _version_of(name))})
    else:
        yield mind("packages", f"There is no {pins}, so the installed ones are compared with nothing.")


def compare(wanted: Mapping[str, str], installed: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is missing, or of another version than it should be; both map names to versions."""
    repair = "Run: python -m pip install -r requirements.txt"
    missing = [name for name in wanted if name not in installed]
    others = [
        f"{name} {installed[name]} (not {version})"
        for name, version in wanted.items()
        if name not in missing and installed[name] != version
    ]
    if missing:
        yield wrong("packages", f"Not installed: {', '.join(missing)}.", repair)
    if others:
        yield mind("packages", f"Other versions than those the bot is tested with: {', '.join(others)}.", repair)
    if not missing and not others:
        yield ok("packages", f"All {len(wanted)} are installed as pinned in requirements.txt.")


def _version_of(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def settings(these: Settings) -> Iterator[Finding]:
    """Yield the settings that are known to be bad."""
    found = [*_loudness(these), *_addresses(these), *_setup_key(these)]
    yield from found or [ok("settings", "Nothing that is known to be bad.")]


def _loudness(these: Settings) -> Iterator[Finding]:
    if these.log_level.upper() == "DEBUG":
        yield mind("settings", "LOG_LEVEL is DEBUG.", "Set it to INFO where the bot runs for good.")


def _setup_key(these: Settings) -> Iterator[Finding]:
    if these.setup_key and len(these.setup_key) < SHORTEST_SECRET:
        says = "SETUP_KEY is so short that it can be guessed, and whoever has it can take the bot's messages away."
        yield wrong("settings", says, f"Make it {SHORTEST_SECRET} characters or more, or take it out.")


def _addresses(these: Settings) -> Iterator[Finding]:
    base, api = these.base_url, these.api_base_url
    if base and not can_be_reached(base, api):
        yield wrong("settings", f"BASE_URL is {shown(base)}: Webex cannot reach that.", "Set it to the public URL.")
    elif base.startswith("http://"):
        yield mind("settings", "BASE_URL begins with http://, so events cross the net in the clear.", "Use https.")
    if api.startswith("http://") and not is_loopback(api):
        says = f"WEBEX_API_BASE_URL is {shown(api)}: the token crosses the net in the clear."
        yield wrong("settings", says, "Use https, or take it out.")
    elif api != DEFAULT_API:
        yield mind("settings", f"WEBEX_API_BASE_URL is {shown(api)}, which is not Webex itself.", "Take it out.")


def env_file(path: Path) -> Iterator[Finding]:
    """Yield who may read the file that holds the token; nothing where there is none."""
    if os.name != "posix" or not path.is_file():
        return
    if path.stat().st_mode & 0o004:
        says = f"Everybody on this machine may read {path}, which may hold the token."
        yield mind("settings", says, f"Run: chmod 600 {path}")
    else:
        yield ok("settings", f"{path} is not for everybody to read.")


def secret(these: Settings) -> Finding:
    """Return where the secret that signs the webhooks comes from."""
    if not these.secret:
        return unseen("secret", "There is none without a token.")
    if these.token and these.secret == derive_secret(these.token):
        return ok("secret", "Derived from the token; after a change of token, open /webhook once.")
    if len(these.secret) < SHORTEST_SECRET:
        says = "WEBHOOK_SECRET is so short that it can be guessed, and with it events can be forged."
        remedy = f"Make it {SHORTEST_SECRET} characters or more, or take it out; then open /webhook once."
        return wrong("secret", says, remedy)
    return ok("secret", "Taken from WEBHOOK_SECRET.")
