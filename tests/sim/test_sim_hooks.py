"""Webhooks: what they are told, how it is signed, and when they are switched off."""

import base64
import hmac
from typing import Any

import pytest

from webexsim import Refusal, SimFile, World
from webexsim.subscriptions import Wish


def test_the_envelope_is_webexs_and_has_no_text(town: Any, server: Any, hooked: Any, inbox: Any) -> None:
    """A message reaches the target with ids and times, without a word of what was said."""
    made = hooked(secret="s")
    said = town.world.say(town.alice, town.room, "top secret", mention=[town.bot])
    server.hooks.wait_idle()
    (event,) = inbox.events
    assert (event["id"], event["resource"], event["event"], event["actorId"]) == (
        made["id"],
        "messages",
        "created",
        town.alice.id,
    )
    assert (event["data"]["id"], event["data"]["mentionedPeople"]) == (said.id, [town.bot.id])
    assert "secret" not in str(event)


def test_the_envelopes_org_is_base64_of_a_bare_uuid(town: Any, server: Any, hooked: Any, inbox: Any) -> None:
    """`orgId` decodes to the UUID that the organization's id ends with."""
    hooked()
    town.world.say(town.alice, town.dm, "x")
    server.hooks.wait_idle()
    bare = base64.b64decode(inbox.events[0]["orgId"] + "==").decode()
    assert base64.b64decode(town.acme.id + "==").decode() == f"ciscospark://us/ORGANIZATION/{bare}"


def test_a_delivery_is_signed_over_its_raw_body(town: Any, server: Any, hooked: Any, inbox: Any) -> None:
    """The SHA-1 header is there with a secret; the SHA-2 one where the world is modern."""
    hooked(secret="s3cret")
    server.hooks.modern = True
    town.world.say(town.alice, town.dm, "x")
    server.hooks.wait_idle()
    headers, body = inbox.got[0]
    sha1, sha256, sha512 = (hmac.new(b"s3cret", body, kind).hexdigest() for kind in ("sha1", "sha256", "sha512"))
    assert headers["X-Spark-Signature"] == sha1
    assert headers["X-Webex-Signature"] == f"SHA-256={sha256}, SHA-512={sha512}"


def test_a_webhook_without_a_secret_is_not_signed(town: Any, server: Any, hooked: Any, inbox: Any) -> None:
    """No secret, no signature header."""
    hooked()
    town.world.say(town.alice, town.dm, "x")
    server.hooks.wait_idle()
    assert "X-Spark-Signature" not in inbox.got[0][0]


def test_the_bots_own_posts_come_back(town: Any, server: Any, api: Any, hooked: Any, inbox: Any) -> None:
    """What the bot posts raises events too, in 1-1s and in groups."""
    hooked()
    for room in (town.room, town.dm):
        api("POST", "messages", json={"roomId": room.id, "text": "x"})
    server.hooks.wait_idle()
    assert {event["data"]["roomType"] for event in inbox.events} == {"group", "direct"}
    assert {event["actorId"] for event in inbox.events} == {town.bot.id}


FILTERS = [
    ("", {"mention", "own", "direct", "file"}),
    ("roomType=group&mentionedPeople=me", {"mention"}),
    ("roomType=direct", {"direct", "file"}),
    ("roomId={room}", {"mention", "own"}),
    ("personId={alice}", {"mention", "direct", "file"}),
    ("personId=me", {"own"}),
    ("personEmail=ALICE@acme.example", {"mention", "direct", "file"}),
    ("mentionedPeople={bot}", {"mention"}),
    ("hasFiles=true", {"file"}),
    ("hasFiles=false&roomType=direct", {"direct"}),
    ("hasAttachments=true", set()),
]


@pytest.mark.parametrize(("wanted", "told"), FILTERS)
def test_filters_are_honoured(*, town: Any, server: Any, hooked: Any, inbox: Any, wanted: str, told: set[str]) -> None:
    """Each filter lets through what it says; without one, all the bot may read – not what does not mention it."""
    hooked(filter=wanted.format(room=town.room.id, alice=town.alice.id, bot=town.bot.id))
    world = town.world
    names = {
        world.say(town.alice, town.room, "a", mention=[town.bot]).id: "mention",
        world.say(town.alice, town.room, "unmentioned").id: "hidden",
        world.say(town.bot, town.room, "b").id: "own",
        world.say(town.alice, town.dm, "c").id: "direct",
        world.say(town.alice, town.dm, "d", files=[SimFile("a.txt", b"a")]).id: "file",
    }
    server.hooks.wait_idle()
    assert {names[event["data"]["id"]] for event in inbox.events} == told


