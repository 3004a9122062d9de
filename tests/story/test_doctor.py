"""`flask --app bot doctor`, as an operator uses it: each thing that can be wrong, what is said, and the exit status."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog

from bot import create_app
from broadcast.doctor import Grade, machine, work
from broadcast.model import Event, Webhook
from broadcast.services import Services
from broadcast.settings import settings_from
from broadcast.webhooks import set_up
from tests.story.process import Process, flask
from tests.story.stage import Stage
from tests.story.test_pages import switch_off

GOOD_SECRET = "only for tests, and long enough"
SETUP_KEY = "a key to set up with"
SAYS_HOW = (
    "Open ",
    "Run: ",
    "Set ",
    "Put ",
    "Renew ",
    "Make ",
    "See ",
    "Start ",
    "Name ",
    "Mend ",
    "Use ",
    "Let ",
    "Try ",
)


@pytest.fixture(autouse=True)
def _log_aside() -> None:
    """Keep what the running bot logs out of what the command says, which is read here in the same process."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stdout))


@pytest.fixture
def real(make_stage: Callable[..., Stage]) -> Stage:
    """Return a world on the machine's clock in which the bot does not run yet."""
    return make_stage(pace=1)


@pytest.fixture
def well(real: Stage) -> Stage:
    """Return a world in which the bot runs, is set up, and nothing is wrong."""
    return real.open(WEBHOOK_SECRET=GOOD_SECRET)


def services(stage: Stage, **variables: str) -> Services:
    """Return what the command works with, in this process."""
    return Services(settings_from(stage.variables(**{"WEBHOOK_SECRET": GOOD_SECRET, **variables})), clock=stage.clock)


def doctor(stage: Stage, *words: str, **variables: str) -> tuple[int, str]:
    """Run the command; return its exit status and what it said."""
    runner = create_app(services(stage, **variables)).test_cli_runner()
    done = runner.invoke(args=["doctor", "--env-file", str(stage.folder / "none.env"), *words])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return done.exit_code, done.output


def found(text: str, subject: str, grade: Grade) -> str:
    """Return what was said of a grade about a subject."""
    lines = [line.split(maxsplit=2) for line in text.splitlines()[:-1]]
    return "\n".join(rest for said, about, rest in lines if (said, about) == (grade, subject))


def is_wrong(stage: Stage, subject: str, **variables: str) -> str:
    """See that the command fails because of this; return what it says is wrong, with what to do."""
    status, text = doctor(stage, **variables)
    says = found(text, subject, Grade.WRONG)
    assert status == 1
    assert any(how in says for how in SAYS_HOW), text
    return says


def is_minded(stage: Stage, subject: str, **variables: str) -> str:
    """See that the command warns of this, and does not fail; return what it says."""
    status, text = doctor(stage, **variables)
    assert status == 0, text
    return found(text, subject, Grade.MIND)


def point_to(stage: Stage, url: str, secret: str = GOOD_SECRET, *, beside: bool = False) -> None:
    """Have the bot's webhooks point somewhere, or another set of them `beside` what there is."""
    gateway = services(stage).gateway
    set_up(gateway, () if beside else gateway.webhooks(), url, secret)


# All together


def test_a_bot_that_runs_and_is_set_up_is_well(real: Stage, start: Callable[..., Process]) -> None:
    """Two real processes: exit status 0, every subject is ok, and nothing is wrong."""
    start(real, WEBHOOK_SECRET=GOOD_SECRET)
    status, text = flask(real, "doctor", WEBHOOK_SECRET=GOOD_SECRET)
    assert (status, text.splitlines()[-1].partition(";")[0]) == (0, "Nothing is wrong")
    for subject in ("versions", "packages", "config", "secret", "token", "clock", "account", "org", "webhooks"):
        assert found(text, subject, Grade.OK), text
    assert "12 are active" in found(text, "webhooks", Grade.OK)
    assert "can be written and read" in found(text, "store", Grade.OK)
    assert "There is a worker: 0 events and 0 deliveries wait" in found(text, "queue", Grade.OK)


def test_it_never_says_a_secret(real: Stage) -> None:
    """However much is wrong: no token, no secret, no key, no password in an address, and no traceback."""
    point_to(real, "https://user:pass-word@one.example/webhook?key=hidden-one", "another secret of old")
    variables = {"SETUP_KEY": "short-key", "WEBHOOK_SECRET": "short-secret", "BASE_URL": "http://me:pass-word@10.0.0.1"}
    for token in (real.bot.token, real.alice.token, "not-a-good-token"):
        status, text = flask(real, "doctor", WEBEX_TEAMS_ACCESS_TOKEN=token, **variables)
        assert status == 1
        for secret in (token, "short-key", "short-secret", "pass-word", "hidden-one", "secret of old", "Traceback"):
            assert secret not in text


