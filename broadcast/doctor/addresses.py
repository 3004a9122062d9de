"""Addresses as the doctor sees them: who can reach one, and how to show it. Pure."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def can_be_reached(url: str, api: str) -> bool:
    """Whether Webex, whose API is at `api`, can reach a URL; a simulated one on this machine can reach this machine."""
    name = _host(url)
    try:
        return ip_address(name).is_global or (is_loopback(url) and is_loopback(api))
    except ValueError:
        is_local = "." not in name or name.endswith((".localhost", ".local", ".internal"))
        return not is_local or (is_loopback(url) and is_loopback(api))


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine."""
    name = _host(url)
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def shown(url: str) -> str:
    """Return an address without what may be secret in it: user, password, query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that cannot be read"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