def test_memberships_are_told(town: Any, server: Any, hooked: Any, inbox: Any) -> None:
    """Joining, promotion and removal carry who, where, whose org and by whom – also to the one removed."""
    for event in ("created", "updated", "deleted"):
        hooked("memberships", event)
    town.world.join(town.bot, town.outside, by=town.alice)
    server.hooks.wait_idle()
    town.world.set_moderator(town.bot, town.outside, True, by=town.bob)
    server.hooks.wait_idle()
    town.world.leave(town.bot, town.outside, by=town.bob)
    server.hooks.wait_idle()
    seen = [(event["event"], event["actorId"], event["data"]["isModerator"]) for event in inbox.events]
    assert seen == [("created", town.alice.id, False), ("updated", town.bob.id, True), ("deleted", town.bob.id, True)]
    data = inbox.events[0]["data"]
    assert (data["personOrgId"], data["personEmail"], data["roomType"]) == (town.acme.id, town.bot.email, "group")


@pytest.mark.parametrize(
    ("wanted", "told"),
    [("isModerator=true", 1), ("isModerator=false", 0), ("personId={bob}", 0), ("personId=me&roomId={room}", 1)],
)
def test_filters_of_memberships_are_honoured(
    *, town: Any, server: Any, hooked: Any, inbox: Any, wanted: str, told: int
) -> None:
    """Of a promotion only those are told whose filter fits it."""
    hooked("memberships", "updated", filter=wanted.format(bob=town.bob.id, room=town.room.id))
    town.world.set_moderator(town.bot, town.room, True)
    server.hooks.wait_idle()
    assert len(inbox.events) == told


def test_filters_of_rooms_are_honoured(town: Any, server: Any, hooked: Any, inbox: Any) -> None:
    """A webhook for locked group rooms hears of one, not of a direct room."""
    hooked("rooms", "created", filter="type=group&isLocked=true")
    for room in ({"moderators": [town.bot]}, {"members": [town.bot]}):
        town.world.space("new", town.acme, **room)
    town.world.direct(town.bot, town.bob)
    server.hooks.wait_idle()
    assert [event["data"]["isLocked"] for event in inbox.events] == [True]


def test_a_target_that_does_not_answer_is_noted(town: Any, server: Any, api: Any) -> None:
    """A delivery nobody took has no status."""
    body = {"name": "w", "targetUrl": "http://127.0.0.1:9/", "resource": "messages", "event": "created"}
    api("POST", "webhooks", json=body)
    town.world.say(town.alice, town.dm, "x")
    server.hooks.wait_idle()
    assert [done.status for done in server.hooks.deliveries] == [None]


def test_leaving_a_1_1_is_not_told(town: Any, server: Any, hooked: Any, inbox: Any) -> None:
    """memberships:deleted is for group rooms only."""
    hooked("memberships", "deleted")
    town.world.leave(town.alice, town.dm)
    town.world.leave(town.alice, town.room)
    server.hooks.wait_idle()
    assert [event["data"]["roomId"] for event in inbox.events] == [town.room.id]


def test_rooms_are_told(town: Any, server: Any, hooked: Any, inbox: Any) -> None:
    """A changed and a migrated room are told with the room as it then is."""
    hooked("rooms", "all")
    town.world.set_announcement_only(town.room, True)
    server.hooks.wait_idle()
    town.world.migrate(town.room)
    server.hooks.wait_idle()
    assert [event["event"] for event in inbox.events] == ["updated", "migrated"]
    assert inbox.events[0]["data"]["isAnnouncementOnly"]
    assert inbox.events[1]["data"]["id"] == town.room.id


def test_a_cards_action_is_told_to_its_author_without_the_inputs(
    town: Any, server: Any, hooked: Any, inbox: Any
) -> None:
    """attachmentActions:created names message, room and person; what was filled in must be fetched."""
    hooked("attachmentActions")
    card = {"contentType": "application/vnd.microsoft.card.adaptive", "content": {"type": "AdaptiveCard"}}
    said = town.world.say(town.bot, town.room, "card", attachments=[card])
    town.world.submit(town.alice, said, inputs={"name": "x"})
    server.hooks.wait_idle()
    (event,) = inbox.events
    assert (event["data"]["messageId"], event["data"]["personId"]) == (said.id, town.alice.id)
    assert "inputs" not in event["data"]


def test_an_action_on_somebody_elses_card_is_not_told(town: Any, server: Any, hooked: Any, inbox: Any) -> None:
    """The bot hears of its own cards only, though it may read the other one."""
    hooked("attachmentActions")
    card = {"contentType": "application/vnd.microsoft.card.adaptive", "content": {"type": "AdaptiveCard"}}
    said = town.world.say(town.alice, town.room, "card", mention=[town.bot], attachments=[card])
    town.world.submit(town.bob, said, inputs={})
    server.hooks.wait_idle()
    assert inbox.events == []


