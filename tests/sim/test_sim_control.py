"""The page's handles under /sim/, and the page itself."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import requests

from webexsim import Server, World

WRONG_NUMBERS = (-1, 2.5, True, "ten")


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
    assert [(item["text"], item["updated"] > item["created"]) for item in later["messages"]] == [("newer", True)]
    assert [(item["id"], item["room_id"]) for item in later["gone"]] == [(town.hello.id, town.room.id)]


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
    note = {"state": "failed", "reason": "gone", "seq": 2}
    assert sim("state")["notes"] == {town.room.id: note}


def test_settings_are_merged_into_the_bots_config(town: Any, session: Any, tmp_path: Path) -> None:
    """Only the switches are written; what else is in the file stays."""
    config = tmp_path / "config.json"
    config.write_text('{"locale": "cs_CZ", "destination": {"x": 1, "bots_own_org": false}}')
    with Server(town.world, bot_config=config) as server:
        body = {"destination": {"bots_own_org": True, "evil": True}, "confirm": {"above": 10, "evil": True}}
        session.post(f"{server.page_url}sim/settings", json=body, timeout=30).raise_for_status()
        state = session.get(f"{server.page_url}sim/state", timeout=30).json()
    written = {"locale": "cs_CZ", "destination": {"x": 1, "bots_own_org": True}, "confirm": {"above": 10}}
    assert json.loads(config.read_text()) == written
    assert (state["settings"]["destination"], state["settings"]["confirm"]) == ({"bots_own_org": True}, {"above": 10})


@pytest.mark.parametrize(
    "body", [{}, {"destination": 1}, {"confirm": []}, *({"confirm": {"above": n}} for n in WRONG_NUMBERS)]
)
def test_settings_that_make_no_sense_are_not_written(town: Any, session: Any, tmp_path: Path, body: Any) -> None:
    """Neither section, a section that is no object, a number that is none: 400, and the file stays as it was."""
    config = tmp_path / "config.json"
    with Server(town.world, bot_config=config) as server:
        answer = session.post(f"{server.page_url}sim/settings", json=body, timeout=30)
    assert (answer.status_code, config.exists()) == (400, False)


def test_a_reply_is_no_new_broadcast_and_mentions_the_bot(town: Any, sim: Any) -> None:
    """A reply in a group space's thread is heard by the bot; it and a command leave the run and its notes alone."""
    sim("notes", [{"room_id": town.room.id, "state": "skipped", "reason": "why"}])
    asked = {"person_id": town.alice.id, "room_id": town.room.id}
    reply = sim("say", {**asked, "text": "cancel", "parent_id": town.hello.id})["id"]
    sim("say", {**asked, "text": "/spaces", "mention_bot": True})
    said = next(it for it in town.world.messages(room=town.room) if it.id == reply)
    assert (said.parent_id, said.mentioned_people, said.text) == (town.hello.id, (town.bot.id,), "Broadcast cancel")
    state = sim("state")
    assert (state["broadcasts"], list(state["notes"])) == (0, [town.room.id])


def test_an_own_message_is_edited_as_it_was_typed(town: Any, sim: Any, api: Any) -> None:
    """The state has what was typed; new words are rendered, and the mention of the bot stays."""
    asked = {"person_id": town.alice.id, "room_id": town.room.id, "text": "at **ten**", "mention_bot": True}
    order = sim("say", asked)["id"]
    assert sim("state")["typed"] == {order: "at **ten**"}
    sim("edit", {"person_id": town.alice.id, "message_id": order, "text": "at **eleven**"})
    read = api("GET", f"messages/{order}").json()
    assert (read["text"], read["mentionedPeople"]) == ("Broadcast at eleven", [town.bot.id])
    assert ("<strong>eleven</strong>" in read["html"], "updated" in read) == (True, True)
    assert sim("state")["typed"] == {order: "at **eleven**"}


def test_an_own_message_is_deleted(town: Any, sim: Any, api: Any) -> None:
    """It is gone for the API as well."""
    sim("delete", {"person_id": town.alice.id, "message_id": town.hello.id})
    assert api("GET", f"messages/{town.hello.id}").status_code == 404


def test_a_cards_button_is_pressed(town: Any, sim: Any, api: Any) -> None:
    """The card's author can fetch who pressed and what was filled in; the state has the card."""
    card = {"type": "AdaptiveCard", "version": "1.3", "body": []}
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    said = town.world.say(town.bot, town.dm, "Sure?", attachments=[attachment])
    assert sim("state")["messages"][-1]["card"] == card
    pressed = sim("press", {"person_id": town.alice.id, "message_id": said.id, "inputs": {"do": "send"}})
    read = api("GET", f"attachment/actions/{pressed['id']}").json()
    assert (read["personId"], read["inputs"]) == (town.alice.id, {"do": "send"})


def test_edits_can_be_kept_from_the_bot(session: Any) -> None:
    """With that trouble messages:updated is not told; when the trouble ends, it is again."""
    world = World(tells_edits=True)
    told = []
    with Server(world) as server:
        for kind in ("edits_untold", "none"):
            session.post(f"{server.page_url}sim/trouble", json={"kind": kind}, timeout=30).raise_for_status()
            told.append(world.webhooks.tells_edits)
    assert told == [False, True]


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
    ("say", {"person_id": "{alice}", "room_id": "{room}", "parent_id": "nothing", "text": "x"}, 404),
    ("edit", {"person_id": "{bob}", "message_id": "{hello}", "text": "x"}, 403),
    ("edit", {"person_id": "{alice}", "message_id": "{hello}", "text": " "}, 400),
    ("edit", {"person_id": "{alice}", "message_id": "nothing", "text": "x"}, 404),
    ("delete", {"person_id": "{bob}", "message_id": "{hello}"}, 403),
    ("press", {"person_id": "{alice}", "message_id": "{hello}", "inputs": {}}, 404),
    ("press", {"person_id": "{alice}", "message_id": "{hello}"}, 400),
    ("dance", {}, 404),
]


@pytest.mark.parametrize(("path", "body", "status"), WRONG)
def test_a_wrong_order_is_refused(*, town: Any, server: Any, session: Any, path: str, body: Any, status: int) -> None:
    """A control call that makes no sense is refused with a sentence."""
    ids = {name: thing.id for name, thing in vars(town).items() if hasattr(thing, "id")}
    sent = {key: value.format(**ids) if isinstance(value, str) else value for key, value in body.items()}
    answer = session.post(f"{server.page_url}sim/{path}", json=sent, timeout=30)
    assert (answer.status_code, bool(answer.json()["message"])) == (status, True)


def test_an_order_must_be_json(server: Any, session: Any) -> None:
    """A form that another site could send across is not taken."""
    answer = session.post(f"{server.page_url}sim/reset", data="{}", headers={"Content-Type": "text/plain"}, timeout=30)
    assert answer.status_code == 415


def test_an_order_must_be_a_post(server: Any, session: Any) -> None:
    """Looking at an order's address in a browser changes nothing."""
    assert session.get(f"{server.page_url}sim/reset", timeout=30).status_code == 405


def test_control_calls_are_not_in_the_transcript(server: Any, sim: Any) -> None:
    """The transcript is about the imitated API only."""
    sim("state")
    assert server.calls == []


def test_the_page_is_served(server: Any, session: Any) -> None:
    """GET / is the page, and nothing else is there."""
    assert session.get(server.page_url, timeout=30).headers["Content-Type"].startswith("text/")
    assert session.get(f"{server.page_url}etc/passwd", timeout=30).status_code == 404
