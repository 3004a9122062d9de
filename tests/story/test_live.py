"""The live page and the history, as anybody gets them over HTTP: what they say, what they let people do, and whom."""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import requests

from broadcast import tickets
from broadcast.model import State
from broadcast.tickets import LIVES_SECONDS, for_broadcast, for_person
from tests.contract.records import Worker
from tests.story.live_page import link_in, link_to_newest, offers, press, read, titles
from tests.story.stage import PATIENCE, SECRET, Stage, eventually
from webexsim import Message

PAUSE = {"Retry-After": "600"}
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def get(link: str) -> requests.Response:
    """Open a link."""
    return requests.get(link, timeout=PATIENCE)


def forged(stage: Stage, *, secret: str = SECRET, age: float = 0.0, **changes: object) -> str:
    """Return a link to the newest broadcast's page that the bot did not give out."""
    [newest] = stage.ledger.broadcasts(limit=1)
    ticket = for_broadcast(newest, generation=0, now=stage.clock.now() - age, may_steer=True)
    return stage.url + tickets.path(replace(ticket, **changes), secret)  # type: ignore[arg-type]


def half_failed(stage: Stage) -> Message:
    """Have Alice's message refused in one space, left out of another, and of unknown fate in a third."""
    stage.space("Closed", announcement_only=True)
    stage.fault("status", room=stage.space("Refused <b>"), status=403)
    stage.fault("cut_after", room=stage.space("Doubtful"))
    stage.space("Lobby")
    return stage.broadcast(stage.alice, "hello")


@pytest.fixture
def paused(make_stage: Callable[..., Stage]) -> tuple[Stage, Message]:
    """Return a world in which a broadcast to six waits, because Webex asked for ten minutes after three."""
    stage = make_stage(pace=5)
    stage.spaces(5)
    stage.open().fault("status", status=429, headers=PAUSE, after=4)
    message = stage.says(stage.alice, "hello")
    eventually(lambda: stage.services and stage.services.gate.closed_for())
    eventually(lambda: set(stage.states()) == {State.SENT, State.WAITING})
    return stage, message


# What it shows


def test_the_link_in_the_thread_shows_what_became_of_the_broadcast(stage: Stage) -> None:
    """Sender, standing, counts, and each space with a link into Webex, its state and the reason."""
    message = half_failed(stage)
    page = read(link_in(stage, message))
    for words in ("From Alice Novak (alice@acme.example)", "Text", "not every space has it", "4 of 4"):
        assert words in page
    assert titles(page) == ["Refused <b>", "Doubtful", "Closed", "Lobby", "Alice Novak"]
    assert page.count('href="webexteams://im?space=') == 5
    for reason in ("Webex does not let me post there", "only moderators can post there", "Webex did not answer"):
        assert reason in page


def test_the_table_is_searched_filtered_and_sorted_without_javascript(stage: Stage) -> None:
    """A form and links that any browser can follow."""
    link = link_in(stage, half_failed(stage))
    assert titles(read(link, search="LOBBY")) == ["Lobby"]
    assert titles(read(link, search="moderators")) == ["Closed"]
    assert titles(read(link, state="sent", sort="-space")) == ["Lobby", "Alice Novak"]
    assert "No space fits." in read(link, search="nowhere")
    [column] = re.findall(r'href="([^"]*sort=space#table)"', read(link))
    assert titles(get(stage.url + column).text)[0] == "Alice Novak"


def test_a_long_table_has_pages(stage: Stage) -> None:
    """A hundred rows at a time, with a way on."""
    stage.spaces(120)
    link = link_in(stage, stage.broadcast(stage.alice, "hello"))
    first, second = read(link), read(link, page="2")
    assert (len(titles(first)), len(titles(second))) == (100, 21)
    assert len({*titles(first), *titles(second)}) == 121
    assert 'rel="next"' in first
    assert 'rel="prev"' in second


