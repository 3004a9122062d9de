"""axe-core, the checker for accessibility, in the stories' browser: `make test` brings it."""

import os
import sys
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Page

PACKAGE = Path(sys.prefix) / "node" / "node_modules" / "axe-core"
MISSING = "no checker for accessibility: `make test` gets it where npm is in PATH"
RUN = "async () => (await axe.run(document)).violations.map((v) => [v.id, v.nodes.map((n) => n.html)])"


def findings(page: Page) -> list[object]:
    """Return what axe-core has against a page as it is shown now."""
    page.evaluate(_source())
    found: list[object] = page.evaluate(RUN)
    return found


@cache
def _source() -> str:
    script = PACKAGE / "axe.min.js"
    if not script.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    return script.read_text(encoding="utf-8")
