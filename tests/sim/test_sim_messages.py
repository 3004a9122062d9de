"""Posting, reading, editing and removing messages."""

from typing import Any

import pytest


def test_a_posted_text_comes_back_whole(town: Any, api: Any) -> None:
    """POST /messages answers 200 with the message, and it can be read again."""
    posted = api("POST", "messages", json={"roomId": town.room.id, "text": "Ahoj <b>"}).json()
    assert (posted["text"], posted["roomType"], posted["personId"]) == ("Ahoj <b>", "group", town.bot.id)
    assert "html" not in posted
    assert api("GET", f"messages/{posted['id']}").json() == posted


def test_markdown_brings_html_and_text(town: Any, api: Any) -> None:
    """A posted markdown comes back with the html and the plain text made of it."""
    posted = api("POST", "messages", json={"roomId": town.room.id, "markdown": "**big** <i>"}).json()
    assert posted["html"] == "<p><strong>big</strong> &lt;i&gt;</p>"
    assert (posted["text"], posted["markdown"]) == ("big <i>", "**big** <i>")


def test_a_mention_notifies_and_a_bare_at_all_does_not(town: Any, api: Any) -> None:
    """`<@personId:…>` and `<@all>` fill mentionedPeople and mentionedGroups; "@all" in letters fills nothing."""
    where = {"roomId": town.room.id}
    live = api("POST", "messages", json={**where, "markdown": f"<@personId:{town.alice.id}|Al> <@all>"}).json()
    assert (live["mentionedPeople"], live["mentionedGroups"]) == ([town.alice.id], ["all"])
    quiet = api("POST", "messages", json={**where, "markdown": "@all, @Alice"}).json()
    assert not {"mentionedPeople", "mentionedGroups"} & quiet.keys()


def test_a_message_to_a_person_opens_their_1_1_once(town: Any, api: Any) -> None:
    """Two messages by e-mail and by id land in the same direct room."""
    first = api("POST", "messages", json={"toPersonEmail": town.bob.email, "text": "1"}).json()
    second = api("POST", "messages", json={"toPersonId": town.bob.id, "text": "2"}).json()
    assert first["roomId"] == second["roomId"]
    assert first["roomType"] == "direct"


def test_a_reply_to_a_reply_is_refused(town: Any, api: Any) -> None:
    """A thread is one level deep, and its root is in the same room."""
    reply = {"roomId": town.room.id, "text": "re", "parentId": town.hello.id}
    first = api("POST", "messages", json=reply).json()
    assert first["parentId"] == town.hello.id
    assert api("POST", "messages", json={**reply, "parentId": first["id"]}).status_code == 400
    assert api("POST", "messages", json={**reply, "roomId": town.dm.id}).status_code == 400


def test_a_bot_reads_what_mentions_it_and_its_own(town: Any, api: Any) -> None:
    """In a group the bot can list its mentions only; a person reads everything."""
    listed = api("GET", f"messages?roomId={town.room.id}&mentionedPeople=me").json()["items"]
    assert [said["id"] for said in listed] == [town.hello.id]
    everything = api("GET", f"messages?roomId={town.room.id}", token=town.alice.token).json()["items"]
    assert [said["id"] for said in everything] == [town.secret.id, town.hello.id]


@pytest.mark.parametrize("counts", [True, False])
def test_at_all_mentions_a_bot_where_the_world_says_so(town: Any, api: Any, counts: bool) -> None:
    """Whether @all lets a bot read a message is not documented, so it can be set."""
    town.world.board.all_mentions_bots = counts
    said = town.world.say(town.alice, town.room, "hey", mention_all=True)
    assert api("GET", f"messages/{said.id}").status_code == (200 if counts else 404)


def test_a_mention_shows_a_first_name_as_the_app_does(town: Any, api: Any) -> None:
    """What is typed after a mention comes with the element in html and the bot's first name in text."""
    read = api("GET", f"messages/{town.hello.id}").json()
    assert read["text"] == "Broadcast hello"
    element = f'<spark-mention data-object-type="person" data-object-id="{town.bot.id}">Broadcast</spark-mention>'
    assert read["html"] == f"<p>{element} hello</p>"