@pytest.mark.parametrize(("name", "value"), [("STORE", "postgres://x"), ("QUEUE", "pigeon"), ("PORT", "many")])
def test_a_variable_that_keeps_the_bot_from_starting_is_named(real: Stage, name: str, value: str) -> None:
    """The command line itself cannot start then: one line that names the variable, and a status that is not 0."""
    status, text = flask(real, "doctor", **{name: value})
    assert status == 1
    assert name in text
    assert "Traceback" not in text


# Token, account, organization, clock


def test_no_token(real: Stage) -> None:
    """It says where to get one; what needs one is not looked at, the rest is."""
    status, text = doctor(real, WEBEX_TEAMS_ACCESS_TOKEN="")
    assert status == 1
    assert "https://developer.webex.com/my-apps/new/bot" in found(text, "token", Grade.WRONG)
    assert found(text, "webhooks", Grade.UNSEEN)
    assert found(text, "store", Grade.OK)


def test_a_token_that_webex_refuses(real: Stage) -> None:
    """It says that Webex does not accept it, and still compares the clocks."""
    status, text = doctor(real, WEBEX_TEAMS_ACCESS_TOKEN="wrong")
    assert status == 1
    assert "does not accept it. Renew it" in found(text, "token", Grade.WRONG)
    assert found(text, "clock", Grade.OK)


def test_a_webex_that_is_out_of_order(real: Stage) -> None:
    """An answer of 502 is not blamed on the token."""
    real.fault("status", "GET", "/people/me", status=502, times=None)
    assert "502" in is_wrong(real, "token")


def test_a_webex_that_cannot_be_reached(real: Stage) -> None:
    """It says so, and what to look at; the clock is not judged."""
    real.webex_ends()
    status, text = doctor(real)
    assert status == 1
    assert "firewall, proxy" in found(text, "token", Grade.WRONG)
    assert found(text, "clock", Grade.UNSEEN)


def test_the_token_of_a_person(real: Stage) -> None:
    """It names the person, and asks for a bot's token."""
    assert "Alice Novak (alice@acme.example) is a person" in is_wrong(
        real, "account", WEBEX_TEAMS_ACCESS_TOKEN=real.alice.token
    )


def test_an_organization_whose_name_the_bot_may_not_read(well: Stage) -> None:
    """No fault: its id is shown instead."""
    well.fault("status", "GET", "/organizations", status=403, times=None)
    status, text = doctor(well)
    assert status == 0
    assert "does not show the bot its name" in found(text, "org", Grade.OK)


@pytest.mark.parametrize(("skew", "says"), [(300, "behind"), (-300, "ahead of"), (30, "")])
def test_a_clock_that_is_wrong(make_stage: Callable[..., Stage], skew: float, says: str) -> None:
    """More than a minute off, by Webex's Date header, is wrong; less is not."""
    _, text = doctor(make_stage(pace=1, skew=skew))
    assert says in found(text, "clock", Grade.WRONG if says else Grade.OK)
    assert ("NTP" in found(text, "clock", Grade.WRONG)) == bool(says)


# Webhooks and their secret


def test_no_webhooks(real: Stage) -> None:
    """It says what to open or to run."""
    assert "flask --app bot webhooks set URL" in is_wrong(real, "webhooks")


def test_webhooks_that_webex_has_switched_off(well: Stage) -> None:
    """It counts and names them."""
    switch_off(well, next(one for one in well.webhooks() if one.event == "updated" and one.resource == "rooms"))
    assert "has switched off 1 of them, because the bot could not be reached: rooms updated" in is_wrong(
        well, "webhooks"
    )


@pytest.mark.parametrize(("resource", "grade"), [("messages", Grade.WRONG), ("memberships", Grade.MIND)])
def test_a_webhook_that_is_missing(well: Stage, resource: str, grade: Grade) -> None:
    """Without those for messages the bot is deaf; the others are only missed."""
    gateway = services(well).gateway
    for one in gateway.webhooks():
        if (one.resource, one.event) == (resource, "created"):
            gateway.delete_webhook(one.id)
    status, text = doctor(well)
    assert f"There is none for {resource} created" in found(text, "webhooks", grade)
    assert status == (grade is Grade.WRONG)


def test_webhooks_that_point_to_two_hosts(well: Stage) -> None:
    """Both are named."""
    point_to(well, "https://two.example/webhook", beside=True)
    assert f"{well.url}/webhook, https://two.example/webhook" in is_wrong(well, "webhooks")


def test_webhooks_that_are_signed_with_another_secret(well: Stage) -> None:
    """After a change of WEBHOOK_SECRET their events would be refused."""
    says = is_wrong(well, "webhooks", WEBHOOK_SECRET="another secret of some length")
    assert "12 of them are signed with another secret" in says


