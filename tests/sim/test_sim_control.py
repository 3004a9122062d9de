"""The page's handles under /sim/, and the page itself."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import requests

from webexsim import Server


def test_the_state_says_who_and_where(town: Any, sim: Any) -> None:
    """People with their organization, spaces with owner and members, and the bot are in the state."""
    state = sim("state")
    assert state["bot"]["email"] == town.bot.email
    assert {person["org"] for person in state["people"]} == {"Acme", "Globex"}
    space = next(space for space in state["spaces"] if space["id"] == town.news.id)
    assert (space["announcement_only"], space["owner"], space["members"]) == (
        True,
        "Acme",
        [town.bot.id, town.alice.id],
    )


def test_messages_come_once_with_since(town: Any, sim: Any) -> None:
    """A second look with `since` has only what is new; an edit brings the message again, a removal its id."""
    seq = sim("state")["seq"]
    said = town.world.say(town.alice, town.dm, "new")
    state = sim(f"state?since={seq}")
    assert [(item["id"], item["from"]) for item in state["messages"]] == [(said.id, "Alice Novak")]
    town.world.edit(said, "newer")
    town.world.delete(town.hello)
    later = sim(f"state?since={state['seq']}")
    assert [(item["text"], item["edited"]) for item in later["messages"]] == [("newer", True)]
    assert later["gone"] == [town.hello.id]


def test_a_person_says_something_with_a_file(town: Any, sim: Any, api: Any) -> None:
    """What is typed on the page arrives formatted, mentions the bot and carries the file."""
    file = {"name": "ž.txt", "type": "text/plain", "base64": base64.b64encode(b"hi").decode()}
    asked = {"person_id": town.alice.id, "room_id": town.room.id, "text": "**now**", "mention_bot": True, "file": file}
    read = api("GET", f"messages/{sim('say', asked)['id']}").json()
    assert (read["mentionedPeople"], read["text"]) == ([town.bot.id], "Broadcast now")
    assert "<strong>now</strong>" in read["html"]
    assert "markdown" not in read
    assert api("GET", read["files"][0]).content == b"hi"


def test_the_run_counts_what_arrived_since_the_last_order(town: Any, sim: Any) -> None:
    """After a message to the bot `arrived` counts the spaces it wrote to; answers in threads do not count."""
    asked = {"person_id": town.alice.id, "room_id": town.dm.id, "text": "go", "mention_bot": False}
    order = sim("say", asked)["id"]
    root = next(said for said in town.world.messages(room=town.dm) if said.id == order)
    town.world.say(town.bot, town.room, "copy")
    town.world.say(town.bot, town.room, "second half")
    town.world.say(town.bot, town.dm, "done", parent=root)
    state = sim("state")
    assert (state["run"], state["broadcasts"]) == ({"total": 6, "arrived": 1}, 1)


@pytest.mark.parametrize(
    ("trouble", "statuses"),
    [
        ({"kind": "outage"}, {503}),
        ({"kind": "rate_limit", "per_second": 0.01, "burst": 1}, {200, 429}),
        ({"kind": "none"}, {200}),
    ],
)
def test_trouble_is_made_and_ended(sim: Any, api: Any, trouble: Any, statuses: set[int]) -> None:
    """Each kind does what it says until the next one; the counts by status are in the state."""
    sim("trouble", {"kind": "outage"})
    sim("trouble", trouble)
    assert {api("GET", "people/me").status_code for _ in range(3)} == statuses
    state = sim("state")
    assert state["settings"]["trouble"] == trouble["kind"]
    assert set(state["calls"]) == {str(status) for status in statuses}


def test_a_flaky_service_fails_sometimes(town: Any, sim: Any, api: Any) -> None:
    """Some posts get a 503, some a reset, some through; reads are left alone."""
    sim("trouble", {"kind": "flaky", "probability": 0.6})
    seen = set()
    for _ in range(40):
        try:
            seen.add(api("POST", "messages", json={"roomId": town.room.id, "text": "x"}).status_code)
        except requests.ConnectionError:
            seen.add(0)
    assert seen == {0, 200, 503}
    assert api("GET", "people/me").status_code == 200


def test_spaces_are_added_and_a_reset_takes_them_away(town: Any, sim: Any, server: Any) -> None:
    """A reset forgets messages, notes, trouble and what was added; people and webhooks stay."""
    sim("spaces", {"count": 30})
    sim("notes", [{"room_id": town.room.id, "state": "skipped", "reason": "why"}])
    sim("trouble", {"kind": "outage"})
    before = sim("state")
    assert (len(before["spaces"]), before["run"]["total"]) == (37, 36)
    sim("reset", {})
    after = sim("state")
    assert (len(after["spaces"]), after["messages"], after["notes"], after["seq"]) == (7, [], {}, 0)
    assert (after["settings"]["trouble"], after["epoch"], len(after["people"])) == ("none", 1, 5)


def test_notes_come_from_the_launcher_too(town: Any, server: Any, sim: Any) -> None:
    """What the bot said about a space is in the state, from HTTP and from Python."""
    server.note([{"room_id": town.room.id, "state": "failed", "reason": "gone"}])
    assert sim("state")["notes"] == {town.room.id: {"state": "failed", "reason": "gone"}}


def test_settings_are_merged_into_the_bots_config(town: Any, session: Any, tmp_path: Path) -> None:
    """Only the three switches are written; what else is in the file stays."""
    config = tmp_path / "config.json"
    config.write_text('{"locale": "cs_CZ", "destination": {"x": 1, "bots_own_org": false}}')
    with Server(town.world, bot_config=config) as server:
        body = {"destination": {"bots_own_org": True, "evil": True}}
        session.post(f"{server.page_url}sim/settings", json=body, timeout=10).raise_for_status()
        state = session.get(f"{server.page_url}sim/state", timeout=10).json()
    assert json.loads(config.read_text()) == {"locale": "cs_CZ", "destination": {"x": 1, "bots_own_org": True}}
    assert state["settings"]["destination"] == {"bots_own_org": True}


WRONG = [
    ("settings", {"destination": {}}, 409),
    ("trouble", {"kind": "earthquake"}, 400),
    ("trouble", {"kind": "rate_limit", "burst": "much"}, 400),
    ("spaces", {"count": 0}, 400),
    ("spaces", {"count": 1e9}, 400),
    ("notes", {"room_id": "x"}, 400),
    ("say", {"person_id": "nobody", "room_id": "x"}, 404),
    ("say", {"person_id": "{alice}", "room_id": "nowhere"}, 404),
    ("say", {"person_id": "{alice}", "room_id": "{dm}", "file": {"base64": "?"}}, 400),
    ("say", {"person_id": "{bot}", "room_id": "{news}", "text": "x"}, 403),
    ("dance", {}, 404),
]


@pytest.mark.parametrize(("path", "body", "status"), WRONG)
def test_a_wrong_order_is_refused(*, town: Any, server: Any, session: Any, path: str, body: Any, status: int) -> None:
    """A control call that makes no sense is refused with a sentence."""
    ids = {name: thing.id for name, thing in vars(town).items() if hasattr(thing, "id")}
    sent = {key: value.format(**ids) if isinstance(value, str) else value for key, value in body.items()}
    answer = session.post(f"{server.page_url}sim/{path}", json=sent, timeout=10)
    assert (answer.status_code, bool(answer.json()["message"])) == (status, True)


def test_an_order_must_be_json(server: Any, session: Any) -> None:
    """A form that another site could send across is not taken."""
    answer = session.post(f"{server.page_url}sim/reset", data="{}", headers={"Content-Type": "text/plain"}, timeout=10)
    assert answer.status_code == 415


def test_an_order_must_be_a_post(server: Any, session: Any) -> None:
    """Looking at an order's address in a browser changes nothing."""
    assert session.get(f"{server.page_url}sim/reset", timeout=10).status_code == 405


def test_control_calls_are_not_in_the_transcript(server: Any, sim: Any) -> None:
    """The transcript is about the imitated API only."""
    sim("state")
    assert server.calls == []


def test_the_page_is_served(server: Any, session: Any) -> None:
    """GET / is the page, and nothing else is there."""
    assert session.get(server.page_url, timeout=10).headers["Content-Type"].startswith("text/")
    assert session.get(f"{server.page_url}etc/passwd", timeout=10).status_code == 404
