"""The live page in a real browser: how it moves, how it is used, and whether everybody can use it."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from broadcast.model import State
from tests.contract.records import Worker, place
from tests.story.axe import findings
from tests.story.demo_page import outside
from tests.story.live_page import link_in, link_to_newest, press
from tests.story.stage import Stage, eventually
from webexsim import Message

HOSTILE = "<img src=x onerror='window.hacked = 1'><script>window.hacked = 1</script>"
LONG = "Project Andromeda with a name that nobody can read at once " + "W" * 80
WATCH = """() => {
  window.seen = [];
  const number = (node) => Number(node.textContent.replace(',', ''));
  const look = () => window.seen.push([
    Number(document.querySelector('#status [role=progressbar]').getAttribute('aria-valuenow')),
    [...document.querySelectorAll('.counts b')].reduce((sum, node) => sum + number(node), 0),
  ]);
  look();
  new MutationObserver(look).observe(document.querySelector('#status'), { childList: true });
}"""

LOOK = "document.dispatchEvent(new Event('visibilitychange'))"


def half_failed(stage: Stage, *titles: str) -> Message:
    """Have Alice's message refused in one space, left out of another, and arrive in the others."""
    stage.space("Closed", announcement_only=True)
    stage.fault("status", room=stage.space("Refused"), status=403)
    stage.fault("cut_after", room=stage.space("Doubtful"))
    for title in titles:
        stage.space(title)
    return stage.broadcast(stage.alice, "hello")


def paused(stage: Stage, *, sent: int, seconds: int = 600) -> None:
    """Have Alice's message wait, because Webex asks for a pause after so many copies."""
    stage.fault("status", status=429, headers={"Retry-After": str(seconds)}, after=sent)
    stage.says(stage.alice, "hello")
    eventually(lambda: stage.services and stage.services.gate.closed_for() and stage.states().get(State.SENT))


def rows(page: Page) -> list[str]:
    """Return what the rows of the table are called."""
    return page.locator("#table tbody th").all_inner_texts()


def complaints(page: Page) -> list[str]:
    """Return a list that fills with what the browser complains about: errors, and what the policy forbids."""
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


# How it moves


def test_the_progress_is_seen_from_start_to_end_on_a_thousand_spaces(
    page: Page, make_stage: Callable[..., Stage]
) -> None:
    """Without a reload it rises to 100 %, its counts add up at every moment, and it says when it is done."""
    stage = make_stage(pace=5)
    stage.spaces(1000)
    stage.open()
    paused(stage, sent=400, seconds=300)
    page.goto(link_to_newest(stage))
    page.evaluate(WATCH)
    stage.clock.hurry(60)
    expect(page.locator("#status [role=progressbar]").first).to_have_attribute("aria-valuenow", "100", timeout=60_000)
    seen = page.evaluate("window.seen")
    assert 0 < seen[0][0] < 60
    assert [percent for percent, _ in seen] == sorted(percent for percent, _ in seen)
    assert {total for _, total in seen} == {1001}
    expect(page.locator("#status")).to_contain_text("Done: every space that was to get it has it.")
    expect(page.locator("#news")).to_have_text("Done: every space that was to get it has it.")


def test_a_hidden_tab_asks_for_nothing(page: Page, make_stage: Callable[..., Stage]) -> None:
    """It rests while nobody looks, and looks at once when somebody does."""
    stage = make_stage(pace=1)
    stage.spaces(5)
    paused(stage.open(), sent=3)
    page.clock.install()
    page.goto(link_to_newest(stage))
    page.evaluate("Object.defineProperty(document, 'hidden', { get: () => window.away, configurable: true })")
    page.evaluate("window.away = true; document.dispatchEvent(new Event('visibilitychange'))")
    page.clock.run_for(10_000)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.run_for(600_000)
    assert asked == []
    with page.expect_response("**/state?"):
        page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")