def test_webhooks_elsewhere_than_at_base_url(well: Stage) -> None:
    """It says where they are and where they should be."""
    says = is_wrong(well, "webhooks", BASE_URL="https://bot.example")
    assert "but BASE_URL says https://bot.example/webhook" in says


def test_webhooks_that_were_moved_by_another_copy_of_the_bot(well: Stage) -> None:
    """The ledger knows another address than Webex."""
    point_to(well, "https://laptop.example/webhook")
    assert "point to https://laptop.example/webhook, but the ledger says http://127.0.0.1" in is_wrong(well, "webhooks")


def test_webhooks_that_webex_cannot_reach(real: Stage) -> None:
    """An address of an inside network."""
    point_to(real, "https://192.168.7.1/webhook")
    assert "Webex cannot reach https://192.168.7.1/webhook" in is_wrong(real, "webhooks")


def test_webhooks_without_encryption(real: Stage) -> None:
    """They work, so it is a warning."""
    point_to(real, "http://bot.example/webhook")
    assert "is not encrypted. Serve the bot over https." in is_minded(real, "webhooks")


def test_webhooks_of_another_program(well: Stage) -> None:
    """They are named, and no fault."""
    theirs = Webhook(resource="rooms", event="created", target_url="https://other.example/hook?key=mine", name="theirs")
    services(well).gateway.create_webhook(theirs)
    assert "Another program uses this token, at https://other.example/hook." in is_minded(well, "webhooks")


def test_a_list_of_webhooks_that_webex_does_not_give(well: Stage) -> None:
    """A 502 is told as such."""
    well.fault("status", "GET", "/webhooks", status=502, times=None)
    assert "502" in is_wrong(well, "webhooks")


@pytest.mark.parametrize(
    ("secret", "grade", "says"),
    [
        ("", Grade.OK, "Derived from the token"),
        (GOOD_SECRET, Grade.OK, "WEBHOOK_SECRET"),
        ("x", Grade.WRONG, "guessed"),
    ],
)
def test_where_the_secret_comes_from(real: Stage, secret: str, grade: Grade, says: str) -> None:
    """From the token or from the variable; one that can be guessed is wrong."""
    assert says in found(doctor(real, WEBHOOK_SECRET=secret)[1], "secret", grade)


# Settings and configuration


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("SETUP_KEY", "letmein", "so short that it can be guessed"),
        ("BASE_URL", "https://10.1.2.3", "Webex cannot reach that"),
        ("BASE_URL", "https://bot.local", "Webex cannot reach that"),
        ("WEBEX_API_BASE_URL", "http://webex.invalid/v1", "the token crosses the net in the clear"),
    ],
)
def test_settings_that_are_known_to_be_bad(real: Stage, name: str, value: str, says: str) -> None:
    """What lets somebody in or cannot work is wrong, and the variable is named."""
    said = is_wrong(real, "settings", **{name: value})
    assert name in said
    assert says in said


def test_a_base_url_on_this_machine_is_out_of_webexs_reach(real: Stage) -> None:
    """With a simulated Webex on this machine it is not."""
    api = "https://webex.invalid/v1"
    assert "cannot reach" in is_wrong(real, "settings", BASE_URL="http://localhost:5050", WEBEX_API_BASE_URL=api)
    assert "BASE_URL" not in found(doctor(real, BASE_URL="http://localhost:5050")[1], "settings", Grade.WRONG)


@pytest.mark.parametrize(("name", "value"), [("LOG_LEVEL", "debug"), ("BASE_URL", "http://bot.example")])
def test_settings_that_are_to_be_minded(real: Stage, name: str, value: str) -> None:
    """They work, so the command does not fail because of them."""
    point_to(real, "http://bot.example/webhook")
    assert name in is_minded(real, "settings", **{name: value})


def test_a_file_with_the_token_that_everybody_may_read(well: Stage) -> None:
    """It says how to close it, and is content afterwards."""
    path = well.folder / "my.env"
    path.write_text(f"SETUP_KEY={SETUP_KEY}\n")
    path.chmod(0o644)
    assert f"Run: chmod 600 {path}" in found(doctor(well, "--env-file", str(path))[1], "settings", Grade.MIND)
    path.chmod(0o600)
    assert f"{path} is not for everybody" in found(doctor(well, "--env-file", str(path))[1], "settings", Grade.OK)


def test_a_configuration_with_mistakes(well: Stage) -> None:
    """Each mistake is a line of its own, with file and key."""
    well.config(source={"bots_own_orgs": True}, delivery={"give_up_after_minutes": "x"})
    says = is_wrong(well, "config").splitlines()
    assert len(says) == 2
    assert all("config.json: " in line for line in says)


