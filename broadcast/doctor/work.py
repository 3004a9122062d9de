"""The doctor on the ledger, and on who works: written to and read back, and the lease tried, whatever the backend."""

import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from sqlite3 import Error as StoreError

from broadcast.doctor import aws
from broadcast.doctor.findings import Finding, fault, mind, ok, wrong
from broadcast.errors import BroadcastError
from broadcast.links import same
from broadcast.model import Backlog, Person
from broadcast.queues.local import holder_is_dead
from broadcast.services import Services
from broadcast.settings import Settings

LONGEST_WAIT_SECONDS = 600
PROBE_SECONDS = 1.0
# SQLite's write-ahead log needs memory shared between processes (https://sqlite.org/wal.html, section 1).
NETWORK_FILE_SYSTEMS = frozenset({"cifs", "smb2", "smb3", "smbfs", "nfs", "nfs4", "9p", "afs", "ceph", "fuse.sshfs"})


def store(bot: Services, me: Person | None) -> tuple[bool, list[Finding]]:
    """Return whether the ledger works, and what there is to say about it; `me` is the bot, if it is known."""
    name, value = _name(bot.settings), secrets.token_hex(8)
    try:
        bot.ledger.remember("doctor", value)
        comes_back = bot.ledger.recall("doctor") == value
        owner = bot.ledger.recall("bot_id")
    except BroadcastError as error:
        return False, [wrong("store", str(error))]
    except StoreError as error:
        return False, [
            wrong("store", f"{name}: {fault(error)}.", "See that this user may write there, or correct STORE.")
        ]
    found = [*(aws.table(bot.settings) if bot.settings.table else _place(bot.settings.ledger_path))]
    if not comes_back:
        found.append(wrong("store", f"{name} does not give back what is written.", "Name another in STORE."))
    if me and owner and not same(owner, me.id):
        found.append(wrong("store", f"{name} belongs to another bot.", "Set STORE to one of this bot's own."))
    return True, [ok("store", f"{name} can be written and read."), *found]


def _name(settings: Settings) -> str:
    return f"The table {settings.table}" if settings.table else str(settings.ledger_path)


def _place(path: Path) -> Iterator[Finding]:
    mounts = Path("/proc/mounts")
    kind = file_system(path, mounts.read_text(encoding="utf-8", errors="replace")) if mounts.exists() else ""
    if kind in NETWORK_FILE_SYSTEMS:
        says = f"{path} is on a network file system ({kind}), where SQLite's log does not work and data can be spoilt."
        yield wrong("store", says, "Set STORE to a file on a local disk.")


def file_system(path: Path, mounts: str) -> str:
    """Return the kind of file system a path is on, by the text of /proc/mounts; empty where that does not say."""
    place, kind = Path(), ""
    for line in mounts.splitlines():
        _, mounted_at, found, *_ = [*line.split(), "", "", ""]
        folder = Path(mounted_at.replace("\\040", " "))
        if path.resolve().is_relative_to(folder) and len(folder.parts) >= len(place.parts):
            place, kind = folder, found
    return kind


def queue(bot: Services) -> Iterator[Finding]:
    """Yield whether somebody does the work."""
    if bot.settings.queue_url:
        yield from aws.queue(bot.settings)
    try:
        backlog = bot.ledger.backlog(bot.clock.now())
        works = None if bot.settings.queue_url else _someone_works(bot)
    except (BroadcastError, StoreError) as error:
        yield wrong("queue", f"Who works cannot be seen: {fault(error)}.", "Try again in a few minutes.")
        return
    yield _at_rest(backlog) if works is False else _at_work(backlog, "There is a worker" if works else "In the ledger")


def _at_work(backlog: Backlog, where: str) -> Finding:
    age = backlog.oldest_event_age or 0.0
    if age > LONGEST_WAIT_SECONDS:
        return mind(
            "queue", f"{where}: {_waiting(backlog)}, an event for {age / 60:.0f} minutes.", "Look into the log."
        )
    return ok("queue", f"{where}: {_waiting(backlog)}.")


def _at_rest(backlog: Backlog) -> Finding:
    if backlog.events or backlog.deliveries:
        says = f"No worker runs, and {_waiting(backlog)}."
        return wrong("queue", says, "Start the bot, or run: flask --app bot resume")
    return mind("queue", "No worker runs; nothing waits.", "Start the bot.")


def _waiting(backlog: Backlog) -> str:
    return f"{backlog.events} events and {backlog.deliveries} deliveries wait"


def _someone_works(bot: Services) -> bool:
    owner = f"{socket.gethostname()}/{os.getpid()}/doctor"
    token = bot.ledger.take_lease(owner, bot.clock.now(), PROBE_SECONDS, holder_is_dead=holder_is_dead)
    if token is not None:
        bot.ledger.drop_lease(token)
    return token is None