def test_the_csv_is_the_ledger(stage: Stage) -> None:
    """Every destination, with state, reason and message ids as they are written down."""
    answer = get(link_in(stage, half_failed(stage)) + "/report.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    known = [
        (one.title, one.kind, one.state, one.why, one.detail, one.space_id, " ".join(one.message_ids))
        for one in stage.ledger.deliveries(1)
    ]
    names = ("space", "kind", "state", "reason_code", "detail", "space_id", "message_ids")
    assert [tuple(row[name] for name in names) for row in rows] == known
    assert answer.headers["Content-Disposition"] == "attachment; filename=broadcast-1.csv"


def test_a_spreadsheet_computes_nothing(stage: Stage) -> None:
    """A space that is called like a formula is text in the CSV."""
    stage.space('=HYPERLINK("http://evil.example")')
    answer = get(link_in(stage, stage.broadcast(stage.alice, "hello")) + "/report.csv")
    assert "\"'=HYPERLINK(" in answer.text


def test_hostile_names_are_text(stage: Stage) -> None:
    """Neither a space nor a sender can put anything on the page, and no script but the page's own may run."""
    stage.space(HOSTILE)
    mallory = stage.colleague(HOSTILE, email="mallory@acme.example")
    link = link_in(stage, stage.broadcast(mallory, "hello"))
    answer = get(link)
    [nonce] = re.findall(r'<script nonce="([^"]+)">', answer.text)
    assert answer.text.count("<script") == 1
    assert "<img" not in answer.text
    assert "<script" not in str(get(link + "/state").json())
    assert f"script-src 'nonce-{nonce}'" in answer.headers["Content-Security-Policy"]


def test_the_pages_keep_to_themselves(stage: Stage) -> None:
    """Nothing from outside is allowed, no link leaks, nothing is cached, and each answer has a nonce of its own."""
    link = link_in(stage, stage.broadcast(stage.alice, "hello"))
    first, second = get(link).headers, get(link).headers
    policy = first["Content-Security-Policy"]
    for rule in ("default-src 'none'", "connect-src 'self'", "form-action 'self'", "frame-ancestors 'none'"):
        assert rule in policy
    assert policy != second["Content-Security-Policy"]
    assert (first["Referrer-Policy"], first["Cache-Control"]) == ("no-referrer", "no-store")
    assert "script-src" not in stage.get("/").headers["Content-Security-Policy"]


def test_below_a_stage_every_address_keeps_it(empty_stage: Stage) -> None:
    """Behind /dev all links and forms of the pages begin with /dev, and lead somewhere."""
    stage = empty_stage.open(prefix="/dev", is_set_up=False)
    stage.get("/dev/webhook").raise_for_status()
    link = link_in(stage, stage.broadcast(stage.alice, "hello"))
    page = read(link)
    addresses = re.findall(r'(?:href|action|data-state)="(/[^"]*)"', page)
    assert len(addresses) > 10
    assert [address for address in addresses if not address.startswith("/dev/broadcasts/")] == []
    assert "The bot was asked to take every copy back." in press(link, "recall").text


def test_the_page_speaks_the_configured_language(make_stage: Callable[..., Stage]) -> None:
    """With cs_CZ it is in Czech."""
    stage = make_stage().open(LOCALE="cs_CZ")
    page = read(link_in(stage, stage.broadcast(stage.alice, "ahoj")))
    assert '<html lang="cs">' in page
    assert "Hotovo: zprávu mají všechny prostory" in page


def test_a_broadcast_that_waits_says_why_and_until_when(paused: tuple[Stage, Message]) -> None:
    """Webex asked for a pause: the page says when it goes on, and is fetched as parts that can be put into it."""
    stage, _ = paused
    news = get(link_to_newest(stage) + "/state").json()
    assert news["running"] is True
    assert set(news["parts"]) == {"status", "orders", "changes", "table"}
    [until] = re.findall(
        r"Webex asks the bot to slow down. It goes on at <time[^>]*>([^<]*) UTC<", news["parts"]["status"]
    )
    assert datetime.fromisoformat(until).replace(tzinfo=UTC).timestamp() > stage.clock.now()


