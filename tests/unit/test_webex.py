"""The gateway to Webex: what goes out as Webex wants it, what is read comes as the bot's own records."""

from pathlib import Path

import pytest

from broadcast.errors import NoAnswer, NotSent, Refused, WebexError
from broadcast.model import Content, Form, SpaceKind, StoredFile, Webhook
from tests.unit.fakes import RawServer
from tests.unit.town import Town, answering
from webexsim import Fault, SimFile

CARD = (
    '{"contentType": "application/vnd.microsoft.card.adaptive", "content": {"type": "AdaptiveCard", "version": "1.3"}}'
)


def stored(folder: Path, name: str = "plan.pdf", kind: str = "application/pdf", content: bytes = b"%PDF") -> Content:
    """Return a content with a file that lies on the disk."""
    path = folder / "content"
    path.write_bytes(content)
    file = StoredFile(path=path, name=name, content_type=kind, size=len(content))
    return Content(group_parts=("x",), direct_parts=("x",), form=Form.FILE, file=file, card=CARD)


# reading


def test_the_bot_knows_itself(town: Town) -> None:
    """Name, address, organization, and that it is a bot."""
    me = town.webex.me()
    assert (me.id, me.name, me.email, me.org_id) == (town.bot.id, "Broadcast Bot", town.bot.email, town.bot.org.id)
    assert (me.is_bot, me.is_person) == (True, False)


def test_people_are_found_by_id_and_by_address(town: Town) -> None:
    """A person comes with everything the rules ask for; an unknown address is nobody."""
    alice = town.webex.person(town.alice.id)
    assert (alice.name, alice.emails, alice.is_person) == ("Alice Nováková", ("alice@acme.example",), True)
    assert town.webex.person_by_email("alice@acme.example") == alice
    assert town.webex.person_by_email("nobody@acme.example") is None


def test_an_organization_has_a_name(town: Town) -> None:
    """By its id."""
    assert town.webex.organization_name(town.bot.org.id) == "Acme"


def test_a_message_comes_with_all_that_is_said_in_it(town: Town) -> None:
    """Text, html, mentions, files, thread and time."""
    parent = town.world.say(town.alice, town.room, "first", mention=[town.bot])
    said = town.world.say(
        town.alice, town.room, "hi", mention=[town.bot], parent=parent, files=[SimFile("a.txt", b"a", "text/plain")]
    )
    message = town.webex.message(said.id)
    assert (message.space_id, message.space_kind, message.person_id) == (town.room.id, SpaceKind.GROUP, town.alice.id)
    assert (message.text, "spark-mention" in message.html) == (said.text, True)
    assert (message.mentioned_people, message.thread_id) == ((town.bot.id,), parent.id)
    assert [url.startswith(town.server.url + "contents/") for url in message.file_urls] == [True]
    assert message.created == pytest.approx(said.created, abs=0.01)


def test_a_space_comes_with_what_decides_about_it(town: Town) -> None:
    """Kind, owner, and who may write there."""
    news = town.world.space("News", town.bot.org, [town.bot], moderators=[town.alice], announcement_only=True)
    space = town.webex.space(news.id)
    assert (space.title, space.kind, space.owner_id) == ("News", SpaceKind.GROUP, town.bot.org.id)
    assert (space.announcement_only, space.read_only) == (True, False)
    assert space.last_activity == pytest.approx(news.last_activity, abs=0.01)
    assert town.webex.space(town.dm.id).kind is SpaceKind.DIRECT


def test_a_title_whose_key_cannot_be_had_is_none(town: Town) -> None:
    """Webex shows its ciphertext then, and says so; nobody is to read that in a report."""
    errors = '"errors": {"title": {"code": "kms_failure", "reason": "Key management server failed to respond"}}'
    town.server.faults.add(answering(f'{{"id": "x", "type": "group", "title": "eyJhbGciOiJkaXIi", {errors}}}'))
    assert town.webex.space("x").title == ""


def test_every_space_and_membership_is_listed(town: Town) -> None:
    """Over more than one page, with empty pages between them, each once."""
    made = {town.world.space(f"S{number}", town.bot.org, [town.bot]).id for number in range(1010)}
    town.server.empty_pages = True
    spaces = [space.id for space in town.webex.spaces()]
    memberships = [membership.space_id for membership in town.webex.memberships()]
    assert sorted(spaces) == sorted(memberships) == sorted(made | {town.room.id, town.dm.id})


