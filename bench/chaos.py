"""`python -m bench.chaos`: a proof by trial that broadcasts survive kills, repeated webhooks and a lying network.

Each seed has a simulated Webex in this process and the bot as a process of its own, which is killed with SIGKILL,
frozen, doubled and started again while it broadcasts to hundreds of spaces. Webex meanwhile refuses (429 with every
kind of Retry-After, 5xx without effect), cuts connections before and after the effect, is slow, hangs, and answers with
nothing or with half an answer; webhooks come twice, late and in another order; people talk in some of the spaces, and
the sender edits some of his messages and takes some back, while they are on their way or later. Then all that stops,
the bot may finish, every event is sent once more, and the books are balanced: what is in the spaces (every word of a
broadcast is numbered) against what the bot's ledger says, delivery by delivery.

The figures count deliveries (one broadcast to one space) unless they say otherwise:

planned     rows of the ledger: all spaces the bot was in, and the sum of the next four.
sent        all parts are there, in order, once, with the file or card, under the ids that the ledger holds.
failed      only where Webex refuses for good (the person is gone, the bot was removed), and it must not have arrived.
skipped     only there or where nothing may be sent, and it must not have arrived.
unknown     said to be uncertain; whether it arrived does not matter. Bounded: see below.
edited      copies that the newest edit of their broadcast has changed, by the ledger.
recalled    copies that were taken back, by the ledger.
lost        sent by the ledger but not there as a whole and in order; or neither there nor failed, skipped or unknown;
            or never planned; or edited and not showing the newest text, or recalled and still there, in a space that
            is not listed as one where that failed or is unknown. Must be 0.
duplicated  some part is there more than once. Must be 0.
in doubt    attempts (requests) whose outcome the bot cannot have known: the connection was cut or hung up, before or
            after the effect; the answer was empty, half, or a 500, 502 or 504, which do not say that nothing was done;
            and whatever was in flight at a kill, which is what the ledger holds as claimed and not settled, read while
            the process stands still just before it dies: the request may have been answered, under way, or not sent
            yet. The transcript names the request of such a claim, so that an attempt counts once. The same for a
            process that was frozen until another one took its work over. No kill may find more in flight than the bot
            has hands.
kills       SIGKILLs.
429         refusals of the rate limit.

The bound on unknown is kept delivery by delivery, which is stricter than comparing sums. An unknown delivery needs an
attempt in doubt of its own; it must not be a 1-1, because a bot can read that back; and something must have been said
in the space since the broadcast was asked for and shortly before the attempt, because otherwise the space's last
activity proves that nothing arrived (the attempt's own message counts, the part or broadcast before it, and people who
talk there).

An edit or a deletion is never in doubt, because it can be repeated without harm; only a message that a longer text adds
is one like any other. Of a broadcast that was edited, the last two conditions on an unknown are not looked at: a
message of which the text has changed since cannot be recognized. A broadcast whose message was deleted before the bot
could read it need not be opened.

Besides: every broadcast that an allowed sender asked for was opened exactly once, and none for anybody else; in no
space does a later broadcast come before an earlier one; broadcasts were opened in the order in which they were asked
for as far as the bot can have known it (it had promised the earlier one before the later was said); the bot never ended
by itself; after the storm it comes to an end in time. An event that the bot never answered with 200 is sent once more
after the storm, which Webex does not do; what it did promise is not, and some broadcasts are told to it only once, with
a kill right after the promise.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic

from bench.chaos_books import FIGURES, Accountant, Books
from bench.chaos_bots import Fleet
from bench.chaos_stage import Stage
from bench.chaos_storm import Storm

SPACES = 200
STORM_SECONDS = 10.0
LONG_FREEZE_EVERY = 3
LONG = range(1, 41)
AT_ONCE = 2
MOST_COMPLAINTS = 10
HEADINGS = {"in_doubt": "in doubt", "refused": "429"}


@dataclass(frozen=True, kw_only=True)
class Result:
    """One seed: its figures, how long it took, and the folder of its ledger and log, kept where something is wrong."""

    seed: int
    books: Books
    seconds: float
    folder: Path
    crashes: Sequence[str]


def run(
    seed: int, *, spaces: int = SPACES, storm_seconds: float = STORM_SECONDS, has_long_freeze: bool | None = None
) -> Result:
    """Run one seed. `has_long_freeze`: one process is frozen for longer than its lease; by default every third seed."""
    started = monotonic()
    folder = Path(tempfile.mkdtemp(prefix=f"chaos-{seed}-"))
    stage = Stage(seed, spaces)
    if has_long_freeze is None:
        has_long_freeze = seed % LONG_FREEZE_EVERY == 0
    with stage.webex:
        fleet = Fleet(stage, folder)
        storm = Storm(seed, stage, fleet, seconds=storm_seconds, has_long_freeze=has_long_freeze)
        try:
            complaints = _complaint_of(storm, fleet)
            books = Accountant(stage, fleet).balance()
        finally:
            fleet.end()
    books.complaints[:0] = complaints
    crashes = fleet.crashes()
    if not (books.complaints or crashes):
        shutil.rmtree(folder)
    return Result(seed=seed, books=books, seconds=monotonic() - started, folder=folder, crashes=crashes)


def _complaint_of(storm: Storm, fleet: Fleet) -> list[str]:
    """Let it all happen; return what kept it from its end, if anything did."""
    try:
        fleet.first.start()
        fleet.set_up()
        storm.run()
        storm.calm()
        storm.repeat_all()
    except (TimeoutError, OSError) as error:
        return [str(error)]
    return []


def main() -> None:
    """Run the seeds that are asked for, print a table, and leave with status 1 where something must not be."""
    options = _options()
    seeds = _seeds(options)
    started, total = monotonic(), Books()
    print(_row("seed", [HEADINGS.get(name, name) for name in FIGURES], "seconds"))
    with ProcessPoolExecutor(min(AT_ONCE, len(seeds))) as pool:
        for result in pool.map(partial(run, spaces=options.spaces), seeds):
            total.add(result.books)
            print(_row(result.seed, _figures(result.books), f"{result.seconds:.0f}"), flush=True)
            _explain(result, options.spaces)
    print(_row("all", _figures(total), f"{monotonic() - started:.0f}"))
    sys.exit(1 if total.complaints else 0)


def _explain(result: Result, spaces: int) -> None:
    complaints = result.books.complaints
    for complaint in complaints[:MOST_COMPLAINTS]:
        print(f"      {complaint}")
    if len(complaints) > MOST_COMPLAINTS:
        print(f"      and {len(complaints) - MOST_COMPLAINTS} more")
    if result.crashes:
        print(
            f"      lines of its log that tell of a crash: {len(result.crashes)}; the first: {result.crashes[0][:300]}"
        )
    if complaints or result.crashes:
        print(f"      alone: python -m bench.chaos --seed {result.seed} --spaces {spaces}")
        print(f"      ledger and log: {result.folder}")


def _figures(books: Books) -> list[object]:
    return [getattr(books, name) for name in FIGURES]


def _row(first: object, figures: Sequence[object], seconds: str) -> str:
    return f"{first!s:>5} " + " ".join(f"{figure!s:>10}" for figure in figures) + f" {seconds:>8}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.chaos", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", default="1-5", metavar="FIRST-LAST", help="which seeds; 1-5 if nothing is said")
    parser.add_argument("--seed", type=int, help="one seed alone")
    parser.add_argument("--spaces", type=int, default=SPACES, help=f"how many spaces; {SPACES} if nothing is said")
    parser.add_argument("--long", action="store_true", help=f"seeds {LONG.start}-{LONG.stop - 1}")
    return parser.parse_args()


def _seeds(options: argparse.Namespace) -> Sequence[int]:
    if options.seed is not None:
        return [options.seed]
    first, _, last = options.seeds.partition("-")
    return LONG if options.long else range(int(first), int(last or first) + 1)


if __name__ == "__main__":
    main()
