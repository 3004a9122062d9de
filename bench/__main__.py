"""`python -m bench [name …]`: speed, pace, memory and cold start of the bot, beside a baseline of the same run."""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.answers import Prober
from bench.parties import Bot, naive, webex

SPACES = 1000
LATENCY = 0.1
SAMPLE = 50
ENOUGH = 10_000
ROW = "{:44} {:>9} {:>8} {:>12} {:>10}"


def main() -> None:
    """Run the measurements that are named, or all."""
    known: dict[str, Callable[[], None]] = {"speed": speed, "pace": pace, "flow": flow, "memory": memory, "cold": cold}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*known, []], help="which to run; all without a name")
    for name in parser.parse_args().names or known:
        known[name]()


def speed() -> None:
    """No limit, 100 ms latency, 1,000 spaces."""
    print(f"\n{SPACES:,} spaces, {LATENCY * 1000:.0f} ms latency, no rate limit")
    print(ROW.format("", "seconds", "ratio", "calls/space", "peak MB"))
    with webex(SPACES, latency=LATENCY) as world:
        sample = naive(world, "sequential", SAMPLE)
        sequential = sample["seconds"] * SPACES / SAMPLE
        _row(f"one after another (scaled from {SAMPLE})", sequential, None, 1.0, sample["memory_mb"])
    with webex(SPACES, latency=LATENCY) as world:
        pool = naive(world, "pool")
        base = pool["seconds"]
        _row("ten threads, one rooms.get a space", base, 1.0, world.calls() / SPACES, pool["memory_mb"])
    with webex(SPACES, latency=LATENCY) as world, tempfile.TemporaryDirectory() as folder:
        bot = Bot(world, Path(folder))
        for name in ("this bot, first broadcast", "this bot, next broadcast"):
            run = bot.broadcast("hello")
            assert run.counts.sent == SPACES, run
            _row(name, run.seconds, base / run.seconds, run.calls / SPACES, bot.memory_mb)
        with Prober(bot.url) as prober:
            bot.broadcast("hello again")
        print(f"answer to a webhook meanwhile: median {prober.share(0.5):.1f} ms, p99 {prober.share(0.99):.1f} ms")
        bot.stop()


def pace() -> None:
    """A limit of 20 a second with a burst of 40, 500 spaces."""
    spaces, rate, burst = 500, 20.0, 40.0
    ideal = (spaces - burst) / rate
    print(f"\n{spaces} spaces, limit {rate:.0f}/s, burst {burst:.0f}: ideal {ideal:.1f} s")
    print("{:44} {:>9} {:>10} {:>14}".format("", "seconds", "of ideal", "answered 429"))
    with webex(spaces, latency=LATENCY, rate=rate, burst=burst) as world:
        pool = naive(world, "pool")
        _pace_row("ten threads, the SDK's own waiting", pool["seconds"], ideal, world.refused(), world.calls())
    with webex(spaces, latency=LATENCY, rate=rate, burst=burst) as world, tempfile.TemporaryDirectory() as folder:
        bot = Bot(world, Path(folder))
        for name in ("this bot, first broadcast", "this bot, second", "this bot, third"):
            time.sleep(2 * burst / rate)  # the limit's bucket fills again
            run = bot.broadcast("hello")
            _pace_row(name, run.seconds, ideal, run.refused, run.counts.sent + run.refused)
        bot.stop()


def flow() -> None:
    """No limit, 100 ms latency, 5,000 spaces: sends a second, and what the SDK alone can do on this machine."""
    spaces = 5000
    print(f"\n{spaces:,} spaces, {LATENCY * 1000:.0f} ms latency, no rate limit")
    with webex(spaces) as world:
        sample = naive(world, "sequential", 500)
        print(f"the SDK alone, one thread, no latency: {sample['sent'] / sample['seconds']:.0f} sends a second")
    with webex(spaces, latency=LATENCY) as world, tempfile.TemporaryDirectory() as folder:
        bot = Bot(world, Path(folder))
        with Prober(bot.url) as prober:
            run = bot.broadcast("hello")
        print(f"this bot: {run.counts.sent / run.seconds:.0f} sends a second, {run.seconds:.1f} s in all")
        print(f"answer to a webhook meanwhile: median {prober.share(0.5):.1f} ms, p99 {prober.share(0.99):.1f} ms")
        bot.stop()


def memory() -> None:
    """The bot's peak memory by destinations and by file size, each in a new process."""
    print(f"\n{'':44} {'peak MB':>9} {'ratio':>8}")
    base = 0.0
    for spaces in (100, 1000, 10_000, 100_000):
        with webex(spaces) as world, tempfile.TemporaryDirectory() as folder:
            bot = Bot(world, Path(folder))
            run = bot.broadcast("hello", enough=ENOUGH)
            base = base or bot.memory_mb
            name = f"text to {run.counts.planned:,} spaces" + (f", first {ENOUGH:,}" if spaces > ENOUGH else "")
            print(f"{name:44} {bot.memory_mb:9.0f} {bot.memory_mb / base:8.2f}")
            bot.stop()
    for megabytes in (1, 20, 100):
        with webex(50) as world, tempfile.TemporaryDirectory() as folder:
            bot = Bot(world, Path(folder))
            run = bot.broadcast("", megabytes=megabytes)
            print(f"{f'{megabytes} MB file to 50 spaces':44} {bot.memory_mb:9.0f} {bot.memory_mb / base:8.2f}")
            assert run.counts.sent == 50, run
            bot.stop()


def cold() -> None:
    """The first call of a new Lambda, beside what Zappa packs by itself."""
    from bench.cold_start import measure  # noqa: PLC0415 – boto3 and moto are needed for this one only

    measure()


def _row(name: str, seconds: float, ratio: float | None, calls: float, memory: float) -> None:
    shown = f"{ratio:.1f} x" if ratio else ""
    print(ROW.format(name, f"{seconds:.1f}", shown, f"{calls:.2f}", f"{memory:.0f}"))


def _pace_row(name: str, seconds: float, ideal: float, refused: int, sends: int) -> None:
    print(f"{name:44} {seconds:9.1f} {ideal / seconds:10.0%} {refused / sends:14.1%}")


if __name__ == "__main__":
    main()