def test_a_broadcast_behind_another_says_so(empty_stage: Stage) -> None:
    """The second of two waits for the first."""
    stage = empty_stage.open(is_set_up=False, WEBEX_TEAMS_ACCESS_TOKEN="")
    token = stage.ledger.take_lease("test", 0, 60, holder_is_dead=lambda _: True)
    worker = Worker(stage.ledger, token or 0)
    worker.open("one", "two")
    assert "Is being sent." in read(forged(stage))
    worker.open("one", "two")
    assert "Waits until an earlier broadcast is sent." in read(forged(stage))


def test_an_edit_has_a_progress_and_a_page_of_its_own(stage: Stage) -> None:
    """The broadcast's page lists it; its own page shows where the copies were changed."""
    stage.spaces(2)
    message = stage.broadcast(stage.alice, "hello")
    link = link_in(stage, message)
    stage.broadcast(stage.alice, "edit: good bye", parent=message)
    page = read(link)
    [edit] = re.findall(r'href="(/broadcasts/[^"?]+)" data-key="change-', page)
    shown = read(stage.url + edit)
    assert "Done: every copy was changed." in page
    for words in ("Edit of broadcast 1", "3 of 3", "Changed"):
        assert words in shown
    assert "Broadcast 1" in read(stage.url + re.findall(r'<p><a href="(/broadcasts/[^"]+)"', shown)[0])


# What it lets people do


def test_what_waits_is_cancelled(paused: tuple[Stage, Message]) -> None:
    """At once, while Webex wants nothing to be sent; nothing more goes out, and the thread hears of it afterwards."""
    stage, message = paused
    link, sent = link_to_newest(stage), stage.states()[State.SENT]
    assert offers(read(link)) == ["cancel", "recall"]
    assert "The bot was asked to cancel." in press(link, "cancel").text
    eventually(lambda: "Was cancelled" in read(link))
    assert stage.services
    assert stage.services.gate.closed_for() > 0
    stage.clock.hurry(60)
    stage.settled()
    assert stage.states() == {State.SENT: sent, State.SKIPPED: 6 - sent}
    assert any("Cancelled:" in said for said in stage.answers(message))


def test_every_copy_is_taken_back(stage: Stage) -> None:
    """Taking back has a progress of its own on the page, and a page of its own."""
    spaces = stage.spaces(3)
    link = link_in(stage, stage.broadcast(stage.alice, "hello"))
    press(link, "recall")
    stage.settled()
    assert [stage.copies(space) for space in spaces] == [[], [], []]
    page = read(link)
    assert "Was taken back." in page
    assert page.count("the copy was taken back later") == 4
    [recall] = re.findall(r'href="(/broadcasts/[^"?]+)" data-key="change-', page)
    assert "Done: every copy was taken back." in read(stage.url + recall)


def test_the_failed_are_sent_again(stage: Stage) -> None:
    """Where Webex refused it, it arrives now; what is uncertain is left alone."""
    link = link_in(stage, half_failed(stage))
    assert offers(read(link)) == ["recall", "retry", "retry unknown"]
    press(link, "retry")
    stage.settled()
    assert stage.states() == {State.SENT: 3, State.UNKNOWN: 1, State.SKIPPED: 1}


def test_the_uncertain_are_sent_again_when_asked_for_twice(stage: Stage) -> None:
    """The button stands behind a first step that says what may happen."""
    link = link_in(stage, half_failed(stage))
    page = read(link)
    [first_step] = re.findall(r"<details[^>]*>(?:(?!</details>).)*retry unknown.*?</details>", page, re.DOTALL)
    assert "Where it did, it will be there twice." in first_step
    press(link, "retry unknown")
    stage.settled()
    assert stage.states() == {State.SENT: 3, State.FAILED: 1, State.SKIPPED: 1}


def test_what_is_sent_again_a_day_later_did_not_take_a_day(stage: Stage) -> None:
    """Time and plot are those of the last sending."""
    message = half_failed(stage)
    stage.clock.leap(86_400)
    stage.webex.faults.clear()
    stage.steer(message, "retry")
    assert stage.states() == {State.SENT: 3, State.UNKNOWN: 1, State.SKIPPED: 1}
    assert re.search(r"took \d+ s<", read(link_in(stage, message)))