def test_what_the_bot_could_not_read_is_not_told_when_it_goes(town: Any, server: Any, hooked: Any, inbox: Any) -> None:
    """messages:deleted and messages:updated keep quiet about what does not mention the bot."""
    town.world.webhooks.tells_edits = True
    hooked("messages", "deleted")
    hooked("messages", "updated")
    town.world.delete(town.world.edit(town.secret, "still not for bots"))
    server.hooks.wait_idle()
    assert inbox.events == []


def test_removed_messages_are_told(town: Any, server: Any, hooked: Any, inbox: Any) -> None:
    """messages:deleted carries the id of what is gone."""
    hooked("messages", "deleted")
    town.world.delete(town.hello)
    server.hooks.wait_idle()
    assert inbox.events[0]["data"]["id"] == town.hello.id


@pytest.mark.parametrize("told", [True, False])
def test_edited_messages_are_told_where_the_world_says_so(
    town: Any, server: Any, hooked: Any, inbox: Any, told: bool
) -> None:
    """messages:updated for bots is not documented: the webhook can be made, and fires or not as set."""
    town.world.webhooks.tells_edits = told
    hooked("messages", "updated")
    town.world.edit(town.hello, "hello again")
    server.hooks.wait_idle()
    assert len(inbox.events) == told


def test_a_webhook_for_edits_can_be_refused(town: Any, hooked: Any) -> None:
    """Where the world says so, making it is a 400."""
    town.world.webhooks.refuse_updated = True
    with pytest.raises(AssertionError, match="no event 'updated'"):
        hooked("messages", "updated")


def test_a_firehose_leaves_card_actions_out(town: Any, server: Any, hooked: Any, inbox: Any) -> None:
    """Resource and event `all` tell of messages, memberships and rooms under their own names."""
    hooked("all", "all")
    card = {"contentType": "application/vnd.microsoft.card.adaptive", "content": {"type": "AdaptiveCard"}}
    said = town.world.say(town.bot, town.room, "card", attachments=[card])
    town.world.submit(town.alice, said, inputs={})
    town.world.leave(town.bob, town.room)
    server.hooks.wait_idle()
    seen = {(event["resource"], event["event"]) for event in inbox.events}
    assert seen == {("messages", "created"), ("memberships", "deleted")}


BAD = [
    ({"resource": "meals"}, "no event 'created' for resource 'meals'"),
    ({"event": "eaten"}, "no event 'eaten' for resource 'messages'"),
    ({"targetUrl": "mailto:x"}, "targetUrl is not an http(s) URL"),
    ({"filter": "colour=red"}, "no filter 'colour' for resource 'messages'"),
    ({"ownedBy": "org"}, "organization-wide"),
    ({"name": None}, "'name' is not present"),
]


@pytest.mark.parametrize(("change", "words"), BAD)
def test_a_webhook_for_what_there_is_none_of_is_refused(api: Any, change: dict[str, Any], words: str) -> None:
    """POST /webhooks refuses unknown resources, events, filters and targets."""
    body = {"name": "w", "targetUrl": "http://127.0.0.1/", "resource": "messages", "event": "created", **change}
    answer = api("POST", "webhooks", json=body)
    assert answer.status_code in (400, 403)
    assert words in answer.json()["message"]


def test_a_webhook_is_changed_and_removed(api: Any, hooked: Any, town: Any) -> None:
    """PUT changes name, target and secret; DELETE ends it; nobody else sees it."""
    made = hooked(secret="old")
    path = f"webhooks/{made['id']}"
    changed = api("PUT", path, json={"name": "n", "targetUrl": "http://127.0.0.1/x", "secret": "new"}).json()
    assert (changed["name"], changed["secret"], changed["event"]) == ("n", "new", "created")
    assert api("PUT", path, json={"name": "n", "targetUrl": "http://x/", "status": "inactive"}).status_code == 400
    assert api("GET", path, token=town.alice.token).status_code == 404
    assert api("DELETE", path).status_code == 204
    assert api("GET", "webhooks").json()["items"] == []


@pytest.fixture
def lonely(clock: Any) -> tuple[World, Any]:
    """Return a world with one webhook nobody serves."""
    world = World(clock=clock)
    bot = world.bot("Bot", world.org("Acme"))
    wish = Wish(name="w", target_url="http://127.0.0.1:9/", resource="messages", event="created")
    return world, world.webhooks.create(bot, wish)


def fail(world: World, made: Any, times: int) -> str:
    """Report so many failed deliveries; return the webhook's status."""
    for _ in range(times):
        world.webhooks.report(made.id, delivered=False)
    return world.webhooks.get(made.owner, made.id).status