def test_a_1_1_can_be_read_back_by_its_other_end(town: Any, api: Any) -> None:
    """GET /messages/direct lists a 1-1, newest first, without any mention."""
    sent = [town.world.say(town.alice, town.dm, text).id for text in ("one", "two")]
    listed = api("GET", f"messages/direct?personEmail={town.alice.email}").json()["items"]
    assert [said["id"] for said in listed] == sent[::-1]


def test_history_can_be_cut_at_a_moment(town: Any, api: Any) -> None:
    """`before` leaves out what is not older."""
    first, second = (api("POST", "messages", json={"roomId": town.dm.id, "text": text}).json() for text in "ab")
    listed = api("GET", f"messages?roomId={town.dm.id}&before={second['created']}").json()["items"]
    assert [said["id"] for said in listed] == [first["id"]]


def test_a_thread_can_be_listed(town: Any, api: Any) -> None:
    """`parentId` lists the answers to one message."""
    root = town.world.say(town.alice, town.dm, "root")
    reply = town.world.say(town.alice, town.dm, "reply", parent=root)
    listed = api("GET", f"messages?roomId={town.dm.id}&parentId={root.id}").json()["items"]
    assert [said["id"] for said in listed] == [reply.id]


def test_a_message_can_be_edited_ten_times(town: Any, api: Any) -> None:
    """The eleventh edit is a 400; each other one brings `updated` and the new text."""
    said = api("POST", "messages", json={"roomId": town.room.id, "text": "0"}).json()
    bodies = [{"roomId": town.room.id, "markdown": f"*{number}*"} for number in range(1, 12)]
    answers = [api("PUT", f"messages/{said['id']}", json=body) for body in bodies]
    assert [answer.status_code for answer in answers] == [200] * 10 + [400]
    assert answers[9].json()["text"] == "10"
    assert answers[9].json()["updated"] > said["created"]


def test_a_message_with_a_file_or_a_card_cannot_be_edited(town: Any, api: Any) -> None:
    """Editing either is a 400 that says it is not supported."""
    content = {"type": "AdaptiveCard", "version": "1.3", "body": []}
    card = {"contentType": "application/vnd.microsoft.card.adaptive", "content": content}
    posted = [
        api("POST", "messages", json={"roomId": town.room.id, "attachments": [card]}).json(),
        api("POST", "messages", data={"roomId": town.room.id}, files={"files": ("a.txt", b"a")}).json(),
    ]
    new = {"roomId": town.room.id, "text": "new"}
    answers = [api("PUT", f"messages/{said['id']}", json=new) for said in posted]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert "not supported" in answers[0].json()["message"]


def test_only_an_own_message_can_be_edited(town: Any, api: Any) -> None:
    """Somebody else's is a 403, one that cannot be read a 404, and so is one's own in another room."""
    said = api("POST", "messages", json={"roomId": town.room.id, "text": "own"}).json()
    new = {"roomId": town.room.id, "text": "new"}
    assert api("PUT", f"messages/{town.hello.id}", json=new).status_code == 403
    assert api("PUT", f"messages/{town.secret.id}", json=new).status_code == 404
    assert api("PUT", f"messages/{said['id']}", json={**new, "roomId": town.dm.id}).status_code == 404
    assert api("GET", f"messages/{said['id']}").json()["text"] == "own"


@pytest.mark.parametrize("missing", ["roomId", "text"])
def test_an_edit_needs_a_room_and_words(town: Any, api: Any, missing: str) -> None:
    """Without either it is a 400."""
    said = api("POST", "messages", json={"roomId": town.room.id, "text": "own"}).json()
    body = {key: value for key, value in {"roomId": town.room.id, "text": "new"}.items() if key != missing}
    assert api("PUT", f"messages/{said['id']}", json=body).status_code == 400


def test_a_file_can_be_posted_into_a_thread(town: Any, api: Any) -> None:
    """A multipart post with `parentId` is a reply, and an answer to it is refused."""
    body = {"roomId": town.room.id, "parentId": town.hello.id}
    posted = api("POST", "messages", data=body, files={"files": ("report.csv", b"a;b")}).json()
    assert (posted["parentId"], len(posted["files"])) == (town.hello.id, 1)
    again = api("POST", "messages", data={**body, "parentId": posted["id"]}, files={"files": ("b.csv", b"c")})
    assert again.status_code == 400