def test_what_is_not_possible_any_more_does_nothing(stage: Stage) -> None:
    """A button from a page of a while ago: the page says that things have moved on."""
    message = stage.broadcast(stage.alice, "hello")
    said = stage.told(message)
    for order in ("cancel", "retry", "edit", "", "recall the lot"):
        assert "not possible any more" in press(link_in(stage, message), order).text
    stage.settled()
    assert stage.told(message) == said


@pytest.mark.parametrize("key", ["", "x", "ž", "another page's"])
@pytest.mark.parametrize("path", ["orders", "revoke"])
def test_another_site_cannot_press_a_button(stage: Stage, key: str, path: str) -> None:
    """Without the key that stands on the page nothing happens."""
    link = link_in(stage, stage.broadcast(stage.alice, "hello"))
    if key == "another page's":
        [key, *_] = re.findall(r'name="key" value="([^"]+)"', read(link_in(stage, stage.broadcast(stage.alice, "two"))))
    answer = requests.post(f"{link}/{path}", data={"do": "recall", "key": key}, timeout=PATIENCE)
    assert (answer.status_code, get(link).status_code) == (400, 200)
    stage.settled()
    assert stage.states() == {State.SENT: 1}


@pytest.mark.parametrize("path", ["orders", "revoke"])
def test_looking_changes_nothing(stage: Stage, path: str) -> None:
    """A link is fetched by previews and scanners: only a form does anything."""
    link = link_in(stage, stage.broadcast(stage.alice, "hello"))
    assert get(f"{link}/{path}").status_code == 405
    assert get(link).status_code == 200


# Whom


@pytest.mark.parametrize("path", ["", "/state", "/report.csv"])
def test_an_expired_link_says_what_to_do(stage: Stage, path: str) -> None:
    """After a week it shows nothing any more, and how to get a new one."""
    stage.broadcast(stage.alice, "hello")
    assert get(forged(stage, age=LIVES_SECONDS - 60) + path).status_code == 200
    answer = get(forged(stage, age=LIVES_SECONDS + 1) + path)
    assert answer.status_code == 410
    assert "reply status in the thread" in answer.text


@pytest.mark.parametrize("path", ["", "/state", "/report.csv"])
def test_a_link_that_the_bot_did_not_give_out_is_not_there(stage: Stage, path: str) -> None:
    """Another secret, another broadcast, another ledger, another page, rubbish: all the same answer."""
    stage.broadcast(stage.alice, "hello")
    history = tickets.sign(for_person(stage.alice.id, generation=0, now=stage.clock.now()), SECRET)
    bad = [
        forged(stage, secret="guessed"),
        forged(stage, mark="another"),
        forged(stage)[:-3] + "AAA",
        f"{stage.url}/broadcasts/1",
        f"{stage.url}/broadcasts/{history}",
        forged(stage).replace("/broadcasts/", "/history/"),
    ]
    assert {get(link + path).status_code for link in bad} == {404}


def test_a_link_to_a_broadcast_that_is_forgotten_says_so(stage: Stage) -> None:
    """What is not kept any longer cannot be shown; the page says that, too."""
    link = link_in(stage, stage.broadcast(stage.alice, "hello"))
    stage.ledger.purge(stage.clock.now() + 1)
    assert get(link).status_code == 410


def test_a_revoked_link_is_worthless_and_a_new_one_is_not(stage: Stage) -> None:
    """All links to the page stop working, those of its changes too; `status` in the thread brings a new one."""
    stage.spaces(1)
    message = stage.broadcast(stage.alice, "hello")
    link = link_in(stage, message)
    press(link, "recall")
    stage.settled()
    [change] = re.findall(r'href="(/broadcasts/[^"?]+)" data-key="change-', read(link))
    assert press(link, "", path="revoke").status_code == 410
    assert (get(link).status_code, get(stage.url + change).status_code) == (410, 410)
    stage.broadcast(stage.alice, "status", parent=message)
    assert get(link_in(stage, message)).status_code == 200