def test_members_tell_whose_they_are(town: Town) -> None:
    """Person, name, org and role; one membership can be asked for by its id."""
    members = {member.person_id: member for member in town.webex.members(town.room.id)}
    alice = members[town.alice.id]
    assert set(members) == {town.bot.id, town.alice.id}
    assert (alice.person_org_id, alice.moderator) == (town.alice.org.id, False)
    assert town.webex.membership(alice.id) == alice


def test_its_own_messages_in_a_1_1_can_be_read_back(town: Town) -> None:
    """Those of the bot since a moment, newest first; other people's are left out."""
    town.webex.post(town.dm.id, "old")
    since = town.world.messages(room=town.dm)[-1].created + 0.0005
    town.world.say(town.alice, town.dm, "hi")
    ids = [town.webex.post(town.dm.id, text) for text in ("one", "two")]
    assert [message.id for message in town.webex.own_messages_since(town.dm.id, since)] == ids[::-1]


@pytest.mark.parametrize("odd", ["../people/me", "..", ".", "x?y=1", "x#y", "a/b", "%2e%2e"])
def test_an_id_is_never_a_way_to_another_resource(town: Town, odd: str) -> None:
    """What stands in an event as an id goes into the path as one name, whatever is in it."""
    with pytest.raises(Refused):
        town.webex.message(odd)
    assert [call.path.count("/") for call in town.server.calls] == [2]


def test_an_odd_row_does_not_spoil_the_list(town: Town) -> None:
    """A row without id is left out, the others come."""
    town.server.faults.add(answering('{"items": [{"title": "x"}, {"id": 7}, {"id": "good", "type": "group"}]}'))
    assert [space.id for space in town.webex.spaces()] == ["good"]


# who sees the token


def test_a_next_page_under_another_name_is_fetched_from_the_api(town: Town) -> None:
    """The list goes on where the bot knows the API to be; the other host sees nothing."""
    with RawServer() as other:
        town.server.faults.add(answering('{"items": []}', Link=f'<{other.url}rooms?max=1>; rel="next"'))
        assert {space.id for space in town.webex.spaces()} == {town.room.id, town.dm.id}
        assert other.requests == []


@pytest.mark.parametrize("link", ["/v1/rooms?max=1", "?max=1"])
def test_a_next_page_may_be_named_in_short(town: Town, link: str) -> None:
    """RFC 8288 lets a link be relative to the page that it stands on."""
    town.server.faults.add(answering('{"items": []}', Link=f'<{link}>; rel="next"'))
    assert {space.id for space in town.webex.spaces()} == {town.room.id, town.dm.id}


@pytest.mark.parametrize("link", ["{page}elsewhere/rooms", "file:///etc/passwd", "//{host}/v1/rooms", "https://["])
def test_a_next_page_elsewhere_is_not_fetched(town: Town, link: str) -> None:
    """A list that goes on outside the API ends with an error, and nobody sees the token."""
    with RawServer() as other:
        place = link.format(page=other.url.removesuffix("v1/"), host=other.host)
        town.server.faults.add(answering('{"items": []}', Link=f'<{place}>; rel="next"'))
        with pytest.raises(WebexError):
            list(town.webex.spaces())
        assert other.requests == []


def page(url: str) -> bytes:
    """Return a page of a list that goes on at this address."""
    body = b'{"items": [{"id": "a", "type": "group"}]}'
    head = f'HTTP/1.1 200 OK\r\nLink: <{url}>; rel="next"\r\nContent-Length: {len(body)}\r\n\r\n'
    return head.encode() + body


@pytest.mark.parametrize("ways", [["1"], ["1", "2"], ["1", "2", "3"]])
def test_a_list_without_end_is_given_up(town: Town, ways: list[str]) -> None:
    """Pages that name themselves, or each other in a circle, do not keep the bot for ever."""
    with RawServer() as server:
        server.answers = [page(f"{server.url}rooms?cursor={way}") for way in ways * 50]
        with pytest.raises(NoAnswer):
            list(town.gateway(server.url).spaces())
        assert len(server.requests) < 50


# what goes out