def test_the_focus_stays_where_it_is_while_everything_moves(page: Page, make_stage: Callable[..., Stage]) -> None:
    """Parts of the page are replaced under somebody who uses the keyboard, and he notices nothing of it."""
    stage = make_stage(pace=5)
    stage.spaces(30)
    stage.open()
    paused(stage, sent=10, seconds=240)
    page.goto(link_to_newest(stage))
    page.get_by_role("link", name="Reason").focus()
    stage.clock.hurry(60)
    expect(page.locator("#status")).to_contain_text("Done", timeout=30_000)
    expect(page.get_by_role("link", name="Reason")).to_be_focused()


def test_a_bot_that_does_not_answer_is_noticed_and_forgiven(page: Page, stage: Stage) -> None:
    """The page says that it tries again, and takes that back when it works."""
    page.goto(link_in(stage, stage.broadcast(stage.alice, "hello")))
    alert = page.get_by_text("The bot does not answer at the moment.")
    page.context.set_offline(True)
    eventually(lambda: page.evaluate(LOOK) and alert.is_visible())
    page.context.set_offline(False)
    eventually(lambda: page.evaluate(LOOK) and not alert.is_visible())


def test_a_page_whose_link_is_revoked_shows_nothing_more(page: Page, stage: Stage) -> None:
    """The next time that it looks for news, it is replaced by what to do."""
    link = link_in(stage, stage.broadcast(stage.alice, "hello"))
    page.goto(link)
    press(link, "", path="revoke")
    page.evaluate(LOOK)
    expect(page.get_by_role("heading", level=1)).to_have_text("This link is not valid any more")


# How it is used


def test_the_table_is_sorted_and_filtered_in_place(page: Page, stage: Stage) -> None:
    """Headings sort both ways, counts filter, typing searches; the address keeps it, nothing is loaded anew."""
    page.goto(link_in(stage, half_failed(stage, "Beta", "Alpha")))
    page.evaluate("window.kept = true")
    page.get_by_role("link", name="Space", exact=True).click()
    expect(page.locator("#table tbody th").first).to_have_text("Alice Novak")
    page.get_by_role("link", name="Space", exact=False).click()
    expect(page.get_by_role("columnheader", name="Space")).to_have_attribute("aria-sort", "descending")
    assert rows(page) == ["Refused", "Doubtful", "Closed", "Beta", "Alpha", "Alice Novak"]
    page.locator(".counts a").filter(has_text="Failed").click()
    expect(page.locator("#table tbody th")).to_have_text(["Refused"])
    page.get_by_role("combobox", name="State").select_option("All")
    page.get_by_label("Search").press_sequentially("ALP")
    expect(page.locator("#table tbody th")).to_have_text(["Alpha"])
    expect(page.get_by_label("Search")).to_be_focused()
    assert page.evaluate("window.kept") is True
    page.reload()
    expect(page.locator("#table tbody th")).to_have_text(["Alpha"])


def test_ten_thousand_rows_are_no_burden(page: Page, empty_stage: Stage) -> None:
    """A hundred are shown; any other is a search or some pages away."""
    stage = empty_stage.open(is_set_up=False, WEBEX_TEAMS_ACCESS_TOKEN="", BASE_URL="http://base.example")
    token = stage.ledger.take_lease("test", 0, 60, holder_is_dead=lambda _: True)
    number = Worker(stage.ledger, token or 0).open(*(place(f"{at:05}") for at in range(10_000)))
    opened = stage.ledger.broadcast(number)
    assert stage.services
    assert opened
    page.goto(stage.services.voice.link_to(opened).replace("http://base.example", stage.url))
    expect(page.locator("#table tbody tr")).to_have_count(100)
    expect(page.locator("#found")).to_have_text("Shown: 1 to 100 of 10,000")
    page.get_by_label("Search").fill("09876")
    expect(page.locator("#table tbody th")).to_have_text(["Title of 09876"])
    page.get_by_label("Search").fill("")
    page.get_by_role("link", name="Next").click()
    expect(page.locator("#found")).to_have_text("Shown: 101 to 200 of 10,000")


def test_the_csv_is_downloaded_and_equals_the_ledger(page: Page, stage: Stage) -> None:
    """Title and state of every destination."""
    page.goto(link_in(stage, half_failed(stage, "Žlutý kůň")))
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download as CSV").click()
    text = Path(waiting.value.path()).read_text("utf-8-sig")
    found = [(row["space"], row["state"]) for row in csv.DictReader(io.StringIO(text))]
    assert found == [(one.title, one.state) for one in stage.ledger.deliveries(1)]
    assert waiting.value.suggested_filename == "broadcast-1.csv"


