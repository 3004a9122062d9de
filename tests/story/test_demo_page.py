"""What a newcomer sees: the demo's page in a real browser. No bot runs; the test itself speaks for it."""

import base64
import http.client
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests.story.axe import findings
from tests.story.demo_page import card, outside, say, switch, tile
from webexsim import Server
from webexsim.demo import write_config
from webexsim.model import Message, Person, Space
from webexsim.scenes import Scene, add_spaces, office
from webexsim.storage import SimFile
from webexsim.subscriptions import Wish
from webexsim.world import World

HOSTILE = (
    "<p>Hello<script>window.hacked = 1</script><img src='http://192.0.2.1/x.png' onerror='window.hacked = 1'>"
    "<a href='javascript:window.hacked = 1'>press</a><svg onload='window.hacked = 1'></svg></p>"
)


def attachment(body: Sequence[object], *actions: object) -> dict[str, object]:
    """Return a card as the bot posts it."""
    content = {"type": "AdaptiveCard", "version": "1.3", "body": list(body), "actions": list(actions)}
    return {"contentType": "application/vnd.microsoft.card.adaptive", "content": content}


LUNCH = attachment(
    [{"type": "TextBlock", "text": "Lunch <b>today</b>"}, {"type": "Input.Text", "id": "n", "label": "Name"}],
    {"type": "Action.Submit", "title": "Count me in"},
)
SEND = {"type": "Action.Submit", "title": "Send", "data": {"do": "send"}}
CANCEL = {"type": "Action.Submit", "title": "Cancel", "data": {"do": "cancel"}, "associatedInputs": "none"}
QUESTION = attachment(
    [
        {"type": "FactSet", "facts": [{"title": "Goes to", "value": "**17** spaces"}]},
        {"type": "Container", "items": [{"type": "Input.Toggle", "id": "quiet", "title": "No report"}]},
        {"type": "Input.Text", "id": "why", "label": "Why", "isRequired": True, "errorMessage": "Say why."},
        {"type": "ActionSet", "actions": [CANCEL]},
    ],
    SEND,
)


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """The stand-in with its people, and nobody's bot: the test itself speaks for the bot."""

    world: World
    scene: Scene
    url: str
    config: Path


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    """The demo without a bot process."""
    world = World(seed=1)
    scene = office(world)
    config = write_config(tmp_path, scene)
    with Server(world, bot_config=config) as server:
        yield Rehearsal(world=world, scene=scene, url=server.page_url, config=config)


def post(url: str, path: str, body: object) -> None:
    """Send JSON to the stand-in's control."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    assert connection.getresponse().status == 200
    connection.close()


def space_named(rehearsal: Rehearsal, title: str) -> Space:
    """Return the space with this title."""
    return next(it for it in rehearsal.world.directory.spaces.values() if it.title == title)


def link_to(rehearsal: Rehearsal, title: str) -> str:
    """Return the address that opens a space in the Webex app."""
    uuid = base64.b64decode(space_named(rehearsal, title).id + "==").decode().rpartition("/")[2]
    return f"webexteams://im?space={uuid}"


def order(rehearsal: Rehearsal, text: str = "Lunch at eleven") -> Message:
    """Write to the bot as the sender does, past the page."""
    scene, world = rehearsal.scene, rehearsal.world
    return world.say(scene.sender, world.direct(scene.bot, scene.sender), text)


def answer(rehearsal: Rehearsal, root: Message, text: str, **rest: Any) -> Message:
    """Answer in the thread of a message as the bot does."""
    scene, world = rehearsal.scene, rehearsal.world
    return world.say(scene.bot, world.direct(scene.bot, scene.sender), text, parent=root, **rest)


def copy(rehearsal: Rehearsal, title: str, text: str) -> Message:
    """Post a copy as the bot does."""
    return rehearsal.world.say(
        rehearsal.scene.bot, space_named(rehearsal, title), markdown=f"Message from Alice Novak:\n\n{text}"
    )


def replies(rehearsal: Rehearsal) -> list[str]:
    """Return what the sender has written in threads."""
    return [said.text for said in rehearsal.world.messages(by=rehearsal.scene.sender) if said.parent_id]


def presses(rehearsal: Rehearsal) -> list[tuple[Person, Mapping[str, Any]]]:
    """Return a list that fills with who presses a card's button, and what with."""
    pressed: list[tuple[Person, Mapping[str, Any]]] = []
    bot = rehearsal.scene.bot
    wish = Wish(name="w", target_url="http://127.0.0.1:9/", resource="attachmentActions", event="created")
    rehearsal.world.webhooks.create(bot, wish)
    rehearsal.world.webhooks.listen(lambda _, event: pressed.append((event.subject.person, event.subject.inputs)))
    return pressed


