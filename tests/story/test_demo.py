"""The whole demo as `make run` starts it without a token: launcher, stand-in, a real bot, and a real browser."""

import http.client
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.story.demo_page import card, choose, outside, say, switch, tile
from webexsim.demo import ROOT

OWN = ("Project Phoenix", "Návštěvy a zasedačky", "News from the board", "Alice Novak", "Ben Okafor", "Eva Malá")
LEFT_OUT = ("Globex supply chain", "Company announcements", "Dana Ortiz", "Gil Romero", "Hana Sato")


@dataclass(frozen=True, kw_only=True)
class Demo:
    """The whole demo as `make run` starts it, and the addresses it told."""

    process: subprocess.Popen[str]
    page: str
    bot: str


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The launcher as a process of its own, with a real bot."""
    command = [sys.executable, "-m", "webexsim.demo", "--port", "15051", "--bot-port", "15150"]
    process = subprocess.Popen(
        [*command, "--folder", str(tmp_path_factory.mktemp("demo"))],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(3)]
    addresses = re.findall(r"http://127\.0\.0\.1:\d+/", "".join(lines))
    if len(addresses) != 2:
        process.terminate()
        pytest.fail(f"The demo did not start: {''.join(lines)}{process.stdout.read()}")
    yield Demo(process=process, page=addresses[0], bot=addresses[1])
    process.terminate()
    process.communicate(timeout=30)


def test_a_message_arrives_wherever_it_may_and_says_why_not_elsewhere(page: Page, demo: Demo) -> None:
    """The own org's spaces show the text, the others a reason, the bot reports in the thread; nothing goes outside."""
    strangers = outside(page)
    page.goto(demo.page)
    choose(page, "Alice Novak")
    say(page, "The canteen opens at **eleven**")
    for title in OWN:
        expect(tile(page, title).locator(".last")).to_have_text("The canteen opens at eleven")
    for title in LEFT_OUT:
        expect(tile(page, title)).to_have_attribute("data-state", "skipped")
        expect(tile(page, title).locator(".last")).not_to_have_text(re.compile("^(|Left out)$"))
    expect(page.locator("#talk .thread .message").last).to_contain_text("Broadcast Bot")
    expect(page.locator("#run-title")).to_have_text("17 of 17 arrived")
    assert strangers == []


def test_who_may_not_broadcast_is_told_and_nothing_arrives(page: Page, demo: Demo) -> None:
    """A person of another org gets an answer in the thread; no tile shows the text."""
    page.goto(demo.page)
    choose(page, "Dana Ortiz")
    say(page, "Buy our things")
    expect(page.locator("#talk .thread .message")).not_to_have_count(0)
    expect(page.locator("#run-title")).to_have_text("Nothing was broadcast")
    expect(page.locator(".tile .last").get_by_text("Buy our things")).to_have_count(0)


@pytest.fixture
def without_org_filter(page: Page, demo: Demo) -> Iterator[Page]:
    """The page with the sender's-org filter off, and on again afterwards."""
    page.goto(demo.page)
    box = switch(page, "Only the sender’s org")
    with page.expect_response("**/sim/settings"):
        box.uncheck(force=True)
    yield page
    with page.expect_response("**/sim/settings"):
        box.check(force=True)


def test_a_switch_is_obeyed_by_the_next_broadcast(without_org_filter: Page) -> None:
    """With the sender's-org filter off, the other org's spaces get their copy, too, and the bot reports."""
    page = without_org_filter
    choose(page, "Ben Okafor")
    say(page, "For both companies")
    expect(tile(page, "Globex supply chain").locator(".last")).to_have_text("For both companies")
    expect(page.locator("#talk .thread .message")).not_to_have_count(0)


def test_a_sample_card_arrives_as_a_card(page: Page, demo: Demo) -> None:
    """The .json sample is shown as a card in the space that got it."""
    page.goto(demo.page)
    choose(page, "Alice Novak")
    page.get_by_role("button", name="Card", exact=True).click()
    expect(page.locator("#attached")).to_be_visible()
    say(page, "Please answer")
    expect(page.locator("#run-title")).to_have_text("17 of 17 arrived")
    tile(page, "Data platform").click()
    expect(page.get_by_role("group", name="Adaptive Card").last).to_contain_text("Team lunch on Friday")


def test_a_broadcast_is_edited_and_taken_back_where_it_was_written(page: Page, demo: Demo) -> None:
    """Editing the message changes every copy, one click on `recall` deletes them; the thread tells of both."""
    page.goto(demo.page)
    choose(page, "Alice Novak")
    say(page, "Parking closes at six")
    mine = page.locator("#talk > .mine").last
    expect(mine.locator(".thread")).to_contain_text("Sent: 17")
    mine.get_by_role("button", name="Edit").click()
    page.get_by_label("Edit your message").fill("Parking closes at seven")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#run-title")).to_have_text("17 of 17 edited")
    expect(tile(page, "Book club").locator(".last")).to_have_text("Parking closes at seven")
    page.get_by_role("group", name="Words that steer").get_by_role("button", name="recall").click()
    expect(page.locator("#run-title")).to_have_text("17 of 17 recalled")
    expect(page.locator("#talk .thread .message").last).to_contain_text("Taken back: 17")


@pytest.fixture
def asking_first(page: Page, demo: Demo) -> Iterator[Page]:
    """The page with the question before sending on, and off again afterwards."""
    page.goto(demo.page)
    box = switch(page, "Ask first above")
    with page.expect_response("**/sim/settings"):
        box.check(force=True)
    yield page
    with page.expect_response("**/sim/settings"):
        box.uncheck(force=True)


def test_nothing_goes_out_before_the_button_is_pressed(asking_first: Page) -> None:
    """The bot shows a card in the thread; its first button sends."""
    page = asking_first
    choose(page, "Ben Okafor")
    say(page, "Fire drill at ten")
    expect(page.locator("#run-title")).to_have_text("The bot asks first")
    expect(page.locator(".tile .last").get_by_text("Fire drill at ten")).to_have_count(0)
    card(page).get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#run-title")).to_have_text("17 of 17 arrived")


def test_the_demo_ends_with_its_bot_when_it_is_told_to(tmp_path: Path) -> None:
    """SIGTERM ends launcher and bot with status 0, and both ports are free again."""
    command = [
        sys.executable,
        "-m",
        "webexsim.demo",
        "--port",
        "15251",
        "--bot-port",
        "15350",
        "--folder",
        str(tmp_path),
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(3)]
    process.send_signal(signal.SIGTERM)
    rest, _ = process.communicate(timeout=30)
    assert (process.returncode, rest) == (0, "")
    for address in re.findall(r"127\.0\.0\.1:\d+", "".join(lines)):
        with pytest.raises(ConnectionRefusedError):
            http.client.HTTPConnection(address, timeout=2).connect()
