"""axe-core, the checker for accessibility, in the stories' browser: pinned, fetched once by npm, and kept."""

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Page

VERSION = "4.14.1"
FOLDER = Path(__file__).resolve().parents[2] / ".node"
PACKAGE = FOLDER / "node_modules" / "axe-core"
MISSING = f"No accessibility checker: npm is not in PATH, and axe-core {VERSION} not in {FOLDER.name}. Install npm."
RUN = "async () => (await axe.run(document)).violations.map((v) => [v.id, v.nodes.map((n) => n.html)])"


def findings(page: Page) -> list[object]:
    """Return what axe-core has against a page as it is shown now."""
    page.evaluate(_source())
    found: list[object] = page.evaluate(RUN)
    return found


@cache
def _source() -> str:
    if not _is_there():
        _fetch()
    return (PACKAGE / "axe.min.js").read_text(encoding="utf-8")


def _is_there() -> bool:
    manifest = PACKAGE / "package.json"
    return manifest.exists() and json.loads(manifest.read_text(encoding="utf-8"))["version"] == VERSION


def _fetch() -> None:
    npm = shutil.which("npm")
    if npm is None and os.environ.get("CI"):
        pytest.fail(MISSING)
    if npm is None:
        pytest.skip(MISSING)
    what = [npm, "install", "--no-save", "--ignore-scripts", "--prefix", str(FOLDER), f"axe-core@{VERSION}"]
    subprocess.run(what, check=True, capture_output=True)