def test_a_copy_fills_the_tile_of_its_space_and_no_other(page: Page, rehearsal: Rehearsal) -> None:
    """The tile shows the copy without the identity, its count, and stays the same element."""
    page.goto(rehearsal.url)
    target = tile(page, "Design guild")
    target.evaluate("node => { node.kept = true }")
    space = space_named(rehearsal, "Design guild")
    rehearsal.world.say(rehearsal.scene.bot, space, markdown="Message from Alice Novak:\n\nCake at three")
    expect(target).to_contain_text("×1")
    expect(target.locator(".last")).to_have_text("Cake at three")
    assert target.evaluate("node => node.kept") is True
    expect(page.get_by_text("Cake at three")).to_have_count(1)


def test_the_reason_for_leaving_a_space_out_stands_on_its_tile(page: Page, rehearsal: Rehearsal) -> None:
    """What the bot said of a space is readable without opening it, and the filter finds it."""
    space = space_named(rehearsal, "Company announcements")
    page.goto(rehearsal.url)
    say(page, "Hello")
    expect(page.locator("#talk")).to_contain_text("Hello")
    note = {"room_id": space.id, "state": "skipped", "reason": "Only moderators may write here <b>"}
    post(rehearsal.url, "/sim/notes", [note])
    expect(tile(page, "Company announcements")).to_contain_text("Only moderators may write here <b>")
    page.locator("#filters").get_by_role("button", name="Left out").click()
    expect(page.locator(".tile:visible")).to_have_count(1)


def test_markup_from_outside_does_nothing_on_the_page(page: Page, rehearsal: Rehearsal) -> None:
    """Scripts, handlers, foreign pictures and script links of a message vanish; its words stay."""
    strangers = outside(page)
    rehearsal.world.say(
        rehearsal.scene.bot, rehearsal.world.direct(rehearsal.scene.bot, rehearsal.scene.sender), "x", html=HOSTILE
    )
    page.goto(rehearsal.url)
    tile(page, "Alice Novak").click()
    room = page.get_by_role("dialog")
    expect(room.locator(".bubble")).to_have_text("Hellopress")
    assert room.locator("script, img, a, [onerror], [onload]").count() == 0
    assert (page.evaluate("window.hacked"), strangers) == (None, [])


def test_a_title_from_outside_is_text(page: Page, rehearsal: Rehearsal) -> None:
    """Angle brackets of a space's title are shown, not interpreted."""
    rehearsal.world.space("<img src=x onerror='window.hacked=1'>", rehearsal.scene.bot.org, [rehearsal.scene.bot])
    page.goto(rehearsal.url)
    expect(tile(page, "<img src=x onerror='window.hacked=1'>")).to_be_visible()
    assert page.evaluate("window.hacked") is None


def test_a_link_to_a_space_opens_that_space(page: Page, rehearsal: Rehearsal) -> None:
    """What would open the Webex app shows the space's own tile here."""
    answer(rehearsal, order(rehearsal), "there", html=f"<a href='{link_to(rehearsal, 'Book club')}'>there</a>")
    page.goto(rehearsal.url)
    page.get_by_role("link", name="there").click()
    expect(page.get_by_role("dialog", name="Book club")).to_be_visible()


def test_a_link_without_words_of_its_own_is_shown_as_the_spaces_name(page: Page, rehearsal: Rehearsal) -> None:
    """A bare address of a space reads as its title, in plain text and in a card; others open in a tab of their own."""
    address = link_to(rehearsal, "Book club")
    text = {"type": "TextBlock", "text": f"In {address} and [here](http://127.0.0.1:9/b/1).", "wrap": True}
    root = order(rehearsal)
    answer(rehearsal, root, f"See {address}.")
    answer(rehearsal, root, "", attachments=[attachment([text])])
    page.goto(rehearsal.url)
    expect(page.locator("#talk").get_by_role("link", name="Book club")).to_have_count(2)
    expect(card(page).get_by_role("link", name="here")).to_have_attribute("target", "_blank")