def test_a_text_goes_out_as_markdown(town: Town) -> None:
    """Into a space, or into a thread of it; the id is that of the message."""
    message_id = town.post()
    reply_id = town.webex.post(town.room.id, "reply", parent_id=message_id)
    message, reply = town.world.messages(by=town.bot)
    assert (message.id, message.markdown, reply.id, reply.parent_id) == (message_id, "**hello**", reply_id, message_id)


def test_a_person_is_written_to_in_the_1_1(town: Town) -> None:
    """One that is there already, or a new one."""
    message_id = town.webex.post_to_person(town.alice.id, "hi")
    assert [message.id for message in town.world.messages(room=town.dm, by=town.bot)] == [message_id]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("plan.pdf", "application/pdf"),
        ("příloha č. 1.txt", "text/plain"),
        ('quo"te;.bin', "application/octet-stream"),
        ("报告.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("card.json", "application/json"),
    ],
)
def test_a_file_keeps_its_name_and_type(town: Town, tmp_path: Path, name: str, kind: str) -> None:
    """Whatever it is called, and whatever its ending says; the text goes along."""
    town.post(stored(tmp_path, name, kind, b"\0\r\n--x" * 100))
    [message] = town.world.messages(by=town.bot)
    [file] = message.files
    assert (message.markdown, file.name, file.content_type, file.content) == (
        "**hello**",
        name,
        kind,
        b"\0\r\n--x" * 100,
    )


def test_an_upload_that_was_refused_is_whole_the_next_time(town: Town, tmp_path: Path) -> None:
    """The body is made anew for every attempt: a 429 in between does not leave an empty file behind."""
    content = stored(tmp_path, content=b"z" * 3_000_000)
    town.server.faults.add(Fault(kind="status", status=429, times=2))
    for _ in range(2):
        with pytest.raises(Refused):
            town.post(content)
    town.post(content)
    first, _, third = [call.body_bytes_in for call in town.server.calls]
    [file] = town.world.messages(by=town.bot)[0].files
    assert (file.size, first == third > 3_000_000) == (3_000_000, True)


@pytest.mark.parametrize("form", [Form.CARD, Form.UNTRIED])
def test_a_card_goes_out_as_an_attachment(town: Town, form: Form) -> None:
    """Beside the text; the file it came from stays at home."""
    town.post(Content(group_parts=("x",), direct_parts=("x",), form=form, card=CARD))
    [message] = town.world.messages(by=town.bot)
    assert (message.markdown, len(message.attachments), message.files) == ("**hello**", 1, ())


def test_a_card_that_was_refused_goes_out_as_its_file(town: Town, tmp_path: Path) -> None:
    """The form decides, not what else is there."""
    town.post(stored(tmp_path))
    [message] = town.world.messages(by=town.bot)
    assert (message.attachments, len(message.files)) == ((), 1)


def test_a_file_that_is_gone_from_the_disk_means_not_sent(town: Town, tmp_path: Path) -> None:
    """Nothing is sent then, rather than a message without its file."""
    content = stored(tmp_path)
    (tmp_path / "content").unlink()
    with pytest.raises(NotSent, match="cannot be read"):
        town.post(content)
    assert town.server.calls == []


def test_the_bot_can_leave(town: Town) -> None:
    """By its membership."""
    mine = next(item for item in town.webex.memberships() if item.space_id == town.room.id)
    town.webex.leave(mine.id)
    assert [space.id for space in town.webex.spaces()] == [town.dm.id]


def test_webhooks_are_made_changed_and_removed(town: Town) -> None:
    """With filter and secret; a change makes an inactive one active again."""
    place = {"resource": "messages", "event": "created", "filter": "roomType=direct"}
    town.webex.create_webhook(Webhook(name="a", target_url="https://one.example/webhook", secret="s1", **place))
    [made] = town.webex.webhooks()
    changed = Webhook(id=made.id, name="b", target_url="https://two.example/webhook", secret="s2", **place)
    town.webex.update_webhook(changed)
    [found] = town.webex.webhooks()
    assert (made.name, made.filter, made.secret, made.status) == ("a", "roomType=direct", "s1", "active")
    assert (found.id, found.name, found.target_url, found.secret) == (made.id, "b", "https://two.example/webhook", "s2")
    town.webex.delete_webhook(made.id)
    assert town.webex.webhooks() == ()