def test_a_hundred_failures_in_five_minutes_switch_a_webhook_off(lonely: Any) -> None:
    """The hundredth failure does it, not the ninety-ninth."""
    world, made = lonely
    assert fail(world, made, 99) == "active"
    assert fail(world, made, 1) == "inactive"


def test_failures_that_are_five_minutes_old_do_not_count(lonely: Any, clock: Any) -> None:
    """Ninety-nine failures, a pause, and ninety-nine more leave it on."""
    world, made = lonely
    fail(world, made, 99)
    clock.advance(301)
    assert fail(world, made, 99) == "active"


@pytest.mark.parametrize(("pause", "status"), [(200, "inactive"), (301, "active")])
def test_soon_after_one_failure_is_enough(lonely: Any, clock: Any, pause: float, status: str) -> None:
    """Switched on again within five minutes it goes off at the first failure; later it takes a hundred."""
    world, made = lonely
    fail(world, made, 100)
    clock.advance(pause)
    update = {"name": "w", "target_url": made.target_url, "secret": None, "status": "active"}
    assert world.webhooks.update(made.owner, made.id, **update).status == "active"
    assert fail(world, made, 1) == status


def test_a_disabled_webhook_is_told_nothing(town: Any, server: Any, api: Any, hooked: Any, inbox: Any) -> None:
    """A hundred answers of 500 end the deliveries; PUT status=active begins them again."""
    made = hooked()
    inbox.status = 500
    for number in range(110):
        town.world.say(town.alice, town.dm, str(number))
        server.hooks.wait_idle()
    assert (len(inbox.got), api("GET", f"webhooks/{made['id']}").json()["status"]) == (100, "inactive")
    inbox.status = 200
    api("PUT", f"webhooks/{made['id']}", json={"name": "w", "targetUrl": inbox.url, "status": "active"})
    town.world.say(town.alice, town.dm, "back")
    server.hooks.wait_idle()
    assert len(inbox.got) == 101


def test_an_event_can_come_twice(town: Any, server: Any, hooked: Any, inbox: Any) -> None:
    """`duplicate` sends more of each, `replay` the very same bytes again."""
    hooked()
    server.hooks.duplicate = 1
    town.world.say(town.alice, town.dm, "x")
    server.hooks.wait_idle()
    server.hooks.replay(server.hooks.deliveries[0])
    server.hooks.wait_idle()
    assert len(inbox.got) == 3
    assert len({body for _, body in inbox.got}) == 1


def test_events_can_be_held_and_shuffled(town: Any, server: Any, hooked: Any, inbox: Any) -> None:
    """Held events go out on release; shuffled, in another order than they came."""
    hooked()
    server.hooks.hold()
    server.hooks.shuffle(3)
    sent = [town.world.say(town.alice, town.dm, str(number)).id for number in range(40)]
    assert inbox.got == []
    server.hooks.release()
    server.hooks.wait_idle()
    seen = [event["data"]["id"] for event in inbox.events]
    assert (sorted(seen), seen[:8] == sent[:8]) == (sorted(sent), False)


def test_events_can_be_lost(town: Any, server: Any, hooked: Any, inbox: Any) -> None:
    """`drop(1)` loses every event; `drop(0)` none."""
    hooked()
    server.hooks.drop(1.0)
    town.world.say(town.alice, town.dm, "lost")
    server.hooks.drop(0.0)
    kept = town.world.say(town.alice, town.dm, "kept")
    server.hooks.wait_idle()
    assert [event["data"]["id"] for event in inbox.events] == [kept.id]


def test_waiting_for_what_never_ends_is_an_error(town: Any, server: Any, hooked: Any) -> None:
    """wait_idle raises when something still waits after its time."""
    hooked()
    server.hooks.hold()
    town.world.say(town.alice, town.dm, "x")
    with pytest.raises(TimeoutError, match="1 deliveries wait"):
        server.hooks.wait_idle(0.01)


def test_a_refusal_in_python_carries_status_and_words(town: Any) -> None:
    """Who uses the world without HTTP gets the same refusals as an exception."""
    with pytest.raises(Refusal, match="Only moderators") as caught:
        town.world.say(town.bot, town.news, "x")
    assert caught.value.status == 403


def test_a_delivery_is_noted(town: Any, server: Any, hooked: Any, inbox: Any) -> None:
    """The list of deliveries has status, body and headers; no answer is None."""
    made = hooked()
    town.world.say(town.alice, town.dm, "x")
    server.hooks.wait_idle()
    (done,) = server.hooks.deliveries
    assert (done.webhook_id, done.status, done.body) == (made["id"], 200, inbox.got[0][1])