def test_a_card_is_shown_with_its_text_inputs_and_actions(page: Page, rehearsal: Rehearsal) -> None:
    """Opening a space shows the card as the space sees it, as text."""
    space = space_named(rehearsal, "Book club")
    rehearsal.world.say(rehearsal.scene.bot, space, "Message from Alice Novak:", attachments=[LUNCH])
    page.goto(rehearsal.url)
    tile(page, "Book club").click()
    shown = page.get_by_role("dialog").get_by_role("group", name="Adaptive Card")
    expect(shown).to_contain_text("Lunch <b>today</b>")
    expect(shown.get_by_label("Name")).to_be_visible()
    expect(shown.get_by_role("button", name="Count me in")).to_be_enabled()


def test_one_replies_in_the_thread_of_ones_message(page: Page, rehearsal: Rehearsal) -> None:
    """The thread of the newest message is open; a word that steers is one click, others are typed."""
    page.goto(rehearsal.url)
    say(page, "Lunch at eleven")
    steering = page.get_by_role("group", name="Words that steer this broadcast")
    steering.get_by_role("button", name="status").click()
    expect(page.locator("#talk .thread .mine")).to_have_text(re.compile("status"))
    page.get_by_label("Reply in the thread").fill("edit: Lunch at noon")
    page.get_by_label("Reply in the thread").press("Enter")
    expect(page.locator("#talk .thread .mine")).to_have_count(2)
    assert replies(rehearsal) == ["status", "edit: Lunch at noon"]


def test_what_is_being_typed_survives_what_the_bot_says(page: Page, rehearsal: Rehearsal) -> None:
    """The bot's answer, its edit and an edit of the message itself leave reply and focus where they are."""
    root = order(rehearsal)
    page.goto(rehearsal.url)
    page.get_by_label("Reply in the thread").press_sequentially("rec")
    said = answer(rehearsal, root, "On its way to 17")
    expect(page.locator("#talk .thread")).to_contain_text("On its way to 17")
    rehearsal.world.edit(said, "Sent to 17")
    rehearsal.world.edit(root, "Lunch at noon")
    expect(page.locator("#talk .thread .message")).to_contain_text(re.compile("edited.*Sent to 17"))
    page.keyboard.type("all")
    expect(page.get_by_label("Reply in the thread")).to_have_value("recall")


def test_an_own_message_is_edited_in_place(page: Page, rehearsal: Rehearsal) -> None:
    """The box has what was typed, marks included; afterwards the message says that it was edited."""
    page.goto(rehearsal.url)
    say(page, "Lunch at **eleven**")
    page.get_by_role("button", name="Edit", exact=True).click()
    expect(page.get_by_label("Edit your message")).to_have_value("Lunch at **eleven**")
    page.get_by_label("Edit your message").fill("Lunch at **noon**")
    page.keyboard.press("Enter")
    expect(page.locator("#talk > .mine > .body")).to_contain_text(re.compile("edited.*Lunch at noon"))
    [message] = rehearsal.world.messages(by=rehearsal.scene.sender)
    assert message.html == "<p>Lunch at <strong>noon</strong></p>"


def test_an_own_message_is_deleted_and_its_thread_stays(page: Page, rehearsal: Rehearsal) -> None:
    """A line says so where it was, also after a reload; the bot's messages have no such buttons."""
    root = order(rehearsal)
    answer(rehearsal, root, "Sent to 17")
    page.goto(rehearsal.url)
    page.get_by_role("button", name="Delete", exact=True).click()
    for _ in range(2):
        expect(page.locator("#talk > li")).to_have_text(re.compile("deleted.*Sent to 17"))
        expect(page.get_by_role("button", name="Delete", exact=True)).to_have_count(0)
        page.reload()
    assert rehearsal.world.messages(by=rehearsal.scene.sender) == []


