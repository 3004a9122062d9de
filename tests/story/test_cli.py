"""The command line, as an operator uses it: `flask --app bot …`, and `python bot.py` with settings that will not do."""

from collections.abc import Callable
from pathlib import Path

import pytest

from broadcast.model import State
from tests.story.process import ROOT, Process, environment, flask, run
from tests.story.stage import SimFile, Stage, eventually


@pytest.fixture
def real(make_stage: Callable[..., Stage]) -> Stage:
    """Return a world on the machine's clock, for commands that are processes of their own."""
    return make_stage(pace=1)


def done(stage: Stage, *words: str) -> str:
    """Run a command that works; return what it prints."""
    status, text = flask(stage, *words)
    assert status == 0, text
    return text


def test_help_names_every_command(real: Stage) -> None:
    """`flask --app bot --help` lists the bot's commands with what they do."""
    text = done(real, "--help")
    for name in ("check-config", "webhooks", "spaces", "broadcasts", "show", "resume"):
        assert name in text


def test_check_config_says_what_the_file_means(real: Stage) -> None:
    """In whole sentences, with a warning where it is not what its owner may have meant."""
    real.config(source={"from_sender_list": True, "sender_list": []}, destination={"senders_own_org": False})
    text = done(real, "check-config")
    assert "Messages go to every space the bot is in." in text
    assert "Mind: Nobody may send" in text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"source": {"bots_own_orgs": true}}', "source.bots_own_orgs: unknown key; did you mean source.bots_own_org?"),
        ('{"source": {"bots_own_org": "yes"}}', 'source.bots_own_org: must be true or false, not "yes"'),
        ('{"source": ', "no JSON at line 1"),
        ("", "the file is empty"),
        (None, "there is no such file"),
    ],
)
def test_check_config_finds_what_is_wrong(real: Stage, text: str | None, says: str) -> None:
    """One message with file, key, fault and remedy, no traceback, and an exit status that scripts can see."""
    path = real.folder / "own.json"
    if text is not None:
        path.write_text(text)
    status, said = flask(real, "check-config", CONFIG_FILE=str(path))
    assert status == 1
    assert f"{path}: " in said
    assert says in said
    assert "Traceback" not in said


def test_webhooks_are_set_shown_and_moved(real: Stage) -> None:
    """None at first, with what to do; `set` makes them, shows each, and moves them to another host without a key."""
    assert "flask --app bot webhooks set URL" in done(real, "webhooks")
    assert "The webhooks point to https://one.example/webhook" in done(real, "webhooks", "set", "https://one.example/")
    done(real, "webhooks", "set", "https://two.example/prod/webhook")
    shown = done(real, "webhooks")
    assert shown.count("https://two.example/prod/webhook") == len(real.webhooks()) == 12
    assert "one.example" not in shown


def test_webhooks_set_wants_a_url(real: Stage) -> None:
    """A bare host name, or none, is refused, and nothing is registered."""
    assert flask(real, "webhooks", "set", "https://")[0] == 2
    status, text = flask(real, "webhooks", "set", "bot.example.com")
    assert status == 2
    assert "must begin with https://" in text
    assert real.webhooks() == []


def test_webhooks_set_does_not_claim_what_webex_refused(real: Stage) -> None:
    """Those for messages could not be made: status 1, each fault, and the address is not remembered."""
    real.fault("status", "POST", "/webhooks", status=403, times=None)
    status, text = flask(real, "webhooks", "set", "https://one.example")
    assert status == 1
    assert "Webex does not tell the bot about messages yet" in text
    assert real.ledger.recall("webhook_url") is None


def test_webhooks_set_is_for_a_bots_token_only(real: Stage) -> None:
    """With a person's token nothing is registered in that person's name."""
    status, text = flask(real, "webhooks", "set", "https://one.example", WEBEX_TEAMS_ACCESS_TOKEN=real.alice.token)
    assert (status, "Alice Novak" in text) == (1, True)
    assert real.world.webhooks.of(real.alice) == []


def test_spaces_shows_who_would_get_a_message(real: Stage) -> None:
    """Every space with its kind, the reason where it is left out, and the sum, for a message of `--sender`."""
    real.space("Lobby")
    real.space("Globex's", owner=real.globex)
    text = done(real, "spaces", "--sender", "alice@acme.example")
    assert "space  Lobby\n" in text
    assert "1-1    Alice Novak\n" in text
    assert "Globex's  (left out: the space does not belong to the sender's organization)" in text
    assert "3 in all, 2 would get it" in text


def test_spaces_of_a_stranger_says_so(real: Stage) -> None:
    """An address Webex does not show the bot is named in one line."""
    status, text = flask(real, "spaces", "--sender", "nobody@nowhere.example")
    assert (status, "nobody@nowhere.example" in text, "Traceback" in text) == (1, True, False)


def test_broadcasts_and_show_tell_what_became_of_them(stage: Stage) -> None:
    """The list has sums, `show` has every destination with state and reason; no title plays with the terminal."""
    assert "There are no broadcasts yet." in done(stage, "broadcasts")
    vault = stage.space("Va\x1b[31mult\nnext")
    stage.fault("status", status=403, room=vault, times=None)
    stage.broadcast(stage.alice, "hello")
    assert "from alice@acme.example: 2 planned, 1 sent, 1 failed, 0 skipped, 0 unknown" in done(stage, "broadcasts")
    shown = done(stage, "show", "1")
    assert "sent     Alice Novak" in shown
    assert "failed   Va?[31mult?next  Webex does not let me post there" in shown


def test_show_of_an_unknown_broadcast_says_so(real: Stage) -> None:
    """One line with what to do, and exit status 1."""
    status, text = flask(real, "show", "7")
    assert (status, text) == (1, "Error: There is no broadcast 7. `flask --app bot broadcasts` lists them.\n")


