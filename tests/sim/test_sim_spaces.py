"""Rooms, memberships, people, and the pages lists come in."""

from typing import Any

import pytest


def pages(api: Any, path: str) -> list[list[Any]]:
    """Follow the Link headers to the end; return the items of each page."""
    found = []
    while path:
        answer = api("GET", path)
        assert answer.status_code == 200, answer.text
        found.append(answer.json()["items"])
        path = answer.links.get("next", {}).get("url", "")
    return found


@pytest.fixture
def many(town: Any) -> Any:
    """Put the bot into 250 more spaces."""
    for number in range(250):
        town.world.space(f"S{number}", town.acme, [town.bot])
    return town


@pytest.mark.parametrize("path", ["rooms?", "memberships?", "rooms?sortBy=created&", "rooms?sortBy=lastactivity&"])
def test_a_list_comes_in_pages_of_the_size_asked_for(many: Any, api: Any, path: str) -> None:
    """Every room is on exactly one page, and only the last page has no `next`."""
    found = pages(api, f"{path}max=100")
    assert [len(page) for page in found] == [100, 100, 56]
    assert len({item["id"] for page in found for item in page}) == 256


@pytest.mark.parametrize(("asked", "first"), [("", 100), ("?max=7", 7), ("?max=5000", 256)])
def test_the_page_size_has_a_default_and_a_limit(many: Any, api: Any, asked: str, first: int) -> None:
    """Without `max` a page has 100 items; more than there are is no error."""
    assert len(api("GET", f"rooms{asked}").json()["items"]) == first


def test_a_page_has_a_thousand_items_at_most(many: Any, api: Any) -> None:
    """A larger `max` is silently cut to 1000."""
    for number in range(800):
        many.world.space(f"T{number}", many.acme, [many.bot])
    assert [len(page) for page in pages(api, "rooms?max=99999")] == [1000, 56]


def test_empty_pages_may_lie_between(many: Any, api: Any, server: Any) -> None:
    """A page with nothing on it still has a `next`, and nothing is lost."""
    server.empty_pages = True
    assert [len(page) for page in pages(api, "rooms?max=100")] == [100, 0, 100, 0, 56]


def test_a_room_that_comes_while_one_pages_shifts_nothing(many: Any, api: Any) -> None:
    """Between two pages a room is added and another left: each room that stayed is seen once."""
    first = api("GET", "rooms?max=100")
    left = many.world.directory.spaces[first.json()["items"][0]["id"]]
    many.world.leave(many.bot, left)
    many.world.space("new", many.acme, [many.bot])
    rest = [item["id"] for page in pages(api, first.links["next"]["url"]) for item in page]
    seen = [item["id"] for item in first.json()["items"]] + rest
    assert len(seen) == len(set(seen)) >= 256


def test_messages_are_paged_backwards_in_time(town: Any, api: Any) -> None:
    """Pages of a 1-1's history follow each other, newest first."""
    sent = [town.world.say(town.alice, town.dm, str(number)).id for number in range(7)]
    found = pages(api, f"messages?roomId={town.dm.id}&max=3")
    assert [[said["id"] for said in page] for page in found] == [sent[:3:-1], sent[3:0:-1], sent[:1]]


def test_mentions_are_listed_a_hundred_at_a_time(town: Any, api: Any) -> None:
    """With `mentionedPeople` no page has more than 100 messages."""
    for number in range(120):
        town.world.say(town.alice, town.room, str(number), mention=[town.bot])
    found = pages(api, f"messages?roomId={town.room.id}&mentionedPeople=me&max=500")
    assert [len(page) for page in found] == [100, 21]


def test_rooms_can_be_asked_for_by_type(town: Any, api: Any) -> None:
    """`type` lists only direct or only group rooms; a team has none."""
    direct = {item["id"] for item in api("GET", "rooms?type=direct").json()["items"]}
    assert direct == {town.dm.id, town.frozen.id, town.dead.id}
    assert api("GET", "rooms?teamId=x").json()["items"] == []