def test_a_configuration_that_is_missing(well: Stage) -> None:
    """A named file that is not there is wrong; one that nobody named need not be there."""
    assert "there is no such file" in is_wrong(well, "config", CONFIG_FILE=str(well.folder / "gone.json"))
    assert "every key has its default" in found(doctor(well, CONFIG_FILE="")[1], "config", Grade.OK)


def test_an_open_door_is_minded(well: Stage) -> None:
    """With every filter on senders and memberships off, anybody may broadcast."""
    well.config(source={"bots_own_org": False})
    says = is_minded(well, "config")
    assert "Anybody who finds the bot may send" in says
    assert "Anybody in any organization may add the bot to a space" in says
    well.config(source={"bots_own_org": False}, membership={"bots_own_org": True})
    assert "Anybody in any organization" not in is_minded(well, "config")


def test_a_language_nobody_has_written_texts_for(well: Stage) -> None:
    """It names the language."""
    assert "'tlh' is not known" in is_minded(well, "config", LOCALE="tlh")


# Packages


def test_packages_that_are_missing_or_others(tmp_path: Path) -> None:
    """Missing is wrong, another version is minded; each is named with what it should be."""
    pins = tmp_path / "requirements.txt"
    pins.write_text("# a comment\nFlask==0.1\nno-such-package==1.0  # why\nclick>=1\n")
    says = {finding.grade: finding for finding in machine.versions(pins)}
    assert "Not installed: no-such-package." in says[Grade.WRONG].says
    assert "(not 0.1)" in says[Grade.MIND].says
    assert "click" not in says[Grade.MIND].says + says[Grade.WRONG].says


def test_pins_that_are_missing(tmp_path: Path) -> None:
    """There is nothing to compare with, and that is said."""
    grades = [finding.grade for finding in machine.versions(tmp_path / "requirements.txt")]
    assert grades == [Grade.OK, Grade.MIND]


# The ledger and who works


@pytest.mark.parametrize("spoilt", ["blocked", "rubbish"])
def test_a_ledger_that_cannot_be_used(real: Stage, spoilt: str) -> None:
    """Its folder is a file, or it is no database: named, with STORE; who works is then not looked at."""
    (real.folder / "blocked").write_text("this is no database at all, " * 200)
    path = real.folder / "blocked" / "ledger.db" if spoilt == "blocked" else real.folder / "blocked"
    status, text = doctor(real, STORE=f"sqlite:///{path}")
    assert status == 1
    assert str(path) in found(text, "store", Grade.WRONG)
    assert "STORE" in found(text, "store", Grade.WRONG)
    assert found(text, "queue", Grade.UNSEEN)


def test_the_ledger_of_another_bot(well: Stage) -> None:
    """It is told apart by the account."""
    well.bot = well.world.bot("Second Bot", well.acme)
    assert "belongs to another bot. Set STORE" in is_wrong(well, "store")


def test_a_ledger_on_a_network_file_system() -> None:
    """The kind is found by the longest mount point above the file; a local one inside of it counts as local."""
    mounts = "overlay / overlay rw\n//x/y /home cifs rw\nz /home/disk\\040one ext4 rw\n"
    assert work.file_system(Path("/home/data/ledger.db"), mounts) in work.NETWORK_FILE_SYSTEMS
    assert work.file_system(Path("/home/disk one/ledger.db"), mounts) == "ext4"
    assert work.file_system(Path("/homes/ledger.db"), mounts) == "overlay"


def test_nobody_works_and_nothing_waits(well: Stage) -> None:
    """Before the first start that is no fault."""
    well.shut()
    assert "No worker runs; nothing waits. Start the bot." in is_minded(well, "queue")


def test_nobody_works_though_something_waits(real: Stage) -> None:
    """It says how much, and what to do."""
    real.ledger.record(Event(key="x", resource="messages", action="created", id="x"), real.clock.now())
    says = is_wrong(real, "queue")
    assert "1 events and 0 deliveries wait. Start the bot, or run: flask --app bot resume" in says


def test_an_event_that_waits_long_while_a_worker_runs(well: Stage) -> None:
    """The log will say why."""
    well.fault("status", "GET", "/messages", status=502, times=None)
    well.ledger.record(Event(key="x", resource="messages", action="created", id="x"), well.clock.now() - 1800)
    assert "an event for 30 minutes. Look into the log." in is_minded(well, "queue")


def test_the_doctor_disturbs_no_worker(well: Stage) -> None:
    """It looks for the lease and leaves it where it is; a broadcast afterwards arrives once everywhere."""
    lobby = well.space()
    doctor(well)
    well.broadcast(well.alice, "hello")
    assert well.body(lobby) == "hello"
    assert "There is a worker" in found(doctor(well)[1], "queue", Grade.OK)
