"""README.md is held to the code: whatever an operator can set, open, call or type is described there, and nothing else.

What the sentences say is not checked here; that takes a reader.
"""

import inspect
import json
import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from click import Group
from flask import Flask

from bot import create_app
from broadcast import config, settings
from broadcast.config import KEYS, Config
from broadcast.model import Why
from broadcast.services import Services
from broadcast.settings import settings_from
from broadcast.texts import ENGLISH

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
SAMPLE = re.findall(r"^(?:# )?([A-Z_]+)=", (ROOT / ".env_sample").read_text(encoding="utf-8"), re.MULTILINE)
DEFAULTS = json.loads((ROOT / "default_config.json").read_text(encoding="utf-8"))
SECTIONS = tuple(key for key in KEYS if any(other.startswith(f"{key}.") for other in KEYS))
SETTABLE = tuple(key for key in KEYS if key not in SECTIONS)
TARGETS = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
REASONS = tuple(why for why in Why if why is not Why.NONE)
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


def table(heading: str) -> dict[str, list[str]]:
    """Return the rows of the table with such a first heading: the first cell, bare, to all cells."""
    lines = README.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    rows = takewhile(lambda line: line.startswith("|"), lines[start + 2 :])
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return {row[0].strip("`"): row for row in cells}


def default_of(key: str) -> Any:
    """Return what `default_config.json` says for a dotted key."""
    value = DEFAULTS
    for name in key.split("."):
        value = value[name]
    return value


def headings(text: str) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def commands(group: Group, above: str = "") -> Iterator[str]:
    """Yield every command below a group, with the words before it."""
    for name, command in group.commands.items():
        yield above + name
        if isinstance(command, Group):
            yield from commands(command, f"{above}{name} ")


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    """The bot without a token, which talks to nobody."""
    return create_app(Services(settings_from({"STORE": f"sqlite:///{tmp_path}/ledger.db"})))


def test_every_key_of_the_configuration_is_described_and_no_other() -> None:
    """The table of the configuration has a row for every key that can be set, and for nothing else."""
    assert table("key").keys() == set(SETTABLE)


@pytest.mark.parametrize("key", SETTABLE)
def test_a_key_has_the_default_the_readme_says(key: str) -> None:
    """What stands under "default" is what the bot ships."""
    assert json.loads(table("key")[key][2].strip("`")) == default_of(key)


@pytest.mark.parametrize("key", SETTABLE)
def test_the_example_of_a_key_is_one_that_may_be_set_and_changes_something(key: str) -> None:
    """What stands under "example" is accepted by the configuration and is not the default."""
    example = json.loads(table("key")[key][3].strip("`"))
    section, _, name = key.rpartition(".")
    config.parse(json.dumps({section: {name: example}} if section else {name: example}), source="x", base=Config())
    assert example != default_of(key)


def test_every_variable_is_described_and_no_other() -> None:
    """The table of the environment has a row for every variable of .env_sample, and for nothing else."""
    assert sorted(table("variable")) == sorted(SAMPLE)


def test_every_variable_the_bot_reads_is_in_the_sample_and_no_other() -> None:
    """What .env_sample lists is what the settings are made of, and the name of the file itself."""
    source = inspect.getsource(settings)
    assert set(re.findall(r'(?:values|environ)\.get\("([A-Z_]+)"', source)) == set(SAMPLE)


def test_every_page_is_described_and_no_other(app: Flask) -> None:
    """The table of the pages has a row for every route and method the bot answers, and for nothing else."""
    answered = {
        f"{method} {rule.rule}" for rule in app.url_map.iter_rules() for method in METHODS & (rule.methods or set())
    }
    assert table("route").keys() == answered


def test_the_example_of_the_health_page_has_the_fields_of_a_real_answer(app: Flask) -> None:
    """An operator who builds a check from the README finds every field, and no field is kept from them."""
    example = next(block for block in re.findall(r"```json\n(.*?)```", README, re.DOTALL) if '"faults"' in block)
    assert json.loads(example).keys() == (app.test_client().get("/healthz").json or {}).keys()


def test_every_command_is_described(app: Flask) -> None:
    """Whatever can be typed after `flask --app bot` stands in the README in these words."""
    assert isinstance(app.cli, Group)
    assert [name for name in commands(app.cli) if f"`flask --app bot {name}" not in README] == []


@pytest.mark.parametrize("target", TARGETS)
def test_every_make_target_is_described(target: str) -> None:
    """Whatever can be made stands in the README in these words."""
    assert f"`make {target}`" in README


@pytest.mark.parametrize("why", REASONS)
def test_every_reason_of_a_report_is_explained(why: Why) -> None:
    """A sender who is told a reason finds the very sentence in the README."""
    assert ENGLISH.why(why) in table("reason")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_within_the_project_leads_somewhere(name: str) -> None:
    """A link or picture names a file that is there, or a heading that is there."""
    text = (ROOT / name).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    files, anchors = [link for link in links if link[0] != "#"], [link[1:] for link in links if link[0] == "#"]
    assert [file for file in files if not (ROOT / file).is_file()] == []
    assert [anchor for anchor in anchors if anchor not in headings(text)] == []