def test_resume_does_what_is_unfinished_and_ends(real: Stage, start: Callable[..., Process]) -> None:
    """After a crash, with no server running: the command sends what waits, tells the sender, and ends."""
    lobby = real.space()
    bot = start(real)
    real.fault("status", status=503, room=lobby, times=None)
    message = real.says(real.alice, "hello")
    eventually(lambda: real.states() == {State.WAITING: 1, State.SENT: 1})
    bot.kill()
    real.webex.faults.clear()
    assert "Nothing waits any more." in done(real, "resume")
    assert real.body(lobby) == "hello"
    assert real.outcome(message).startswith("Sent: 2")


@pytest.mark.parametrize("server_runs", [True, False])
def test_resume_sends_a_broadcast_again_where_it_failed(stage: Stage, server_runs: bool) -> None:
    """Only to the space that refused it, with its file, beside a running server or without one; and it is told."""
    vault, lobby = stage.space("Vault"), stage.space()
    stage.fault("status", status=403, room=vault, times=None)
    message = stage.broadcast(stage.alice, "hello", files=[SimFile("plan.txt", b"the plan")])
    stage.webex.faults.clear()
    if not server_runs:
        stage.shut()
    assert "To be sent again: 1\n" in done(stage, "resume", "1", "--failed")
    assert (stage.body(vault), stage.body(lobby)) == ("hello", "hello")
    assert stage.copy(vault).files[0].content == b"the plan"
    assert stage.states() == {State.SENT: 3}
    assert len(stage.outcomes(message)) == 2


def test_resume_sends_again_what_nobody_knows_about(stage: Stage) -> None:
    """With --unknown, and not with --failed: the operator has looked, and it may be there twice."""
    lobby = stage.space()
    stage.fault("cut_after", room=lobby)
    stage.broadcast(stage.alice, "hello")
    assert flask(stage, "resume", "1", "--failed")[0] == 1
    assert "To be sent again: 1\n" in done(stage, "resume", "1", "--unknown")
    assert len(stage.copies(lobby)) == 2
    assert len(stage.copies(stage.dm)) == 1


@pytest.mark.parametrize("words", [["7", "--failed"], ["--failed"], ["--unknown"], ["7"], ["seven", "--failed"]])
def test_resume_of_nothing_in_particular_says_what_is_missing(real: Stage, words: list[str]) -> None:
    """No such broadcast, none named, nothing chosen: one message, no traceback, an exit status that scripts can see."""
    status, text = flask(real, "resume", *words)
    assert status in (1, 2)
    assert "Traceback" not in text
    assert "Error: " in text


def test_resume_with_nothing_to_do_ends_at_once(real: Stage) -> None:
    """It says so and does not wait."""
    assert done(real, "resume").splitlines()[-1] == "Nothing waits any more."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEBEX_TEAMS_ACCESS_TOKEN", ""),
        ("PORT", "many"),
        ("PORT", "70000"),
        ("STORE", "postgres://nowhere"),
        ("STORE", "sqlite:///"),
        ("QUEUE", "carrier-pigeon"),
        ("BASE_URL", "bot.example.com"),
        ("WEBEX_API_BASE_URL", "webexapis.com"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_a_setting_that_will_not_do_is_named(real: Stage, name: str, value: str) -> None:
    """`python bot.py` ends with one message that names the variable, without a traceback and without the token."""
    status, said = run(["bot.py"], environment(real, **{name: value}))
    assert status != 0
    assert name in said
    assert "Traceback" not in said
    assert real.bot.token not in said


def test_a_named_configuration_that_is_missing_keeps_the_bot_from_starting(real: Stage) -> None:
    """`python bot.py` with CONFIG_FILE naming nothing: refused, never the defaults instead."""
    status, said = run(["bot.py"], environment(real, CONFIG_FILE=str(real.folder / "gone.json")))
    assert status != 0
    assert "gone.json: there is no such file" in said
    assert "Traceback" not in said


def test_settings_come_from_the_named_env_file_too(real: Stage, tmp_path: Path) -> None:
    """DOT_ENV_FILE names a file with the token and the rest; what stands in the environment itself wins."""
    set_here = real.variables(LOCALE="cs_CZ")
    (tmp_path / "my.env").write_text("\n".join(f"{name}={value}" for name, value in set_here.items()))
    others = {name: value for name, value in environment(real).items() if name not in set_here}
    others["DOT_ENV_FILE"] = str(tmp_path / "my.env")
    command = ["-m", "flask", "--app", "bot", "check-config"]
    assert "Bot mluví jazykem cs_CZ." in run(command, others)[1]
    assert "The bot speaks en_US." in run(command, {**others, "LOCALE": "en_US"})[1]


def test_without_variables_the_files_of_the_folder_count(real: Stage, tmp_path: Path) -> None:
    """`.env` and `config/config.json` are read where the bot is started, and its ledger is made in `data` there."""
    set_here = {**real.variables(), "PYTHONPATH": str(ROOT)}
    for name in ("CONFIG_FILE", "STORE"):
        del set_here[name]
    (tmp_path / ".env").write_text("\n".join(f"{name}={value}" for name, value in set_here.items()))
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.json").write_text('{"locale": "cs_CZ"}')
    others = {name: environment(real)[name] for name in ("PATH",)}
    command = ["-m", "flask", "--app", str(ROOT / "bot.py")]
    assert "Bot mluví jazykem cs_CZ." in run([*command, "check-config"], others, tmp_path)[1]
    assert "1-1    Alice Novak" in run([*command, "spaces"], others, tmp_path)[1]
    assert (tmp_path / "data" / "broadcast.db").exists()