def test_without_a_token_nobody_gets_in(empty_stage: Stage) -> None:
    """A bot without a secret has no pages to show."""
    stage = empty_stage.open(is_set_up=False, WEBEX_TEAMS_ACCESS_TOKEN="", WEBHOOK_SECRET="")
    unsigned = tickets.sign(for_person("x", generation=0, now=stage.clock.now()), "x")
    assert get(f"{stage.url}/history/{unsigned}").status_code == 404


# The history


def test_the_history_shows_ones_own_broadcasts_newest_first(stage: Stage) -> None:
    """Each with its standing and a link to its page; nobody else's, and no questions."""
    stage.broadcast(stage.alice, "one")
    stage.broadcast(stage.colleague(), "not hers")
    stage.broadcast(stage.alice, "two")
    page = read(link_in(stage, stage.broadcast(stage.alice, "/history")))
    assert titles(page) == ["Broadcast 3", "Broadcast 1"]
    assert page.count("every space that was to get it has it") == 2
    links = re.findall(r'<a href="(/broadcasts/[^"]+)"', page)
    assert ["Broadcast 3" in read(stage.url + links[0]), "Broadcast 1" in read(stage.url + links[1])] == [True, True]


def test_a_long_history_has_a_way_on(stage: Stage) -> None:
    """A hundred at a time."""
    for number in range(101):
        stage.says(stage.alice, f"message {number}")
    stage.settled()
    page = read(link_in(stage, stage.broadcast(stage.alice, "/history")))
    assert len(titles(page)) == 100
    [more] = re.findall(r'href="([^"]*count=200)"', page)
    assert len(titles(read(stage.url + more))) == 101


def test_a_history_can_be_revoked(stage: Stage) -> None:
    """The old link says what to do; asking again brings a new one."""
    stage.broadcast(stage.alice, "hello")
    link = link_in(stage, stage.broadcast(stage.alice, "/history"))
    assert press(link, "", path="revoke").status_code == 410
    assert get(link_in(stage, stage.broadcast(stage.alice, "/history"))).status_code == 200


def test_a_history_without_broadcasts_says_so(stage: Stage) -> None:
    """What was sent may be forgotten before the link expires."""
    stage.broadcast(stage.alice, "hello")
    link = link_in(stage, stage.broadcast(stage.alice, "/history"))
    stage.ledger.purge(stage.clock.now() + 1)
    assert "You have not sent anything yet." in read(link)


def test_a_history_link_expires_and_cannot_be_forged(stage: Stage) -> None:
    """As the others: 410 after a week, 404 where it was not given out."""
    now = stage.clock.now()
    old = tickets.path(for_person(stage.alice.id, generation=0, now=now - LIVES_SECONDS - 1), SECRET)
    strange = tickets.path(for_person(stage.alice.id, generation=0, now=now), "guessed")
    assert (stage.get(old).status_code, stage.get(strange).status_code) == (410, 404)
    assert stage.get("/history/rubbish").status_code == 404


# From a thread that others read


def test_a_link_that_others_can_read_is_for_looking_only(stage: Stage) -> None:
    """In a space everybody sees the bot's answer; only what the sender alone sees may steer."""
    lobby = stage.space("Lobby")
    link = link_in(stage, stage.broadcast(stage.alice, "hello", room=lobby))
    key = tickets.form_key(link.rpartition("/")[2], SECRET)
    answers = [
        requests.post(f"{link}/{path}", data={"do": "recall", "key": key}, timeout=PATIENCE)
        for path in ("orders", "revoke")
    ]
    assert (offers(read(link)), [answer.status_code for answer in answers]) == ([], [403, 403])
    stage.settled()
    assert stage.copies(lobby) != []


def test_what_a_link_may_do_is_signed(stage: Stage) -> None:
    """A link for looking only cannot be made out of nothing to be one for steering, and offers nothing."""
    stage.broadcast(stage.alice, "hello", room=stage.space("Lobby"))
    assert offers(read(forged(stage, may_steer=False))) == []
    assert get(forged(stage, secret="another secret")).status_code == 404
