"""How the earlier bot of this kind broke: each test would fail on one of its faults (B1 to B13)."""

import json
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from importlib.metadata import version

import pytest

from broadcast.model import State
from tests.story.process import ROOT, Process
from tests.story.stage import Stage, eventually
from webexsim.subscriptions import Wish

VOID = {"meta", "img", "br", "hr", "link", "input"}


@pytest.mark.parametrize("where", ["variable", "file"])
def test_b1_an_unknown_locale_falls_back_to_english(empty_stage: Stage, where: str) -> None:
    """LOCALE or `locale` naming a language the bot does not speak costs nobody their message."""
    empty_stage.config(**{"locale": "tlh_KX"} if where == "file" else {})
    lobby = empty_stage.space()
    stage = empty_stage.open(LOCALE="tlh_KX" if where == "variable" else "")
    stage.broadcast(stage.alice, "hello")
    assert stage.copy(lobby).text == "Message from Alice Novak:\nhello"


def test_b2_what_one_configuration_said_is_forgotten_by_the_next(stage: Stage) -> None:
    """A value taken out of the file goes back to its default: no default was overwritten."""
    lobby = stage.space()
    stage.config(locale="cs_CZ")
    stage.broadcast(stage.alice, "ahoj")
    stage.config()
    stage.broadcast(stage.alice, "hello")
    assert [copy.text for copy in stage.copies(lobby)] == [
        "Zpráva od Alice Novak:\nahoj",
        "Message from Alice Novak:\nhello",
    ]


def test_b3_a_webex_that_does_not_answer_at_the_start_is_waited_for(empty_stage: Stage) -> None:
    """While GET /people/me fails the pages say so, and afterwards the bot works without a restart."""
    lobby = empty_stage.space()
    empty_stage.fault("status", "GET", "/people/me", status=502, times=4)
    stage = empty_stage.open(is_set_up=False)
    assert "Webex does not answer" in stage.get("/").text
    eventually(lambda: stage.get("/webhook").ok)
    stage.broadcast(stage.alice, "hello")
    assert stage.body(lobby) == "hello"


@pytest.mark.parametrize("kind", ["status", "html", "cut_before", "empty", "broken"])
def test_b4_a_list_of_webhooks_that_fails_is_said_on_the_page(stage: Stage, kind: str) -> None:
    """Opening the set-up page then gives a page with the reason, and no webhook has changed."""
    before = stage.webhooks()
    stage.fault(kind, "GET", "/webhooks", status=500)
    answer = stage.get("/webhook")
    assert (answer.status_code, "Webex does not answer" in answer.text) == (503, True)
    assert stage.webhooks() == before


def test_b5_a_set_up_that_fails_leaves_the_old_webhooks(empty_stage: Stage) -> None:
    """While new ones cannot be made the old ones stay, and the bot is not deaf."""
    stage = empty_stage.open(is_set_up=False)
    old = Wish(name="old", target_url=f"{stage.url}/webhook", resource="messages", event="created")
    stage.world.webhooks.create(stage.bot, old)
    stage.fault("status", "POST", "/webhooks", status=500, times=None)
    stage.get("/webhook")
    assert ("messages", "created") in [(hook.resource, hook.event) for hook in stage.webhooks()]


def test_b6_an_event_webex_does_not_offer_spoils_no_other(make_stage: Callable[..., Stage]) -> None:
    """Where Webex refuses messages:updated the page says "not offered", and the rest is set up."""
    stage = make_stage(refuse_updated_webhooks=True).open(is_set_up=False)
    page = stage.get("/webhook")
    assert (page.status_code, page.text.count("not offered by Webex")) == (200, 2)
    assert len(stage.webhooks()) == 10


def test_b7_a_section_with_one_key_keeps_the_other_defaults(empty_stage: Stage) -> None:
    """`{"destination": {"bots_own_org": true}}` leaves senders_own_org on: nothing crashes, nobody gets more."""
    empty_stage.config(source={"bots_own_org": False}, destination={"bots_own_org": True})
    lobby = empty_stage.space()
    stage = empty_stage.open()
    stage.broadcast(stage.alice, "hello")
    stage.broadcast(stage.bob, "hello from elsewhere")
    assert stage.body(lobby) == "hello"


def test_b8_the_bot_works_without_a_first_request(
    make_stage: Callable[..., Stage], start: Callable[..., Process]
) -> None:
    """What waited before a restart is sent by a bot nobody calls, on a Flask without `before_first_request`."""
    stage = make_stage(pace=1)
    lobby = stage.space()
    stage.fault("status", status=503, room=lobby, times=None)
    bot = start(stage)
    stage.says(stage.alice, "hello")
    eventually(lambda: stage.states() == {State.WAITING: 1, State.SENT: 1})
    bot.kill()
    stage.webex.faults.clear()
    start(stage, is_called=False)
    stage.settled()
    assert stage.body(lobby) == "hello"
    assert int(version("flask").partition(".")[0]) >= 3


def test_b9_the_set_up_page_may_be_opened_twice_at_once(empty_stage: Stage) -> None:
    """Eight requests at the same moment are all answered, and make one set of webhooks."""
    stage = empty_stage.open(is_set_up=False)
    stage.webex.latency = 0.005 * stage.clock.pace
    with ThreadPoolExecutor(8) as people:
        answers = list(people.map(stage.get, ["/webhook"] * 8))
    assert [answer.status_code for answer in answers] == [200] * 8
    assert len(stage.webhooks()) == 12


def test_b10_the_sdk_is_touched_in_one_place_only() -> None:
    """Whatever a new release of the SDK changes, one module of the bot has to follow."""
    sources = [ROOT / "bot.py", *(ROOT / "broadcast").rglob("*.py")]
    users = [path.name for path in sources if "webexteamssdk import" in path.read_text(encoding="utf-8")]
    assert users == ["webex.py"]


class _Tags(HTMLParser):
    """Notes elements that are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 – the base class names it so
        """Open an element."""
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the newest one."""
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)


@pytest.mark.parametrize("path", ["/", "/webhook", "/webhook?refused"])
def test_b11_the_pages_are_well_formed(stage: Stage, path: str) -> None:
    """Every element of every page is closed, in order."""
    tags = _Tags()
    tags.feed(stage.get(path, headers={"Host": "evil.example"} if "refused" in path else {}).text)
    assert (tags.faults, tags.open) == ([], [])


def test_b12_any_of_a_senders_addresses_in_any_case_will_do(empty_stage: Stage) -> None:
    """The list names the second address, with other capitals: the sender is known."""
    empty_stage.config(source={"from_sender_list": True, "sender_list": ["a.novak@ACME.example"]})
    lobby, alice = empty_stage.space(), empty_stage.alice
    emails = [alice.email, "A.Novak@acme.example"]
    shown = {"id": alice.id, "emails": emails, "displayName": "Alice", "orgId": alice.org.id, "type": "person"}
    stage = empty_stage.open()
    stage.fault("status", "GET", "/people/", status=200, body=json.dumps(shown), times=None)
    stage.broadcast(alice, "hello")
    assert stage.body(lobby) == "hello"


def test_b13_licence_checks_and_requirements_are_there() -> None:
    """The project has a licence, checks that run by themselves, and exact versions of what it needs."""
    needed = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (ROOT / "LICENSE").stat().st_size > 500
    assert list((ROOT / ".ci").iterdir())
    assert all("==" in line for line in needed if line and line[0] not in "#-")
    assert project["license"] == "MIT"
