"""The environment, checked: which variables there are and what they mean. Reads the .env file, nothing else."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

from broadcast.errors import ConfigError
from broadcast.events import derive_secret

DEFAULT_API = "https://webexapis.com/v1/"
SQLITE, DYNAMODB = "sqlite:///", "dynamodb:"
SET_BY_LAMBDA = "AWS_LAMBDA_FUNCTION_NAME"
TABLE_NAME = re.compile(r"[A-Za-z0-9_.-]{3,255}")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The environment, checked. `secret` signs the webhooks; empty strings stand for what is not set.

    The ledger is the DynamoDB table `table`, or the SQLite file `ledger_path` where there is none. Without `queue_url`
    the work is done by this program itself.
    """

    token: str
    config_path: Path
    config_is_named: bool
    locale: str
    log_level: str
    log_format: str
    port: int
    base_url: str
    setup_key: str
    secret: str
    api_base_url: str
    ledger_path: Path
    table: str
    queue_url: str


def read_environment(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return the variables, completed by the .env file in `folder` or the one that DOT_ENV_FILE names."""
    named = environ.get("DOT_ENV_FILE", "").strip()
    path = Path(named) if named else folder / ".env"
    if named and not path.exists():
        raise ConfigError(f"{path}: there is no such file. It is named in DOT_ENV_FILE; correct it or unset it.")
    from_file = _dotenv(path)
    # Flask's command line has put the usual file into the environment already; the named one goes before it.
    usual = _dotenv(folder / ".env") if named else {}
    own = {key: value for key, value in environ.items() if value.strip() and usual.get(key) != value}
    return {**from_file, **own}


def _dotenv(path: Path) -> dict[str, str]:
    return {key: value or "" for key, value in dotenv_values(path, encoding="utf-8-sig").items()}


def settings_from(variables: Mapping[str, str]) -> Settings:
    """Return the settings; raise ConfigError, naming the variable, for one that cannot be used."""
    values = {key: value.strip() for key, value in variables.items()}
    token = values.get("WEBEX_TEAMS_ACCESS_TOKEN", "")
    secret = values.get("WEBHOOK_SECRET", "") or (derive_secret(token) if token else "")
    store = values.get("STORE", "") or "sqlite:///data/broadcast.db"
    table = _table(store)
    queue_url = _queue_url(values.get("QUEUE", "") or "local")
    if values.get(SET_BY_LAMBDA):
        _check_lambda(store, table, queue_url)
    named = values.get("CONFIG_FILE", "")
    return Settings(
        token=token,
        config_path=Path(named or "config/config.json"),
        config_is_named=bool(named),
        locale=values.get("LOCALE", ""),
        log_level=values.get("LOG_LEVEL", "") or "INFO",
        log_format=values.get("LOG_FORMAT", ""),
        port=_port(values.get("PORT", "") or "5050"),
        base_url=_url("BASE_URL", values.get("BASE_URL", "")).removesuffix("/").removesuffix("/webhook"),
        setup_key=values.get("SETUP_KEY", ""),
        secret=secret,
        api_base_url=_url("WEBEX_API_BASE_URL", values.get("WEBEX_API_BASE_URL", "") or DEFAULT_API).rstrip("/") + "/",
        ledger_path=Path() if table else _ledger_path(store),
        table=table,
        queue_url=queue_url,
    )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text) < 65536:
        raise ConfigError(f"PORT is {text!r}: it must be a number from 1 to 65535.")
    return int(text)


def _url(name: str, text: str) -> str:
    if text and not _is_address(text):
        raise ConfigError(f"{name} is {text!r}: it must be an address that begins with https:// (or http://).")
    return text


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not any(map(str.isspace, text))


def _ledger_path(store: str) -> Path:
    if not store.startswith(SQLITE) or store == SQLITE:
        raise ConfigError(
            f"STORE is {store!r}: write sqlite:///PATH (three slashes: relative, four: absolute) for a file, "
            "or dynamodb:TABLE for a table of DynamoDB."
        )
    return Path(store.removeprefix(SQLITE))


def _table(store: str) -> str:
    """Return the name of the DynamoDB table, nothing where the store is of another kind."""
    if not store.startswith(DYNAMODB):
        return ""
    name = store.removeprefix(DYNAMODB)
    if not TABLE_NAME.fullmatch(name):
        raise ConfigError(
            f"STORE is {store!r}: behind dynamodb: stands the name of a table, 3 to 255 of the characters A-Z a-z 0-9 "
            "_ . and -, for example dynamodb:broadcast-bot-dev."
        )
    return name


def _queue_url(queue: str) -> str:
    if queue == "local":
        return ""
    if not _is_address(queue) or not urlsplit(queue).path.strip("/"):
        raise ConfigError(
            f"QUEUE is {queue!r}: write local, or the URL of an SQS queue, "
            "for example https://sqs.eu-central-1.amazonaws.com/123456789012/broadcast-bot-dev."
        )
    if queue.endswith(".fifo"):
        raise ConfigError(f"QUEUE is {queue!r}: a FIFO queue is of no use here; name a standard queue.")
    return queue


def _check_lambda(store: str, table: str, queue_url: str) -> None:
    """Refuse what cannot work on AWS Lambda: its disk is lost and its threads stand still between two calls."""
    if not table:
        raise ConfigError(
            f"STORE is {store!r}: on AWS Lambda a file does not last; write dynamodb:TABLE. It is set in "
            "zappa_settings.json."
        )
    if not queue_url:
        raise ConfigError(
            "QUEUE is 'local': on AWS Lambda no thread goes on after an answer; write the URL of an SQS queue. "
            "It is set in zappa_settings.json."
        )
