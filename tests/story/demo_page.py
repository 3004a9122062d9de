"""The hands of somebody at the demo's page: choose a person, write, look at a tile. Checks nothing."""

import re

from playwright.sync_api import Locator, Page, expect

expect.set_options(timeout=30_000)  # milliseconds


def tile(page: Page, title: str) -> Locator:
    """Return the tile of the space with exactly this title."""
    return page.locator(".tile button").filter(has=page.get_by_text(title, exact=True))


def outside(page: Page) -> list[str]:
    """Return a list that fills with every address off this machine the page asks for."""
    strangers: list[str] = []
    local = ("http://127.0.0.1:", "data:", "blob:")
    page.on("request", lambda request: None if request.url.startswith(local) else strangers.append(request.url))
    return strangers


def choose(page: Page, name: str) -> None:
    """Write as this person from now on."""
    page.get_by_role("radio", name=re.compile(name)).check(force=True)


def card(page: Page) -> Locator:
    """Return the newest card in the conversation."""
    return page.locator("#talk").get_by_role("group", name="Adaptive Card").last


def known(page: Page) -> None:
    """Wait until the page knows who is there and how everything is set."""
    expect(page.locator("#people input")).not_to_have_count(0)


def switch(page: Page, name: str) -> Locator:
    """Return the switch whose name begins so, set as it is."""
    known(page)
    return page.get_by_role("switch", name=re.compile(name))


def say(page: Page, text: str) -> None:
    """Type a message, send it, and see it appear: until then the page shows what was before it."""
    known(page)
    mine = page.locator("#talk > .mine")
    before = mine.count()
    page.get_by_label("Message", exact=True).fill(text)
    page.locator("#composer").get_by_role("button", name="Send", exact=True).click()
    expect(mine).to_have_count(before + 1)
