"""The bot put together: what it is made of, whom it knows, what keeps it from working, how it starts and stops."""

import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from broadcast.errors import ConfigError, LeaseLost, NoAnswer, NoLease, Refused
from broadcast.model import Content, Draft, Event, Job, Person, Reply
from broadcast.queues.crew import Lease
from broadcast.services import Services, SystemClock
from broadcast.settings import settings_from
from broadcast.texts import ENGLISH
from broadcast.webhooks import set_up
from tests.unit.town import Town
from webexsim import Fault

URL = "https://bot.example/webhook"
Make = Callable[..., Services]


@pytest.fixture
def make(town: Town, tmp_path: Path) -> Iterator[Make]:
    """Return a way to put the town's bot together; what was started is stopped."""
    made: list[Services] = []

    def put_together(**variables: str) -> Services:
        usual = {
            "WEBEX_TEAMS_ACCESS_TOKEN": town.bot.token,
            "WEBEX_API_BASE_URL": town.server.url,
            "STORE": f"sqlite:///{tmp_path}/ledger.db",
        }
        made.append(Services(settings_from({**usual, **variables})))
        made[-1].use(lambda *_: "done", lambda *_: None)
        return made[-1]

    yield put_together
    for services in made:
        services.stop()


def write_config(tmp_path: Path, text: str) -> str:
    """Write a config file and return its name."""
    path = tmp_path / "config.json"
    path.write_text(text)
    return str(path)


# putting together


def test_putting_it_together_talks_to_nobody(make: Make, town: Town, tmp_path: Path) -> None:
    """No call, no file: an answer to a webhook does not wait for either."""
    make()
    assert (town.server.calls, list(tmp_path.iterdir())) == ([], [])


def test_the_system_clock_runs(make: Make) -> None:
    """Both ways of telling the time go forward, and a set flag ends a wait at once."""
    clock = SystemClock()
    assert clock.now() > 1_700_000_000
    assert clock.monotonic() <= clock.monotonic()
    assert not clock.wait(make().gateway.stopping, 0.0)


def test_without_a_token_it_says_how_to_get_one(make: Make) -> None:
    """Whoever needs Webex is told what is missing; the pages are served all the same."""
    services = make(WEBEX_TEAMS_ACCESS_TOKEN="")
    with pytest.raises(ConfigError) as caught:
        services.me()
    assert ENGLISH.say("page_no_token_how") in str(caught.value)
    assert services.standing_fault() == ENGLISH.say("page_no_token")


def test_files_lie_beside_the_ledger(make: Make, tmp_path: Path) -> None:
    """So that two bots with two ledgers do not share them."""
    assert make().files == tmp_path / "ledger-files"


@pytest.mark.parametrize(
    ("config", "variable", "locale"),
    [("{}", "", "en_US"), ("{}", "cs_CZ", "cs_CZ"), ('{"locale": "cs_CZ"}', "en_US", "cs_CZ")],
)
def test_the_config_says_which_language_before_the_environment(
    make: Make, tmp_path: Path, config: str, variable: str, locale: str
) -> None:
    """English where nobody says anything."""
    services = make(CONFIG_FILE=write_config(tmp_path, config), LOCALE=variable)
    assert services.texts.locale == locale


def test_an_unknown_language_is_warned_about_once(make: Make) -> None:
    """And English is spoken."""
    services = make(LOCALE="tlh")
    with capture_logs() as logs:
        assert (services.texts.locale, services.texts.locale) == ("en_US", "en_US")
    assert [line["event"] for line in logs] == ["locale.unknown"]


# whom it knows


def test_the_bot_asks_once_who_it_is(make: Make, town: Town) -> None:
    """Later it knows."""
    services = make()
    assert services.me() == services.me()
    assert town.statuses("/people/me") == [200]


def test_after_a_restart_it_knows_itself_without_asking(make: Make, town: Town) -> None:
    """By its id, so that its own messages are dropped before any call."""
    make().me()
    town.server.clear_calls()
    assert make().known_me() == town.bot.id
    assert town.server.calls == []


def test_with_another_token_it_does_not_know_itself(make: Make) -> None:
    """The id belongs to the token."""
    make().me()
    assert make(WEBEX_TEAMS_ACCESS_TOKEN="another").known_me() == ""


def test_before_it_asked_it_does_not_know_itself(make: Make) -> None:
    """Nothing is made up."""
    assert make().known_me() == ""


def test_a_persons_token_is_refused(make: Make, town: Town) -> None:
    """By the person's name, and nothing is remembered."""
    services = make(WEBEX_TEAMS_ACCESS_TOKEN=town.alice.token)
    with pytest.raises(ConfigError, match="Alice Nováková"):
        services.me()
    assert services.known_me() == ""


