"""The environment, checked: which variables there are and what they mean. Reads the .env file, nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

from broadcast.errors import ConfigError
from broadcast.events import derive_secret

DEFAULT_API = "https://webexapis.com/v1/"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The environment, checked. `secret` signs the webhooks; empty strings stand for what is not set."""

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
    queue = values.get("QUEUE", "") or "local"
    if queue != "local":
        raise ConfigError(f"QUEUE is {queue!r}: this version works with QUEUE=local only.")
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
        ledger_path=_ledger_path(values.get("STORE", "") or "sqlite:///data/broadcast.db"),
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
    prefix = "sqlite:///"
    if not store.startswith(prefix) or len(store) == len(prefix):
        raise ConfigError(
            f"STORE is {store!r}: this version keeps its ledger in SQLite; write sqlite:///PATH "
            "(three slashes: relative, four: absolute)."
        )
    return Path(store.removeprefix(prefix))
