"""Where the earlier bot of this kind wasted calls, memory and time: each test would fail on a fault (P1 to P8)."""

from collections.abc import Callable

import pytest

from tests.story.process import Process
from tests.story.stage import SimFile, Stage


@pytest.fixture
def busy(empty_stage: Stage) -> Stage:
    """Return a stage with twelve spaces that were there before the bot."""
    empty_stage.spaces(12)
    empty_stage.open()
    empty_stage.settled()
    empty_stage.webex.clear_calls()
    return empty_stage


def test_p1_no_space_is_looked_up_by_itself(busy: Stage) -> None:
    """With an org filter on, nobody asks GET /rooms/ID: the list says who owns what."""
    message = busy.broadcast(busy.alice, "hello")
    assert busy.calls("GET", "/rooms/") == 0
    assert busy.attempts(message) == 13


def test_p2_a_file_is_fetched_once(busy: Stage) -> None:
    """One GET and no HEAD for a file that goes to thirteen destinations."""
    busy.broadcast(busy.alice, "look", files=[SimFile("x.bin", b"x" * 100_000)])
    assert busy.calls("GET", "/contents") == 1
    assert busy.calls("HEAD", "/contents") == 0


def test_p3_a_large_file_is_not_held_in_memory(make_stage: Callable[..., Stage], start: Callable[..., Process]) -> None:
    """A file of 30 MB to ten spaces costs the bot less memory than the file is large."""
    stage = make_stage(pace=1)
    stage.spaces(9)
    bot = start(stage)
    stage.broadcast(stage.alice, "warm-up", files=[SimFile("small.bin", b"x")])
    before = bot.largest_memory
    stage.broadcast(stage.alice, "large", files=[SimFile("large.bin", bytes(30_000_000))])
    assert bot.largest_memory - before < 20_000_000
    assert sum(file.size == 30_000_000 for copy in stage.world.messages(by=stage.bot) for file in copy.files) == 10


def test_p4_the_lists_are_read_once_in_large_pages(busy: Stage) -> None:
    """One call for all rooms and one for the bot's own memberships, a thousand a page."""
    busy.broadcast(busy.alice, "hello")
    listed = [
        call for call in busy.webex.calls if call.path in ("/rooms", "/memberships") and "roomId" not in call.query
    ]
    assert sorted((call.path, call.query["max"]) for call in listed) == [("/memberships", "1000"), ("/rooms", "1000")]


def test_p5_the_bot_knows_who_it_is(busy: Stage) -> None:
    """Two broadcasts and an opened page ask GET /people/me not once more."""
    for text in ("one", "two"):
        busy.broadcast(busy.alice, text)
    busy.get("/")
    assert busy.calls("GET", "/people/me") == 0


def test_p6_pages_and_events_are_answered_while_a_broadcast_is_on_its_way(busy: Stage) -> None:
    """While Webex answers no post, the home page and further events are answered."""
    busy.hold(times=None)
    busy.says(busy.alice, "slow")
    busy.holds(2)
    busy.get("/").raise_for_status()
    busy.post_event("rooms", "updated", id="x").raise_for_status()


def test_p7_one_429_is_one_pause_for_all(make_stage: Callable[..., Stage]) -> None:
    """The very first post is answered 429 with 10 seconds: no other begins before they have passed."""
    stage = make_stage(pace=5)
    stage.spaces(12)
    stage.open().fault("status", status=429, headers={"Retry-After": "10"})
    stage.broadcast(stage.alice, "hello")
    posts = [call for call in stage.webex.calls if call.path == "/messages" and call.method == "POST"]
    refused = next(call for call in posts if call.status == 429)
    later = [call.started for call in posts if call.started > refused.finished + 0.4]
    assert len(later) >= 12
    assert min(later) >= refused.started + 10.0


def test_p8_events_about_others_cost_no_call(busy: Stage) -> None:
    """A renamed space, a new moderator and a newcomer are not the bot's business: nothing is asked."""
    space = busy.world.directory.spaces_of(busy.bot)[0]
    busy.world.set_announcement_only(space, False)
    busy.world.join(busy.bob, space)
    busy.world.set_moderator(busy.bob, space, True)
    busy.world.leave(busy.bob, space)
    busy.settled()
    assert len(busy.webex.hooks.deliveries) >= 4
    assert busy.webex.calls == []
