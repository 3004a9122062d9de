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


def say(page: Page, text: str) -> None:
    """Type a message and send it."""
    page.get_by_label("Message", exact=True).fill(text)
    page.locator("#composer").get_by_role("button", name="Send", exact=True).click()
