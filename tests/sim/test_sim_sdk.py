"""The real SDK, webexteamssdk 1.7, against the stand-in."""

from pathlib import Path
from typing import Any

import pytest
from webexteamssdk import ApiError, RateLimitError, WebexTeamsAPI

from webexsim import Server


@pytest.fixture
def sdk(town: Any, server: Server) -> Any:
    """Return the SDK with the bot's token, its own sleeping off."""
    api = WebexTeamsAPI(access_token=town.bot.token, base_url=server.url, wait_on_rate_limit=False)
    yield api
    api._session._req_session.close()


def test_me_is_the_bot(town: Any, sdk: Any) -> None:
    """people.me gives the bot, its address and type."""
    me = sdk.people.me()
    assert (me.id, me.emails, me.type, me.orgId) == (town.bot.id, [town.bot.email], "bot", town.acme.id)


def test_all_rooms_come_over_all_pages(town: Any, server: Server, sdk: Any) -> None:
    """rooms.list follows every Link, past empty pages too."""
    for number in range(120):
        town.world.space(f"S{number}", town.acme, [town.bot])
    server.empty_pages = True
    assert len(list(sdk.rooms.list(max=50))) == 126
    assert len([call for call in server.calls if call.path == "/rooms"]) == 5


def test_dates_are_read(town: Any, sdk: Any) -> None:
    """The SDK's strict parser takes the dates as they are written."""
    assert sdk.rooms.get(town.room.id).created.year == 2027


def test_a_message_goes_out_as_json(town: Any, sdk: Any) -> None:
    """messages.create posts, messages.get reads it back."""
    said = sdk.messages.create(roomId=town.room.id, markdown="**hi**")
    assert sdk.messages.get(said.id).html == "<p><strong>hi</strong></p>"


def test_a_file_goes_out_as_multipart(town: Any, sdk: Any, tmp_path: Path) -> None:
    """A local file arrives with its name, type and bytes."""
    path = tmp_path / "plán.csv"
    path.write_bytes(b"a;b")
    sdk.messages.create(toPersonEmail=town.alice.email, text="see", files=[str(path)])
    file = town.world.messages(by=town.bot)[0].files[0]
    assert (file.name, file.content_type, file.content) == ("plán.csv", "text/csv", b"a;b")


def test_a_card_goes_out(town: Any, sdk: Any) -> None:
    """A card is kept as it was posted."""
    content = {"type": "AdaptiveCard", "version": "1.3", "body": [{"type": "TextBlock", "text": "hi"}]}
    card = {"contentType": "application/vnd.microsoft.card.adaptive", "content": content}
    sdk.messages.create(roomId=town.room.id, text="fallback", attachments=[card])
    assert town.world.messages(by=town.bot)[0].attachments == (card,)


def test_memberships_are_listed(town: Any, sdk: Any) -> None:
    """memberships.list gives the bot's own, and those of a room."""
    assert len(list(sdk.memberships.list(max=1000))) == 6
    members = {member.personOrgId for member in sdk.memberships.list(roomId=town.room.id)}
    assert members == {town.acme.id, town.globex.id}


def test_webhooks_are_made_changed_and_listed(sdk: Any) -> None:
    """webhooks.create, update with status and secret, list and delete work as the SDK sends them."""
    made = sdk.webhooks.create("w", "http://127.0.0.1/hook", "messages", "created", filter="roomType=direct")
    sdk.webhooks.update(made.id, name="new", targetUrl="http://127.0.0.1/x", status="active", secret="s")
    assert [(hook.name, hook.secret, hook.filter) for hook in sdk.webhooks.list()] == [("new", "s", "roomType=direct")]
    sdk.webhooks.delete(made.id)
    assert list(sdk.webhooks.list()) == []


def test_a_refusal_is_an_api_error(town: Any, sdk: Any) -> None:
    """The SDK reads status and words of a refusal."""
    with pytest.raises(ApiError, match=r"\[404\] Not Found - Could not find a room with provided ID\."):
        sdk.messages.create(roomId="none", text="x")


def test_a_429_is_a_rate_limit_error(server: Server, sdk: Any) -> None:
    """The SDK knows a 429, and reads how long to wait."""
    server.rate_limit(per_second=0.1, burst=0)
    with pytest.raises(RateLimitError) as caught:
        sdk.people.me()
    assert caught.value.retry_after == 10


def test_submitting_an_action_is_a_202_the_sdk_does_not_expect(town: Any, sdk: Any) -> None:
    """POST /attachment/actions answers 202, which SDK 1.7 takes for an error though it is none."""
    content = {"type": "AdaptiveCard", "version": "1.3", "body": []}
    card = {"contentType": "application/vnd.microsoft.card.adaptive", "content": content}
    said = town.world.say(town.bot, town.room, attachments=[card])
    with pytest.raises(ApiError, match=r"\[202\]"):
        sdk.attachment_actions.create("submit", said.id, {"a": "b"})
