"""The environment: which variables mean what, where they come from, and in which words a wrong one is refused."""

from pathlib import Path

import pytest

from broadcast.errors import ConfigError
from broadcast.events import derive_secret
from broadcast.settings import Settings, read_environment, settings_from

TOKEN = "WEBEX_TEAMS_ACCESS_TOKEN"
QUEUE = "https://sqs.eu-central-1.amazonaws.com/123456789012/broadcast-bot-dev"
TABLE = "dynamodb:broadcast-bot-dev"


def settings(**variables: str) -> Settings:
    """Return the settings for these variables."""
    return settings_from(variables)


# where they come from


def test_a_dotenv_file_completes_the_environment(tmp_path: Path) -> None:
    """What is set outside wins, what is blank there counts as not set."""
    (tmp_path / ".env").write_text("PORT=1\nLOCALE=cs_CZ\nexport SETUP_KEY='a b'\n# x\nBASE_URL=\n")
    found = read_environment({"PORT": "2", "LOCALE": " "}, tmp_path)
    assert found == {"PORT": "2", "LOCALE": "cs_CZ", "SETUP_KEY": "a b", "BASE_URL": ""}


def test_a_named_dotenv_file_is_read_instead(tmp_path: Path) -> None:
    """Only that one, also where a tool has loaded the usual one before."""
    (tmp_path / ".env").write_text("PORT=1\nLOCALE=cs_CZ\n")
    (tmp_path / "second.env").write_text("PORT=2\n")
    name = str(tmp_path / "second.env")
    assert read_environment({"DOT_ENV_FILE": name, "PORT": "1"}, tmp_path)["PORT"] == "2"
    assert "LOCALE" not in read_environment({"DOT_ENV_FILE": name}, tmp_path)


def test_a_named_dotenv_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    """Never silently the usual one."""
    with pytest.raises(ConfigError, match=r"gone\.env.*DOT_ENV_FILE"):
        read_environment({"DOT_ENV_FILE": str(tmp_path / "gone.env")}, tmp_path)


def test_without_any_file_the_environment_is_all(tmp_path: Path) -> None:
    """A bot in a container has none."""
    assert read_environment({"PORT": "2"}, tmp_path) == {"PORT": "2"}


def test_a_file_written_by_an_editor_on_windows_is_read(tmp_path: Path) -> None:
    """With its mark in front and its line ends."""
    (tmp_path / ".env").write_bytes("\ufeffPORT=1\r\nLOCALE=cs_CZ\r\n".encode())
    assert read_environment({}, tmp_path) == {"PORT": "1", "LOCALE": "cs_CZ"}


# what they mean


def test_without_variables_the_defaults_hold() -> None:
    """Those that the documentation names."""
    found = settings()
    assert (found.token, found.secret, found.setup_key, found.base_url, found.locale) == ("", "", "", "", "")
    assert (found.port, found.log_level, found.ledger_path) == (5050, "INFO", Path("data/broadcast.db"))
    assert (found.table, found.queue_url) == ("", "")
    assert (found.config_path, found.config_is_named) == (Path("config/config.json"), False)
    assert found.api_base_url == "https://webexapis.com/v1/"


def test_blank_variables_are_no_variables() -> None:
    """A line "PORT=" in a file means the default."""
    names = (TOKEN, "CONFIG_FILE", "PORT", "BASE_URL", "STORE", "QUEUE", "WEBEX_API_BASE_URL", "LOG_LEVEL")
    assert settings_from(dict.fromkeys(names, " ")) == settings()


def test_blanks_around_a_value_do_not_count() -> None:
    """They come with copying."""
    assert (settings(WEBEX_TEAMS_ACCESS_TOKEN=" abc\n").token, settings(PORT=" 80 ").port) == ("abc", 80)


def test_the_secret_is_derived_from_the_token_unless_it_is_given() -> None:
    """So that there always is one, and it is not the token."""
    derived = settings(WEBEX_TEAMS_ACCESS_TOKEN="abc").secret
    assert derived == derive_secret("abc")
    assert "abc" not in derived
    assert settings(WEBEX_TEAMS_ACCESS_TOKEN="abc", WEBHOOK_SECRET="own").secret == "own"


