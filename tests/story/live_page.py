"""The hands of somebody at a broadcast's live page, without a browser: follow the link, read, press. Checks nothing."""

import re
from html import unescape

import requests

from tests.story.stage import PATIENCE, Stage, eventually
from webexsim import Message

LINK = re.compile(r"\((http[^)]*/(?:broadcasts|history)/[^)]+)\)")
ROW = re.compile(r'<th scope="row"[^>]*><a href="([^"]*)"[^>]*>([^<]*)</a></th>')
KEY = re.compile(r'name="key" value="([^"]+)"')


def link_in(stage: Stage, message: Message) -> str:
    """Return the newest link to a page in the thread of a message."""
    found: list[str] = eventually(lambda: LINK.findall("\n".join(stage.answers(message))), "a link in the thread")
    return found[-1]


def link_to_newest(stage: Stage) -> str:
    """Return a link to the newest broadcast's page, also while the thread is silent."""
    [newest] = stage.ledger.broadcasts(limit=1)
    assert stage.services
    return stage.services.voice.link_to(newest)


def read(link: str, **parameters: str) -> str:
    """Return the page as it is sent."""
    answer = requests.get(link, params=parameters, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
    return answer.text


def titles(html: str) -> list[str]:
    """Return what the rows of the table are called."""
    return [unescape(title) for _, title in ROW.findall(html)]


def offers(html: str) -> list[str]:
    """Return what can be asked for."""
    return re.findall(r'name="do" value="([^"]+)"', html)


def press(link: str, order: str, *, html: str = "", path: str = "orders") -> requests.Response:
    """Press a button of the page, and follow to where it leads."""
    [key, *_] = KEY.findall(html or read(link))
    return requests.post(f"{link}/{path}", data={"do": order, "key": key}, timeout=PATIENCE)
