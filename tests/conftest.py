"""What every test stands on: a clean environment, and hypothesis without a clock or chance."""

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "steady", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")

OURS = (
    "WEBEX_TEAMS_ACCESS_TOKEN",
    "CONFIG_FILE",
    "LOCALE",
    "LOG_LEVEL",
    "LOG_FORMAT",
    "PORT",
    "BASE_URL",
    "SETUP_KEY",
    "WEBHOOK_SECRET",
    "WEBEX_API_BASE_URL",
    "STORE",
    "QUEUE",
    "DOT_ENV_FILE",
)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables of the machine the tests run on mean nothing to them, and no proxy stands in the way."""
    for name in OURS:
        monkeypatch.delenv(name, raising=False)
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in the last lines what was left out, and how to have it run."""
    reasons = {str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", []) if report.longrepr}
    for reason in sorted(reasons):
        terminalreporter.write_line(f"Left out – {reason.removeprefix('Skipped: ')}")