def test_everything_is_taken_back_from_the_keyboard(page: Page, stage: Stage) -> None:
    """Enter opens the second step, Tab leads to the button, Enter presses it, and the page follows what happens."""
    spaces = stage.spaces(3)
    page.goto(link_in(stage, stage.broadcast(stage.alice, "hello")))
    page.get_by_text("Take back").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Yes, take every copy back")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_have_text("The bot was asked to take every copy back.")
    expect(page.locator("#status")).to_contain_text("Was taken back.")
    expect(page.locator("#changes")).to_contain_text("Done: every copy was taken back.")
    assert [stage.copies(space) for space in spaces] == [[], [], []]


def test_without_javascript_it_is_a_page_with_a_table(browser: Browser, stage: Stage) -> None:
    """The form searches, the headings sort, the buttons work."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(link_in(stage, half_failed(stage, "Beta", "Alpha")))
    page.get_by_label("Search").fill("alpha")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#table tbody th")).to_have_text(["Alpha"])
    page.locator(".counts a").filter(has_text="Failed").click()
    expect(page.locator("#found")).to_have_text("No space fits.")
    page.get_by_role("button", name="Send the failed again").click()
    expect(page.locator("#said")).to_be_visible()
    stage.settled()
    assert State.FAILED not in stage.states()
    context.close()


# Whether everybody can use it


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing(page: Page, make_stage: Callable[..., Stage], scheme: str, width: int) -> None:
    """Neither while it runs nor when it is over, with everything opened, nor in the history, nor behind an old link."""
    stage = make_stage(pace=60).open()
    message = half_failed(stage, "Lobby", LONG)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(link_in(stage, message))
    page.evaluate("for (const node of document.querySelectorAll('details')) node.open = true")
    assert findings(page) == []
    page.goto(link_in(stage, stage.broadcast(stage.alice, "/history")))
    assert findings(page) == []
    link = link_in(stage, message)
    press(link, "", path="revoke")
    page.goto(link)
    assert findings(page) == []
    paused(stage, sent=3)
    page.goto(link_to_newest(stage))
    assert findings(page) == []


def test_nothing_sticks_out_at_360_pixels(page: Page, stage: Stage) -> None:
    """No scrolling sideways with long names and reasons, everything opened, an empty search, or in the history."""
    page.set_viewport_size({"width": 360, "height": 780})
    message = half_failed(stage, LONG, "W" * 120)
    for link in (link_in(stage, message), link_in(stage, message) + "?search=nothing"):
        page.goto(link)
        page.evaluate("for (const node of document.querySelectorAll('details')) node.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.goto(link_in(stage, stage.broadcast(stage.alice, "/history")))
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_no_script_of_others_runs_and_nothing_is_fetched_elsewhere(page: Page, stage: Stage) -> None:
    """A space with a script for a name is shown as it is called, before and after the page updates itself."""
    strangers, heard = outside(page), complaints(page)
    page.goto(link_in(stage, half_failed(stage, HOSTILE)))
    expect(page.get_by_role("link", name=HOSTILE)).to_be_visible()
    with page.expect_response("**/state?*"):
        page.get_by_role("link", name="Time").click()
    expect(page.get_by_role("columnheader", name="Time")).to_have_attribute("aria-sort", "ascending")
    assert page.evaluate("window.hacked") is None
    assert (strangers, heard) == ([], [])


def test_times_are_those_of_the_reader(browser: Browser, stage: Stage) -> None:
    """UTC as it is sent, the reader's own time as it is shown."""
    context = browser.new_context(timezone_id="Asia/Tokyo", locale="en-GB")
    page = context.new_page()
    page.goto(link_in(stage, stage.broadcast(stage.alice, "hello")))
    time = page.locator("header time")
    utc = time.get_attribute("datetime") or ""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", utc)
    hour = (int(utc[11:13]) + 9) % 24
    expect(time).to_contain_text(f" {hour:02}:{utc[14:16]}:{utc[17:19]}")
    context.close()