def test_a_1_1_is_titled_after_the_other(town: Any, api: Any) -> None:
    """Each end of a 1-1 sees the other's name, also after the other has gone."""
    assert api("GET", f"rooms/{town.dm.id}").json()["title"] == "Alice Novak"
    assert api("GET", f"rooms/{town.dm.id}", token=town.alice.token).json()["title"] == "Broadcast Bot"
    assert api("GET", f"rooms/{town.dead.id}").json()["title"] == "dora"


def test_flags_and_owner_are_in_the_list(town: Any, api: Any) -> None:
    """A list item says who owns the room and who may post there."""
    items = {item["id"]: item for item in api("GET", "rooms").json()["items"]}
    assert items[town.news.id]["isAnnouncementOnly"]
    assert items[town.news.id]["isLocked"]
    assert items[town.frozen.id]["isReadOnly"]
    assert items[town.room.id]["ownerId"] == town.acme.id


def test_an_owner_can_be_missing_in_the_list_only(town: Any, api: Any) -> None:
    """`owner_id_hidden` leaves ownerId out of list items; the single room has it."""
    room = town.world.space("Hidden", town.acme, [town.bot], owner_id_hidden=True)
    item = next(item for item in api("GET", "rooms").json()["items"] if item["id"] == room.id)
    assert "ownerId" not in item
    assert api("GET", f"rooms/{room.id}").json()["ownerId"] == town.acme.id


def test_a_dead_1_1_has_one_member(town: Any, api: Any) -> None:
    """The room of somebody who has gone stays in the bot's lists with the bot alone."""
    members = api("GET", f"memberships?roomId={town.dead.id}").json()["items"]
    assert [member["personId"] for member in members] == [town.bot.id]


def test_a_member_is_added_promoted_and_removed(town: Any, api: Any) -> None:
    """POST, PUT and DELETE /memberships do what they say, and the room's list follows."""
    made = api("POST", "memberships", json={"roomId": town.room.id, "personEmail": "CARL@acme.example"}).json()
    path = f"memberships/{made['id']}"
    assert api("PUT", path, json={"isModerator": True}).json()["isModerator"]
    assert api("GET", path).json()["personDisplayName"] == "carl"
    town.world.set_moderator(town.bot, town.room, True)
    assert api("DELETE", path).status_code == 204
    assert api("GET", path).status_code == 404


def test_a_bot_leaves_a_group_but_no_1_1(town: Any, api: Any) -> None:
    """DELETE of one's own membership: 204 in a group, 403 in a direct room."""
    mine = {item["roomId"]: item["id"] for item in api("GET", "memberships").json()["items"]}
    assert api("DELETE", f"memberships/{mine[town.room.id]}").status_code == 204
    assert api("GET", f"rooms/{town.room.id}").status_code == 404
    assert api("DELETE", f"memberships/{mine[town.dm.id]}").status_code == 403


def test_one_member_can_be_asked_for(town: Any, api: Any) -> None:
    """`personEmail` with `roomId` lists that membership alone, or nothing."""
    path = f"memberships?roomId={town.room.id}&personEmail="
    assert [item["personId"] for item in api("GET", path + "alice@acme.example").json()["items"]] == [town.alice.id]
    assert api("GET", path + "nobody@acme.example").json()["items"] == []


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("email=alice@acme.example", ["Alice Novak"]),
        ("displayName=AL", ["Alice Novak"]),
        ("email=bob@globex.example", []),
    ],
)
def test_people_are_found_in_ones_own_org(api: Any, query: str, names: list[str]) -> None:
    """A search by address or name stays within the caller's organization."""
    assert [person["displayName"] for person in api("GET", f"people?{query}").json()["items"]] == names


def test_people_of_any_org_are_found_by_id(town: Any, api: Any) -> None:
    """A list of ids crosses organizations; unknown ones are left out."""
    found = api("GET", f"people?id={town.bob.id},{town.alice.id},zzz").json()["items"]
    assert {person["id"] for person in found} == {town.alice.id, town.bob.id}


def test_me_says_bot_or_person(town: Any, api: Any) -> None:
    """GET /people/me tells whose token it is."""
    assert api("GET", "people/me").json()["type"] == "bot"
    assert api("GET", "people/me", token=town.alice.token).json()["type"] == "person"