@pytest.mark.parametrize(
    ("store", "path"),
    [
        ("sqlite:///data/x.db", "data/x.db"),
        ("sqlite:////var/lib/bot.db", "/var/lib/bot.db"),
        ("sqlite:///x y/ž.db", "x y/ž.db"),
    ],
)
def test_three_slashes_are_relative_and_four_absolute(store: str, path: str) -> None:
    """As in every URL of this kind."""
    assert settings(STORE=store).ledger_path == Path(path)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("https://bot.example", "https://bot.example"),
        ("https://bot.example/", "https://bot.example"),
        ("https://bot.example/dev/", "https://bot.example/dev"),
        ("https://bot.example/dev/webhook", "https://bot.example/dev"),
        ("https://bot.example/webhook/", "https://bot.example"),
        ("http://localhost:5050", "http://localhost:5050"),
    ],
)
def test_the_base_url_is_where_the_bot_begins(given: str, meant: str) -> None:
    """With or without slash, and also where somebody names the page he opens."""
    assert settings(BASE_URL=given).base_url == meant


@pytest.mark.parametrize("given", ["http://127.0.0.1:1/v1", "http://127.0.0.1:1/v1/", "http://127.0.0.1:1/v1//"])
def test_the_api_root_ends_with_one_slash(given: str) -> None:
    """However it was written."""
    assert settings(WEBEX_API_BASE_URL=given).api_base_url == "http://127.0.0.1:1/v1/"


def test_a_named_config_file_is_known_as_named() -> None:
    """Because it must be there then."""
    found = settings(CONFIG_FILE="my.json")
    assert (found.config_path, found.config_is_named) == (Path("my.json"), True)


def test_a_table_and_a_queue_are_known_by_name_and_address() -> None:
    """As the cloud knows them; a queue of a stand-in has an address of its own."""
    found = settings(STORE=TABLE, QUEUE=QUEUE)
    assert (found.table, found.queue_url) == ("broadcast-bot-dev", QUEUE)
    assert settings(QUEUE="http://127.0.0.1:5000/1/doorbell").queue_url == "http://127.0.0.1:5000/1/doorbell"
    assert settings(QUEUE="local").queue_url == ""


def test_on_lambda_table_and_queue_are_taken() -> None:
    """There is no other way there."""
    assert settings(AWS_LAMBDA_FUNCTION_NAME="bot", STORE=TABLE, QUEUE=QUEUE).table == "broadcast-bot-dev"


# what is refused


@pytest.mark.parametrize(
    ("variables", "named"),
    [({"QUEUE": QUEUE}, "STORE"), ({"STORE": TABLE}, "QUEUE"), ({"STORE": TABLE, "QUEUE": "local"}, "QUEUE")],
)
def test_what_cannot_last_on_lambda_is_refused_there(variables: dict[str, str], named: str) -> None:
    """A file is gone with the machine, and no thread goes on after an answer: messages would be lost."""
    assert settings_from(variables)
    with pytest.raises(ConfigError, match=f"^{named} is .*Lambda"):
        settings_from({**variables, "AWS_LAMBDA_FUNCTION_NAME": "bot"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("PORT", value) for value in ("0", "65536", "-1", "80a", "8 0", "²", "٣", "1.5", "0x50")),
        *(("BASE_URL", value) for value in ("bot.example", "ftp://bot.example", "//bot.example", "javascript:x")),
        ("WEBEX_API_BASE_URL", "webexapis.com"),
        *(("STORE", value) for value in ("data/x.db", "sqlite:x.db", "sqlite://x.db", "sqlite:///", "postgres://x")),
        *(
            ("STORE", value)
            for value in ("dynamodb:", "dynamodb:ab", "dynamodb:a b c", "dynamodb:a/bc", "dynamodb://abc")
        ),
        *(("QUEUE", value) for value in ("redis", "sqs", "https://", "https://sqs.eu-central-1.amazonaws.com/")),
        ("QUEUE", f"{QUEUE}.fifo"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(name: str, value: str) -> None:
    """The message says which variable it is and what is in it."""
    with pytest.raises(ConfigError) as caught:
        settings_from({name: value})
    assert name in str(caught.value)
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize("value", ["https://", "http://", "https:///x", "https://a b"])
def test_an_address_without_a_host_is_refused(value: str) -> None:
    """It would be found out much later, in a page or a call that fails."""
    with pytest.raises(ConfigError, match="WEBEX_API_BASE_URL"):
        settings(WEBEX_API_BASE_URL=value)


def test_no_fault_shows_the_token() -> None:
    """Whatever else is wrong."""
    with pytest.raises(ConfigError) as caught:
        settings(WEBEX_TEAMS_ACCESS_TOKEN="abc-secret", PORT="x")
    assert "abc-secret" not in str(caught.value)