def test_nobody_answers_a_removed_message(town: Any, api: Any) -> None:
    """Its thread stays, but takes nothing more (assumed: Webex does not say)."""
    reply = {"roomId": town.room.id, "text": "re", "parentId": town.hello.id}
    first = api("POST", "messages", json=reply).json()
    town.world.delete(town.hello)
    assert api("GET", f"messages/{first['id']}").json()["parentId"] == town.hello.id
    assert api("POST", "messages", json=reply).status_code == 400


def test_a_removed_message_is_gone(town: Any, api: Any) -> None:
    """DELETE answers 204 with nothing; then the message is a 404."""
    said = api("POST", "messages", json={"roomId": town.room.id, "text": "oops"}).json()
    gone = api("DELETE", f"messages/{said['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert api("GET", f"messages/{said['id']}").status_code == 404


def test_a_moderator_removes_other_peoples_messages(town: Any, api: Any) -> None:
    """In a moderated space the moderator may delete what the bot wrote."""
    said = api("POST", "messages", json={"roomId": town.locked.id, "text": "spam"}).json()
    assert api("DELETE", f"messages/{said['id']}", token=town.bob.token).status_code == 403
    assert api("DELETE", f"messages/{said['id']}", token=town.alice.token).status_code == 204


def test_a_moderator_posts_in_an_announcement_space(town: Any, api: Any) -> None:
    """The bot's post is refused until it is made a moderator."""
    post = {"roomId": town.news.id, "text": "news"}
    assert api("POST", "messages", json=post).status_code == 403
    town.world.set_moderator(town.bot, town.news, True)
    assert api("POST", "messages", json=post).status_code == 200


def test_a_message_moves_its_rooms_last_activity(town: Any, api: Any) -> None:
    """`lastActivity` of the room is the time of the newest message."""
    before = api("GET", f"rooms/{town.room.id}").json()["lastActivity"]
    said = api("POST", "messages", json={"roomId": town.room.id, "text": "x"}).json()
    assert before < api("GET", f"rooms/{town.room.id}").json()["lastActivity"] == said["created"]


def test_a_cards_button_reaches_its_author(town: Any, api: Any) -> None:
    """A pressed button is a 202; the card's author and who pressed can read what was filled in, nobody else."""
    content = {"type": "AdaptiveCard", "version": "1.3", "body": [{"type": "Input.Text", "id": "a"}]}
    card = {"contentType": "application/vnd.microsoft.card.adaptive", "content": content}
    said = api("POST", "messages", json={"roomId": town.room.id, "attachments": [card]}).json()
    press = {"type": "submit", "messageId": said["id"], "inputs": {"a": "b"}}
    pressed = api("POST", "attachment/actions", json=press, token=town.alice.token)
    path = f"attachment/actions/{pressed.json()['id']}"
    assert pressed.status_code == 202
    assert api("GET", path).json()["inputs"] == {"a": "b"}
    assert api("GET", path, token=town.bob.token).status_code == 404


def test_a_removed_cards_button_does_nothing(town: Any, api: Any) -> None:
    """Who still sees the card gets a 404, and so does who presses a message without one."""
    content = {"type": "AdaptiveCard", "version": "1.3", "body": []}
    card = {"contentType": "application/vnd.microsoft.card.adaptive", "content": content}
    said = api("POST", "messages", json={"roomId": town.room.id, "attachments": [card]}).json()
    api("DELETE", f"messages/{said['id']}")
    for message_id in (said["id"], town.hello.id):
        press = {"type": "submit", "messageId": message_id, "inputs": {}}
        assert api("POST", "attachment/actions", json=press, token=town.alice.token).status_code == 404


def test_a_migrated_room_takes_its_messages_along(town: Any, api: Any) -> None:
    """After a migration every message is found under the new room id, and the old id is a 404."""
    old = town.room.id
    town.world.migrate(town.room)
    assert api("GET", f"messages/{town.hello.id}").json()["roomId"] == town.room.id != old
    assert api("GET", f"rooms/{old}").status_code == 404