def test_the_ledger_of_another_bot_is_refused(make: Make, town: Town) -> None:
    """Its broadcasts must not go out under this one's name; the message says what to set."""
    make().me()
    other = town.world.bot("Second Bot", town.bot.org)
    with pytest.raises(ConfigError, match="STORE"):
        make(WEBEX_TEAMS_ACCESS_TOKEN=other.token).me()


def test_a_new_token_of_the_same_bot_is_welcome(make: Make) -> None:
    """Tokens are renewed; the secret may be the operator's own."""
    make().me()
    assert make(WEBHOOK_SECRET="own").me().is_bot


# what keeps it from working


def test_a_healthy_bot_has_no_fault(make: Make) -> None:
    """Nothing to say."""
    services = make()
    services.me()
    assert services.standing_fault() == ""


def test_a_refused_token_is_a_standing_fault(make: Make) -> None:
    """Until it is replaced."""
    services = make(WEBEX_TEAMS_ACCESS_TOKEN="worn-out")
    with pytest.raises(Refused) as caught:
        services.me()
    assert services.standing_fault() == ENGLISH.say("token_refused")
    assert services.explain(caught.value) == f"{ENGLISH.say('token_refused')} {ENGLISH.say('token_refused_how')}"


def test_a_config_file_that_went_wrong_is_a_standing_fault(make: Make, tmp_path: Path) -> None:
    """The last good one stays in force meanwhile."""
    name = write_config(tmp_path, '{"source": {"bots_own_org": false}}')
    services = make(CONFIG_FILE=name)
    assert services.config.source.bots_own_org is False
    write_config(tmp_path, '{"sorce": {}} ')
    assert "sorce" in services.standing_fault()
    assert services.config.source.bots_own_org is False


def test_a_silent_webex_is_explained_with_the_call(make: Make) -> None:
    """What was asked, and that no answer came."""
    text = make().explain(NoAnswer("time-out", call="GET rooms"))
    assert text == ENGLISH.say("page_webex_silent", reason="GET rooms: time-out")


def test_an_error_of_the_setting_explains_itself(make: Make) -> None:
    """It is written for the reader."""
    assert make().explain(ConfigError("PORT is wrong.")) == "PORT is wrong."


# webhooks


def ready(services: Services) -> Services:
    """Set the webhooks up, as the page does."""
    set_up(services.gateway, (), URL, services.settings.secret)
    services.health.webhooks_are_set(URL)
    return services


def test_before_the_set_up_nobody_knows_about_the_webhooks(make: Make, town: Town) -> None:
    """And nobody asks."""
    assert make().health.webhooks_work() is None
    assert town.server.calls == []


def test_working_webhooks_are_known_and_not_asked_for_all_the_time(make: Make, town: Town) -> None:
    """A health check every second does not become a call every second."""
    services = ready(make())
    town.server.clear_calls()
    assert [services.health.webhooks_work() for _ in range(5)] == [True] * 5
    assert town.statuses("/webhooks") == [200]


def test_webhooks_that_webex_switched_off_do_not_work(make: Make, town: Town) -> None:
    """One of those for new messages is enough."""
    services = ready(make())
    hook = next(hook for hook in services.gateway.webhooks() if (hook.resource, hook.event) == ("messages", "created"))
    for _ in range(100):
        town.world.webhooks.report(hook.id, delivered=False)
    assert services.health.webhooks_work() is False


def test_where_webex_does_not_answer_nobody_knows_about_the_webhooks(make: Make, town: Town) -> None:
    """That is no reason to call them broken."""
    services = ready(make())
    town.server.faults.add(Fault(kind="status", path="/webhooks", status=503))
    assert services.health.webhooks_work() is None


# starting and stopping


def test_without_a_token_nothing_is_started(make: Make) -> None:
    """The pages are there to say so."""
    services = make(WEBEX_TEAMS_ACCESS_TOKEN="")
    services.start()
    services.ring()
    services.stop()
    assert services.ledger.take_lease("me", 0.0, 1.0, holder_is_dead=lambda _: False) is not None


DRAFT = Draft(
    source_id="m",
    space_id="s",
    thread_id="m",
    sender=Person(id="alice", name="Alice"),
    content=Content(group_parts=("x",), direct_parts=("x",)),
    asked_at=0.0,
)


def test_only_the_worker_opens_broadcasts(make: Make) -> None:
    """There is an order to keep."""
    with pytest.raises(RuntimeError):
        make().open_broadcast(DRAFT, [])


