"""GET /healthz: what a monitor learns, and when it is told that the bot cannot do its job."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.story.stage import Stage, eventually
from tests.story.test_pages import switch_off


def health(stage: Stage) -> tuple[int, dict[str, Any]]:
    """Return status and content."""
    answer = stage.get("/healthz")
    return answer.status_code, answer.json()


def test_all_is_well(stage: Stage) -> None:
    """200, with version, store, an empty backlog, and webhooks that are active."""
    stage.settled()
    status, state = health(stage)
    assert (status, state["ok"], state["faults"]) == (200, True, [])
    assert state["version"].count(".") == 2
    assert (state["store"], state["webhooks_active"]) == ("ok", True)
    assert (state["waiting_events"], state["waiting_deliveries"], state["oldest_event_seconds"]) == (0, 0, None)


def test_what_waits_is_counted(stage: Stage) -> None:
    """While Webex is out of order the event waits, and its age grows."""
    stage.fault("status", "GET", "/messages", status=502, times=None)
    stage.says(stage.alice, "hello")
    state = eventually(lambda: (found := health(stage)[1])["waiting_events"] and found)
    eventually(lambda: health(stage)[1]["oldest_event_seconds"] > state["oldest_event_seconds"])
    assert state["waiting_events"] == 1


def test_deliveries_that_wait_are_counted(stage: Stage) -> None:
    """A space that refuses for the moment is a delivery that waits."""
    lobby = stage.space()
    stage.fault("status", status=503, room=lobby, times=None)
    stage.says(stage.alice, "hello")
    eventually(lambda: health(stage)[1]["waiting_deliveries"] == 1)


def test_before_the_set_up_nothing_is_claimed_about_webhooks(empty_stage: Stage) -> None:
    """Nobody has opened the set-up page yet: unknown, not false."""
    assert health(empty_stage.open(is_set_up=False))[1]["webhooks_active"] is None


def test_disabled_webhooks_are_an_alarm(stage: Stage) -> None:
    """Webex has switched those for messages off: 503, and what to do about it."""
    for webhook in stage.webhooks():
        switch_off(stage, webhook)
    status, state = health(stage)
    assert (status, state["ok"], state["webhooks_active"]) == (503, False, False)
    assert "open /webhook once" in state["faults"][0]


def test_opening_the_set_up_page_ends_the_alarm(stage: Stage) -> None:
    """Switched on again, they are active in the next answer."""
    for webhook in stage.webhooks():
        switch_off(stage, webhook)
    assert health(stage)[0] == 503
    stage.get("/webhook")
    assert health(stage)[0] == 200


@pytest.mark.parametrize(("token", "says"), [("", "no access token"), ("wrong", "does not accept the access token")])
def test_without_a_good_token_it_cannot_do_its_job(empty_stage: Stage, token: str, says: str) -> None:
    """503, and which of the two it is."""
    stage = empty_stage.open(is_set_up=False, WEBEX_TEAMS_ACCESS_TOKEN=token)
    eventually(lambda: health(stage)[0] == 503)
    assert says in " ".join(health(stage)[1]["faults"])


def test_the_token_of_a_person_is_an_alarm(empty_stage: Stage) -> None:
    """The bot cannot work with it: 503, and whose it is."""
    stage = empty_stage.open(is_set_up=False, WEBEX_TEAMS_ACCESS_TOKEN=empty_stage.alice.token)
    eventually(lambda: health(stage)[0] == 503)
    assert "belongs to a person (Alice Novak)" in " ".join(health(stage)[1]["faults"])


def test_the_ledger_of_another_bot_is_an_alarm(stage: Stage) -> None:
    """503, with what to do about it, and nothing about webhooks."""
    stage.shut()
    stage.bot = stage.world.bot("Second Bot", stage.acme)
    stage.open(is_set_up=False)
    eventually(lambda: "belongs to another bot. Set STORE" in " ".join(health(stage)[1]["faults"]))
    assert health(stage)[0] == 503
    assert "/webhook" not in " ".join(health(stage)[1]["faults"])


def test_a_configuration_that_cannot_be_used_is_an_alarm_until_it_is_mended(stage: Stage) -> None:
    """The last good one stays in force, but somebody should look; nobody needs to open a page for either."""
    stage.config(source={"bots_own_org": "yes"})
    status, state = health(stage)
    assert status == 503
    assert "source.bots_own_org: must be true or false" in state["faults"][0]
    stage.config()
    assert health(stage)[0] == 200


def test_a_store_that_cannot_be_reached_is_an_alarm(empty_stage: Stage, tmp_path: Path) -> None:
    """The ledger's folder is a file: 503, the store is unreachable, and no event is promised anything."""
    (tmp_path / "blocked").write_text("")
    stage = empty_stage.open(is_set_up=False, STORE=f"sqlite:///{tmp_path}/blocked/broadcast.db")
    status, state = health(stage)
    assert (status, state["store"]) == (503, "unreachable")
    assert stage.post_event("messages", "created", id="x").status_code == 503


def test_a_probe_waits_for_no_pause_of_webex(stage: Stage) -> None:
    """Webex answers 429 and asks for ten seconds: the probe asks once and comes back, whatever becomes of it."""
    stage.webex.clear_calls()
    stage.fault("status", "GET", "/webhooks", status=429, headers={"Retry-After": "10"}, times=None)
    assert health(stage)[1]["webhooks_active"] is None
    assert stage.calls("GET", "/webhooks") == 1


def test_many_probes_at_once_look_once(stage: Stage) -> None:
    """While Webex keeps one look waiting, the others are answered with what was known before."""
    stage.webex.clear_calls()
    stage.hold("GET", "/webhooks")
    with ThreadPoolExecutor(8) as pool:
        looks = [pool.submit(health, stage) for _ in range(8)]
        eventually(lambda: sum(look.done() for look in looks) == 7, "all but one are answered")
        stage.let_go()
    assert ({look.result()[0] for look in looks}, stage.calls("GET", "/webhooks")) == ({200}, 1)


def test_a_silent_webex_is_not_the_bots_illness(stage: Stage) -> None:
    """Whether webhooks are active is unknown then; the bot itself can do its job."""
    stage.fault("status", "GET", "/webhooks", status=502, times=None)
    status, state = health(stage)
    assert (status, state["webhooks_active"]) == (200, None)
