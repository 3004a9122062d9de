"""The SQLite file under the ledger: its tables, its connections, its transactions. Knows no rules of the bot.

One connection a thread. Writers of one process queue up at a lock, because SQLite's own waiting sleeps in growing
steps and would hold up the webhook's answer; between processes SQLite's busy timeout does the work.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from broadcast.errors import ConfigError

BUSY_SECONDS = 30
MIGRATIONS = (
    """
    CREATE TABLE events (
        number INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        lane TEXT NOT NULL,
        body TEXT NOT NULL,
        asked_at REAL NOT NULL,
        received_at REAL NOT NULL,
        due_at REAL NOT NULL DEFAULT 0,
        holds INTEGER NOT NULL DEFAULT 1,
        attempts INTEGER NOT NULL DEFAULT 0,
        first_tried REAL,
        outcome TEXT,
        finished_at REAL
    ) STRICT;
    CREATE INDEX events_waiting ON events (lane, asked_at, number) WHERE outcome IS NULL;
    CREATE TABLE broadcasts (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        source_id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL DEFAULT 'send',
        root INTEGER NOT NULL DEFAULT 0,
        space_id TEXT NOT NULL,
        thread_id TEXT NOT NULL,
        sender_id TEXT NOT NULL,
        sender_name TEXT NOT NULL,
        sender_email TEXT NOT NULL,
        group_parts TEXT NOT NULL,
        direct_parts TEXT NOT NULL,
        form TEXT NOT NULL,
        card TEXT,
        file_path TEXT,
        file_name TEXT,
        file_type TEXT,
        file_size INTEGER,
        digest TEXT NOT NULL DEFAULT '',
        revision INTEGER NOT NULL DEFAULT 0,
        is_private INTEGER NOT NULL DEFAULT 0,
        cancelled_at REAL,
        asked_at REAL NOT NULL,
        opened_at REAL,
        finished_at REAL,
        reported_at REAL
    ) STRICT;
    CREATE INDEX broadcasts_running ON broadcasts (number) WHERE finished_at IS NULL;
    CREATE INDEX broadcasts_untold ON broadcasts (number) WHERE reported_at IS NULL;
    CREATE INDEX broadcasts_by_thread ON broadcasts (thread_id, number);
    CREATE INDEX broadcasts_by_sender ON broadcasts (sender_id, number);
    CREATE INDEX broadcasts_by_root ON broadcasts (root, number);
    CREATE TABLE deliveries (
        broadcast INTEGER NOT NULL,
        root INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        space_id TEXT NOT NULL,
        kind TEXT NOT NULL,
        title TEXT NOT NULL,
        state TEXT NOT NULL,
        why TEXT NOT NULL DEFAULT '',
        detail TEXT NOT NULL DEFAULT '',
        message_ids TEXT NOT NULL DEFAULT '',
        parts INTEGER NOT NULL,
        parts_sent INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0,
        token INTEGER NOT NULL DEFAULT 0,
        due_at REAL NOT NULL DEFAULT 0,
        first_tried REAL,
        tried_at REAL NOT NULL DEFAULT 0,
        webex_time REAL NOT NULL DEFAULT 0,
        doubt_at REAL,
        repeat INTEGER NOT NULL DEFAULT 0,
        revision INTEGER NOT NULL DEFAULT 0,
        activity REAL,
        settled_at REAL,
        PRIMARY KEY (broadcast, space_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX deliveries_waiting ON deliveries (broadcast, due_at, seq) WHERE state = 'waiting';
    CREATE INDEX deliveries_sending ON deliveries (broadcast) WHERE state = 'sending';
    CREATE INDEX deliveries_open ON deliveries (space_id, broadcast) WHERE state IN ('waiting', 'sending');
    CREATE INDEX deliveries_by_state ON deliveries (broadcast, state, why);
    CREATE INDEX deliveries_in_order ON deliveries (broadcast, seq);
    CREATE TABLE lease (id INTEGER PRIMARY KEY CHECK (id = 1), owner TEXT, token INTEGER NOT NULL, until REAL NOT NULL)
        STRICT;
    INSERT INTO lease VALUES (1, NULL, 0, 0);
    CREATE TABLE people (space_id TEXT PRIMARY KEY, org_id TEXT, learnt_at REAL NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE done_once (key TEXT PRIMARY KEY, at REAL NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE replies (
        key TEXT PRIMARY KEY,
        space_id TEXT NOT NULL,
        parent_id TEXT,
        person_id TEXT NOT NULL,
        markdown TEXT NOT NULL,
        card TEXT,
        state TEXT NOT NULL DEFAULT 'waiting',
        due_at REAL NOT NULL DEFAULT 0,
        first_tried REAL,
        settled_at REAL
    ) STRICT;
    CREATE INDEX replies_waiting ON replies (due_at) WHERE state = 'waiting';
    CREATE TABLE memory (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    """,
    "ALTER TABLE broadcasts ADD COLUMN file_url TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE memory ADD COLUMN noted_at REAL",
    "ALTER TABLE replies ADD COLUMN in_doubt INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE deliveries ADD COLUMN may_be_more INTEGER NOT NULL DEFAULT 0",
)


class Store:
    """A SQLite file, opened at the first use; its folder is made where it is missing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._writer = threading.RLock()
        self._ready = False

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection."""
        if not hasattr(self._local, "connection"):
            self._local.connection = self._connect()
        connection: sqlite3.Connection = self._local.connection
        return connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Run a block as one transaction: all of it is on disk afterwards, or none."""
        with self._writer:
            connection = self.connection
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _connect(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
            connection.row_factory = sqlite3.Row
            _use_wal(connection)
            connection.execute("PRAGMA synchronous = FULL")
            self._migrate(connection)
        except (OSError, sqlite3.Error) as error:
            raise ConfigError(
                f"The ledger {self.path} cannot be opened: {error}. It is set in STORE; name a file in a folder that "
                "this program may write to, for example sqlite:///data/broadcast.db."
            ) from error
        return connection

    def _migrate(self, connection: sqlite3.Connection) -> None:
        with self._writer:
            done = connection.execute("PRAGMA user_version").fetchone()[0]
            if self._ready or done >= len(MIGRATIONS):
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                done = connection.execute("PRAGMA user_version").fetchone()[0]
                for script in MIGRATIONS[done:]:
                    for statement in filter(str.strip, script.split(";")):
                        connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {max(done, len(MIGRATIONS))}")
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
            self._ready = True


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging; a new file can be locked by another process that does the same.

    SQLite does not wait here by itself (its busy timeout does not cover the change of the journal mode).
    """
    for attempt in range(BUSY_SECONDS * 20):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or attempt == BUSY_SECONDS * 20 - 1:
                raise
            time.sleep(0.05)
        else:
            return