def hired(services: Services) -> tuple[Lease, Callable[[], float]]:
    """Return a new lease, and the lane of duties under it."""
    token = services.ledger.take_lease("me", services.clock.now(), 60.0, holder_is_dead=lambda _: True)
    lease = Lease(token or 0, services.clock)
    return lease, services.crew(lease).lanes["duties"]


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda bot, _: bot.open_broadcast(DRAFT, []), LeaseLost),
        (lambda bot, town: bot.gateway.post(town.room.id, "hello"), NoLease),
    ],
)
def test_a_lane_that_wakes_in_a_later_call_acts_under_its_own_lease(
    make: Make, town: Town, act: Callable[[Services, Town], object], error: type[Exception]
) -> None:
    """As on Lambda, where a function that was frozen goes on beside what it is called for next."""
    services, caught = make(), []

    def handle(bot: Services, _: Job) -> str:
        with pytest.raises(error) as found:
            act(bot, town)
        caught.append(found.type)
        return "done"

    services.use(handle, lambda *_: None)
    before, step = hired(services)
    hired(services)
    before.forfeit()
    services.ledger.record(Event(key="e", resource="rooms", action="updated", id="r"), services.clock.now())
    step()
    assert (caught, town.said()) == ([error], [])


def test_a_started_bot_says_what_there_is_to_say(make: Make, town: Town) -> None:
    """At once, and no second start does it twice; when it has stopped, the lease is free."""
    services = make()
    services.start()
    services.start()
    town.world.on_message(lambda _: said.set())
    said = threading.Event()
    services.say(Reply(key="k", markdown="hi", space_id=town.room.id))
    assert said.wait(20)
    services.stop()
    assert town.said(town.room) == ["hi"]
    assert services.ledger.take_lease("me", services.clock.now(), 1.0, holder_is_dead=lambda _: False) is not None


def test_an_event_reaches_its_handler(make: Make) -> None:
    """With the bot around it, from the ledger, in the background."""
    services, handled, done = make(), list[tuple[Services, str]](), threading.Event()

    def handle(bot: Services, job: Job) -> str:
        handled.append((bot, job.event.key))
        done.set()
        return "done"

    services.use(handle, lambda *_: None)
    services.start()
    services.ledger.record(Event(key="e", resource="rooms", action="updated", id="r"), services.clock.now())
    services.ring()
    assert (done.wait(20), handled) == (True, [(services, "e")])


def test_a_message_is_overtaking_while_an_earlier_one_waits(make: Make) -> None:
    """By the time at which people wrote, not by that of arrival."""
    services = make()
    early, late = (
        Event(key=f"e{at}", resource="messages", action="created", id="m", asked_at=float(at)) for at in (1, 2)
    )
    services.ledger.record(late, services.clock.now())
    assert not services.is_overtaking(late)
    services.ledger.record(early, services.clock.now())
    assert (services.is_overtaking(late), services.is_overtaking(early)) == (True, False)


# with a queue that calls the worker


QUEUE = "http://127.0.0.1:9/1/doorbell"


@pytest.fixture
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """What boto3 needs before it asks anybody."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def test_with_a_queue_nothing_runs_in_the_background(make: Make) -> None:
    """The lease stays free for the worker that a message calls."""
    services = make(QUEUE=QUEUE)
    services.start()
    assert services.ledger.take_lease("me", 0.0, 1.0, holder_is_dead=lambda _: False) is not None


@pytest.mark.usefixtures("_keys")
def test_a_queue_that_cannot_be_rung_is_a_standing_fault(make: Make) -> None:
    """It does not keep an event from being taken; the health page shows it."""
    services = make(QUEUE=QUEUE)
    services.me()
    services.start()
    assert services.standing_fault() == ""
    services.ring()
    assert QUEUE in services.standing_fault()


def test_without_a_queue_no_message_calls_the_worker(make: Make) -> None:
    """Whoever wires a queue to this bot is told which variable is missing."""
    with pytest.raises(ConfigError, match="QUEUE"):
        _ = make().worker


def test_an_event_that_waits_for_long_shows_that_no_worker_comes(make: Make) -> None:
    """There is no other sign of one that runs elsewhere; a bot that works by itself knows better."""
    here, elsewhere = make(), make(QUEUE=QUEUE)
    event = Event(key="e", resource="rooms", action="updated", id="r")
    here.ledger.record(event, here.clock.now() - 1000)
    elsewhere.me()
    assert [bool(services.health.state()["ok"]) for services in (here, elsewhere)] == [True, False]


def test_files_lie_in_passing_where_the_ledger_is_a_table(make: Make) -> None:
    """A disk of the cloud does not last; two tables do not share a folder."""
    folders = [make(STORE=f"dynamodb:{name}").files for name in ("one", "two")]
    assert [folder.name for folder in folders] == ["one-files", "two-files"]
    assert folders[0].parent == Path(tempfile.gettempdir())