def test_a_cards_button_sends_its_data_with_what_was_filled_in(page: Page, rehearsal: Rehearsal) -> None:
    """Send waits for what is required and brings data and inputs, as the person who pressed."""
    pressed = presses(rehearsal)
    answer(rehearsal, order(rehearsal), "Sure?", attachments=[QUESTION])
    page.goto(rehearsal.url)
    expect(card(page)).to_contain_text("17 spaces")
    card(page).get_by_role("button", name="Send").click()
    expect(card(page).get_by_role("status")).to_have_text("Say why.")
    card(page).get_by_label("Why").fill("lunch")
    card(page).get_by_label("No report").check()
    card(page).get_by_role("button", name="Send").click()
    expect(card(page).get_by_role("status")).to_have_text("Sent: Send")
    expected = {"do": "send", "quiet": "true", "why": "lunch"}
    assert pressed == [(rehearsal.scene.sender, expected)]


def test_a_button_that_takes_no_inputs_asks_for_none(page: Page, rehearsal: Rehearsal) -> None:
    """Cancel works on a form that is not filled in."""
    pressed = presses(rehearsal)
    answer(rehearsal, order(rehearsal), "Sure?", attachments=[QUESTION])
    page.goto(rehearsal.url)
    card(page).get_by_role("button", name="Cancel").click()
    expect(card(page).get_by_role("status")).to_have_text("Sent: Cancel")
    assert pressed == [(rehearsal.scene.sender, {"do": "cancel"})]


def test_a_card_in_a_space_one_is_not_in_cannot_be_pressed(page: Page, rehearsal: Rehearsal) -> None:
    """Its buttons are off and say why."""
    rehearsal.world.say(
        rehearsal.scene.bot, rehearsal.world.direct(rehearsal.scene.bot, rehearsal.scene.colleague), attachments=[LUNCH]
    )
    page.goto(rehearsal.url)
    tile(page, "Ben Okafor").click()
    press = page.get_by_role("dialog").get_by_role("button", name="Count me in")
    expect(press).to_be_disabled()
    expect(press).to_have_attribute("title", "Alice Novak is not in this space.")


def test_a_tile_shows_that_its_copy_was_edited_and_recalled(page: Page, rehearsal: Rehearsal) -> None:
    """Live and after a reload the wall counts what was changed and what was taken back."""
    order(rehearsal)
    first, second = copy(rehearsal, "Book club", "Eleven"), copy(rehearsal, "Design guild", "Eleven")
    page.goto(rehearsal.url)
    expect(page.locator("#run-title")).to_have_text("2 of 24 arrived")
    rehearsal.world.edit(first, "Message from Alice Novak:\n\nNoon")
    expect(page.locator("#run-title")).to_have_text("1 of 2 edited")
    expect(tile(page, "Book club")).to_contain_text(re.compile("edited.*Noon"))
    rehearsal.world.delete(second)
    for _ in range(2):
        expect(page.locator("#run-title")).to_have_text("1 of 2 recalled")
        expect(tile(page, "Design guild")).to_have_attribute("data-state", "recalled")
        expect(tile(page, "Book club")).to_have_attribute("data-state", "arrived")
        page.reload()


def test_a_word_to_the_sender_is_no_copy(page: Page, rehearsal: Rehearsal) -> None:
    """Where the message has gone, the bot answers outside of its thread, and the sender's tile stays recalled."""
    root = order(rehearsal)
    said = copy(rehearsal, "Alice Novak", "Eleven")
    page.goto(rehearsal.url)
    expect(tile(page, "Alice Novak")).to_have_attribute("data-state", "arrived")
    for gone in (root, said):
        rehearsal.world.delete(gone)
    rehearsal.world.say(rehearsal.scene.bot, space_named(rehearsal, "Alice Novak"), "Taken back: 1")
    expect(page.locator("#talk")).to_contain_text("Taken back: 1")
    expect(tile(page, "Alice Novak")).to_have_attribute("data-state", "recalled")


def test_an_edit_that_failed_stands_on_the_tile_until_one_succeeds(page: Page, rehearsal: Rehearsal) -> None:
    """The reason is worth more than that an older copy is there."""
    order(rehearsal)
    said = copy(rehearsal, "Book club", "Eleven")
    page.goto(rehearsal.url)
    note = {"room_id": said.room_id, "state": "failed", "reason": "Webex lets nobody edit a file"}
    post(rehearsal.url, "/sim/notes", [note])
    expect(tile(page, "Book club").locator(".last")).to_have_text("Webex lets nobody edit a file")
    rehearsal.world.edit(said, "Message from Alice Novak:\n\nNoon")
    expect(tile(page, "Book club")).to_have_attribute("data-state", "arrived")


def test_a_question_to_the_bot_is_one_click_and_no_broadcast(page: Page, rehearsal: Rehearsal) -> None:
    """`/spaces` goes out as it stands, and the run above stays what it was."""
    page.goto(rehearsal.url)
    page.get_by_role("button", name="/spaces").click()
    expect(page.locator("#talk")).to_contain_text("/spaces")
    expect(page.locator("#run-title")).to_have_text("No broadcast yet")
    assert [said.text for said in rehearsal.world.messages(by=rehearsal.scene.sender)] == ["/spaces"]


def test_a_file_that_arrived_can_be_downloaded_byte_for_byte(page: Page, rehearsal: Rehearsal) -> None:
    """The chip of a file leads to what the space got, under its own name."""
    space = space_named(rehearsal, "Book club")
    rehearsal.world.say(rehearsal.scene.bot, space, "List", files=[SimFile("přehled.txt", b"\x00one\r\n", "text/html")])
    page.goto(rehearsal.url)
    tile(page, "Book club").click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name=re.compile("přehled.txt")).click()
    assert waiting.value.suggested_filename == "přehled.txt"
    assert Path(waiting.value.path()).read_bytes() == b"\x00one\r\n"


@pytest.mark.parametrize(
    ("button", "name", "kind"),
    [
        ("Text file", "agenda.txt", "text/plain"),
        ("Image", "summer-party.png", "image/png"),
        ("Card", "lunch-card.json", "application/json"),
    ],
)
def test_a_sample_file_goes_out_with_one_click_and_send(
    page: Page, rehearsal: Rehearsal, button: str, name: str, kind: str
) -> None:
    """The sample is attached under its name and arrives at the stand-in with its type."""
    page.goto(rehearsal.url)
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.locator("#attached")).to_contain_text(name)
    say(page, "See this")
    expect(page.locator("#talk")).to_contain_text(name)
    [message] = rehearsal.world.messages(by=rehearsal.scene.sender)
    assert [(file.name, file.content_type, file.size > 0) for file in message.files] == [(name, kind, True)]


def test_in_a_group_space_the_bot_is_mentioned(page: Page, rehearsal: Rehearsal) -> None:
    """Choosing a space instead of the 1-1 sends a real mention of the bot."""
    page.goto(rehearsal.url)
    page.get_by_label("Where").select_option("Sales EMEA")
    say(page, "Numbers are out")
    expect(page.locator("#talk")).to_contain_text("Numbers are out")
    [message] = rehearsal.world.messages(by=rehearsal.scene.sender)
    assert message.mentioned_people == (rehearsal.scene.bot.id,)


def test_the_page_works_from_the_keyboard_alone(page: Page, rehearsal: Rehearsal) -> None:
    """Enter sends, Enter opens a tile, Escape closes it and gives the focus back."""
    page.goto(rehearsal.url)
    page.get_by_label("Message", exact=True).focus()
    page.keyboard.type("No mouse")
    page.keyboard.press("Enter")
    expect(page.locator("#talk")).to_contain_text("No mouse")
    tile(page, "Book club").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(tile(page, "Book club")).to_be_focused()


def test_what_is_sent_before_the_page_knows_anybody_goes_out_when_it_does(page: Page, rehearsal: Rehearsal) -> None:
    """A click on Send while the first look at the stand-in is still on its way is not swallowed."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/sim/state?*", hold, times=1)
    with page.expect_request("**/sim/state?*"):
        page.goto(rehearsal.url)
    page.get_by_label("Message", exact=True).fill("Early bird")
    page.locator("#composer").get_by_role("button", name="Send", exact=True).click()
    held[0].continue_()
    expect(page.locator("#talk > .mine")).to_contain_text("Early bird")


def test_the_hint_is_for_the_first_visit(page: Page, rehearsal: Rehearsal) -> None:
    """Four steps the first time; not again once closed, until asked for."""
    page.goto(rehearsal.url)
    expect(page.locator("#hint li")).to_have_count(4)
    page.get_by_role("button", name="Close the hint").click()
    page.reload()
    expect(page.locator(".tile").first).to_be_visible()
    expect(page.locator("#hint")).to_be_hidden()
    page.get_by_role("button", name="How it works").click()
    expect(page.locator("#hint")).to_be_visible()


def test_a_switch_changes_the_bots_config(page: Page, rehearsal: Rehearsal) -> None:
    """The switches show the config file and write to it."""
    page.goto(rehearsal.url)
    box = switch(page, "Only the sender’s org")
    expect(box).to_be_checked()
    with page.expect_response("**/sim/settings"):
        box.uncheck(force=True)
    assert json.loads(rehearsal.config.read_text("utf-8"))["destination"]["senders_own_org"] is False


def test_the_question_before_sending_is_switched_on_with_its_number(page: Page, rehearsal: Rehearsal) -> None:
    """The switch writes `confirm.above` with the number beside it, and null when it goes off; a reload shows it."""
    page.goto(rehearsal.url)
    asks, box = switch(page, "Ask first above"), page.get_by_role("spinbutton")
    for act in (lambda: asks.check(force=True), lambda: (box.fill("3"), box.press("Tab"))):
        with page.expect_response("**/sim/settings"):
            act()
    assert json.loads(rehearsal.config.read_text("utf-8"))["confirm"] == {"above": 3}
    page.reload()
    expect(box).to_have_value("3")
    with page.expect_response("**/sim/settings"):
        asks.uncheck(force=True)
    assert json.loads(rehearsal.config.read_text("utf-8"))["confirm"] == {"above": None}


@pytest.mark.parametrize(("label", "status"), [("Outage", 503), ("Rate limit", 429)])
def test_trouble_reaches_the_api(page: Page, rehearsal: Rehearsal, label: str, status: int) -> None:
    """With a trouble chosen, calls to the stand-in begin to fail in that way."""
    page.goto(rehearsal.url)
    with page.expect_response("**/sim/trouble"):
        page.get_by_role("radio", name=label, exact=True).check(force=True)
    assert status in {me(rehearsal.url, rehearsal.scene.bot) for _ in range(20)}


def me(url: str, person: Person) -> int:
    """Return the status of `GET /people/me`."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    connection.request("GET", "/v1/people/me", headers={"Authorization": f"Bearer {person.token}"})
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize("spaces", [0, 1_000])
def test_nothing_sticks_out_at_a_phones_width(phone: Page, rehearsal: Rehearsal, spaces: int) -> None:
    """No scrolling sideways at 390 pixels, with few tiles or a thousand, a long word, and the settings open."""
    add_spaces(rehearsal.world, spaces)
    rehearsal.world.say(
        rehearsal.scene.bot, rehearsal.world.direct(rehearsal.scene.bot, rehearsal.scene.sender), "W" * 400
    )
    phone.goto(rehearsal.url)
    expect(phone.locator(".tile")).to_have_count(24 + spaces)
    phone.locator("#controls summary").click()
    assert phone.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground_in_light_and_dark(page: Page, rehearsal: Rehearsal, scheme: str) -> None:
    """Body text and softer text keep a contrast of 4.5 to 1 (WCAG 2.2, 1.4.3)."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(rehearsal.url)
    for selector in ("body", "#bot-line", "#big", ".tile .meta", ".filters [data-state=skipped]"):
        assert page.locator(selector).first.evaluate(CONTRAST) >= 4.5, selector


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page: Page, rehearsal: Rehearsal, scheme: str) -> None:
    """With a card in an open thread, a copy, and a message being edited, the checker has nothing to say."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    answer(rehearsal, order(rehearsal), "Sure?", attachments=[QUESTION])
    copy(rehearsal, "Book club", "Eleven")
    page.goto(rehearsal.url)
    expect(card(page)).to_be_visible()
    assert findings(page) == []
    page.get_by_role("button", name="Edit", exact=True).click()
    assert findings(page) == []


CONTRAST = """node => {
  const parts = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = parts(color).map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let ground = node;
  while (parts(getComputedStyle(ground).backgroundColor)[3] === 0) ground = ground.parentElement;
  const [a, b] = [getComputedStyle(node).color, getComputedStyle(ground).backgroundColor].map(light);
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}"""
