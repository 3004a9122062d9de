"""What the owner of the bot sees of the configuration: what is taken, and what is refused in which words."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.config import KEYS, Config, ConfigFile, decode, in_words, parse, warnings
from broadcast.errors import ConfigError
from broadcast.texts import ENGLISH, texts_for

SHIPPED = Path(__file__).parents[2] / "default_config.json"


def read(text: str, base: Config | None = None) -> Config:
    """Read what somebody wrote into my.json."""
    return parse(text, source="my.json", base=base or Config())


def refusal(text: str) -> str:
    """Return what somebody is told whose my.json is refused."""
    with pytest.raises(ConfigError) as caught:
        read(text)
    return str(caught.value)


def paths(value: dict[str, Any], above: str = "") -> list[str]:
    """Return every key of a JSON object as a dotted path."""
    found = []
    for key, item in value.items():
        is_section = isinstance(item, dict) and item
        found += [above + key, *(paths(item, f"{above}{key}.") if is_section else [])]
    return found


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Name the owner's configuration file."""
    return tmp_path / "config.json"


def test_the_shipped_file_has_every_key() -> None:
    """default_config.json names every key there is, and no other."""
    assert paths(json.loads(SHIPPED.read_text())) == list(KEYS)


def test_the_shipped_file_says_the_defaults() -> None:
    """The values in default_config.json are those that hold without it."""
    upside_down = Config.model_validate({"source": {"bots_own_org": False}, "retention_days": 1, "locale": "cs_CZ"})
    assert read(SHIPPED.read_text()) == read(SHIPPED.read_text(), base=upside_down) == Config()


def test_a_config_of_the_earlier_bot_is_taken_as_it_is() -> None:
    """The file that people bring along works, an object as sender list included."""
    config = read(
        '{"source": {"bots_own_org": false, "from_sender_list": true, "sender_list": {"Eva@Acme.example": {"a": 1}}},'
        ' "destination": {"bots_own_org": true, "senders_own_org": false}, "membership": {"bots_own_org": true},'
        ' "locale": "cs_CZ"}'
    )
    assert config.source.sender_list == ("eva@acme.example",)
    assert (config.destination.bots_own_org, config.destination.senders_own_org) == (True, False)
    assert (config.membership.bots_own_org, config.locale) == (True, "cs_CZ")


def test_a_key_left_out_keeps_its_default() -> None:
    """A section with one key in it changes that key only."""
    config = read('{"destination": {"bots_own_org": true}}')
    assert config == Config.model_validate({"destination": {"bots_own_org": True, "senders_own_org": True}})


def test_a_key_left_out_keeps_the_value_of_the_base() -> None:
    """What the file does not name stays as it was shipped, in the sections it names as well."""
    base = Config.model_validate({"destination": {"allow_mention_all": True}, "retention_days": 7})
    config = read('{"destination": {"bots_own_org": true}}', base)
    assert (config.destination.bots_own_org, config.destination.allow_mention_all) == (True, True)
    assert config.retention_days == 7


def test_a_list_replaces_the_list_of_the_base() -> None:
    """Senders of the base are not mixed with those of the file."""
    base = read('{"source": {"sender_list": {"old@acme.example": 1}}}')
    assert read('{"source": {"sender_list": {"new@acme.example": 1}}}', base).source.sender_list == (
        "new@acme.example",
    )


def test_addresses_are_compared_without_case_and_blanks() -> None:
    """An address is taken whatever its case, with blanks around it."""
    assert read('{"source": {"sender_list": [" EVA@Acme.Example "]}}').source.sender_list == ("eva@acme.example",)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            '{"destination": {"bots_own_orgs": true}}',
            "destination.bots_own_orgs: unknown key; did you mean destination.bots_own_org?",
        ),
        ('{"Destination": {}}', "Destination: unknown key; did you mean destination?"),
        ('{"sender_list": []}', "sender_list: unknown key; did you mean source.sender_list?"),
        (
            '{"delivery": {"xyz": 1}}',
            "delivery.xyz: unknown key; the keys here are delivery.when_unknown, delivery.give_up_after_minutes",
        ),
        ('{"a\\nb": 1}', '"a\\nb": unknown key'),
        ('{"a\\u2028b": 1}', '"a\\u2028b": unknown key'),
        ('{"source": {"bots_own_org": "true"}}', 'source.bots_own_org: must be true or false, not "true"'),
        ('{"source": {"bots_own_org": 1}}', "source.bots_own_org: must be true or false, not 1"),
        ('{"source": {"bots_own_org": null}}', "source.bots_own_org: must be true or false, not null"),
        ('{"source": true}', "source: must be an object { … }, not true"),
        ('{"source": null}', "source: must be an object { … }, not null"),
        ('{"source": []}', "source: must be an object { … }, not a list"),
        ('{"source": {"sender_list": "a@b"}}', "source.sender_list: must be a list of e-mails, or an object"),
        ('{"source": {"sender_list": null}}', "source.sender_list: must be a list of e-mails, or an object"),
        ('{"source": {"sender_list": ["a@b", "c@d", "eva"]}}', 'source.sender_list[2]: "eva" is no e-mail address'),
        ('{"source": {"sender_list": {"eva": 1}}}', 'source.sender_list[0]: "eva" is no e-mail address'),
        ('{"source": {"sender_list": [7]}}', "source.sender_list[0]: must be text in quotes, not 7"),
        ('{"delivery": {"when_unknown": "maybe"}}', "delivery.when_unknown: must be 'ask' or 'resend', not \"maybe\""),
        ('{"delivery": {"give_up_after_minutes": 0}}', "delivery.give_up_after_minutes: must be more than 0, not 0"),
        ('{"delivery": {"give_up_after_minutes": true}}', "delivery.give_up_after_minutes: must be a number, not true"),
        ('{"delivery": {"give_up_after_minutes": NaN}}', "delivery.give_up_after_minutes: nan is no number"),
        ('{"delivery": {"give_up_after_minutes": 1e999}}', "delivery.give_up_after_minutes: inf is no number"),
        ('{"source": {"sender_list": {"a@b": -Infinity}}}', 'source.sender_list."a@b": -inf is no number'),
        ('{"retention_days": 0}', "retention_days: must be at least 1, not 0"),
        ('{"retention_days": 90.0}', "retention_days: must be a whole number, not 90.0"),
        ('{"retention_days": true}', "retention_days: must be a whole number, not true"),
        ('{"retention_days": 36501}', "retention_days: must be at most 36500, not 36501"),
        ('{"locale": 5}', "locale: must be text in quotes, not 5"),
        ('{"source": {"bots_own_org": true, "bots_own_org": false}}', "source.bots_own_org: occurs more than once"),
        ('{"source": {}, "source": {}}', "source: occurs more than once"),
    ],
)
def test_a_wrong_key_or_value_is_named(text: str, fault: str) -> None:
    """File, key path and fault stand in one line."""
    message = refusal(text)
    assert message.startswith(f"my.json: {fault}")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "the file is empty"),
        (" \n", "the file is empty"),
        ('{\n  "source": {},\n}', "no JSON at line 3, column 1"),
        ("{'source': {}}", "no JSON at line 1, column 2"),
        ("[]", "must be one JSON object { … }, not a list"),
        ("null", "must be one JSON object { … }, not null"),
        ('"source"', 'must be one JSON object { … }, not "source"'),
        ('{"\\ud800": 1}', r"'\ud800' is half a character"),
        ('{"locale": "\\udfff"}', r"'\udfff' is half a character"),
        ("[" * 100_000, "nested too deeply"),
        ('{"retention_days": ' + "9" * 5000 + "}", "nested too deeply, or a number in it is too long"),
    ],
)
def test_a_file_that_is_no_object_is_refused(text: str, fault: str) -> None:
    """What is no JSON object is said to be none, with the place where that is known."""
    assert refusal(text).startswith(f"my.json: {fault}")


def test_all_mistakes_are_listed_at_once() -> None:
    """Three mistakes make three lines, each with the name of the file."""
    lines = refusal('{"x": 1, "source": {"tell_refused": 0}, "locale": NaN}').splitlines()
    assert sorted(line.split(":")[1] for line in lines) == [" locale", " source.tell_refused", " x"]
    assert all(line.startswith("my.json: ") for line in lines)


def test_a_long_value_is_cut_in_the_message() -> None:
    """A value of a thousand characters does not fill the log."""
    assert len(refusal(json.dumps({"retention_days": "x" * 1000}))) < 200


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["source", "sender_list", "locale", "retention_days", "delivery"]) | st.text(), inner
            )
        ),
    )
)
def test_whatever_the_file_holds_it_is_taken_or_refused(value: object) -> None:
    """No JSON makes the bot stumble: there is a configuration, or a ConfigError in whole lines that can be printed."""
    try:
        fault = f"my.json: {read(json.dumps(value)).retention_days}"
    except ConfigError as error:
        fault = str(error)
    assert all(line.startswith(b"my.json: ") for line in fault.encode().split(b"\n"))


def test_a_byte_order_mark_is_no_mistake() -> None:
    """A file saved by a Windows editor is read."""
    assert read(decode(b'\xef\xbb\xbf{"locale": "cs"}', source="my.json")).locale == "cs"
    assert read('\ufeff{"locale": "cs"}').locale == "cs"


def test_a_file_in_another_encoding_is_refused_with_the_place() -> None:
    """Line and column of the byte that is not UTF-8 are named."""
    with pytest.raises(ConfigError, match=r"my\.json: not UTF-8 text at line 2, column 3"):
        decode('{\n"ž": 1}'.replace("ž", " ž").encode("cp1250"), source="my.json")


def test_without_a_file_the_defaults_hold() -> None:
    """Nobody has to write a configuration."""
    assert ConfigFile(SHIPPED, None).current() == Config()


def test_a_change_of_the_file_holds_at_once(own: Path) -> None:
    """The next look at the configuration finds what was just saved."""
    own.write_text('{"retention_days": 7}')
    file = ConfigFile(SHIPPED, own)
    assert file.current().retention_days == 7
    own.write_text('{"retention_days": 30}')
    assert file.current().retention_days == 30


def test_a_file_is_read_only_when_it_changed(own: Path) -> None:
    """Asking for the configuration again gives the very same object."""
    own.write_text("{}")
    file = ConfigFile(SHIPPED, own)
    assert file.current() is file.current()


def test_a_file_of_the_same_size_is_seen_as_changed(own: Path) -> None:
    """A change that leaves the size as it was is found by its time."""
    own.write_text('{"retention_days": 7}')
    file = ConfigFile(SHIPPED, own)
    file.current()
    own.write_text('{"retention_days": 8}')
    os.utime(own, ns=(1, 1))
    assert file.current().retention_days == 8


def test_a_broken_change_leaves_the_last_good_one_in_force(own: Path) -> None:
    """A typing mistake changes nothing, and is reported once."""
    own.write_text('{"source": {"from_sender_list": true}}')
    told: list[ConfigError] = []
    file = ConfigFile(SHIPPED, own, on_fault=told.append)
    file.current()
    own.write_text('{"source": {"from_sender_list": tru}}')
    assert [file.current().source.from_sender_list for _ in range(3)] == [True, True, True]
    assert [str(fault).partition(":")[0] for fault in told] == [str(own)]
    assert file.fault is told[0]


def test_a_mended_file_ends_the_fault(own: Path) -> None:
    """After the correction the pages have no fault to show."""
    own.write_text("{")
    file = ConfigFile(SHIPPED, own)
    with pytest.raises(ConfigError):
        file.current()
    own.write_text('{"retention_days": 7}')
    assert file.current().retention_days == 7
    assert file.fault is None


def test_a_named_file_that_is_missing_is_refused(own: Path) -> None:
    """The bot does not fall back to the defaults, however often it is asked."""
    file = ConfigFile(SHIPPED, own)
    for _ in range(2):
        with pytest.raises(
            ConfigError, match=r"config\.json: there is no such file; create it, or correct CONFIG_FILE"
        ):
            file.current()


def test_a_file_deleted_later_leaves_the_last_good_one_in_force(own: Path) -> None:
    """Removing the file does not open the door, and the fault says that it is gone."""
    own.write_text('{"retention_days": 7}')
    file = ConfigFile(SHIPPED, own)
    file.current()
    own.unlink()
    assert file.current().retention_days == 7
    assert "there is no such file" in str(file.fault)


def test_an_optional_file_counts_from_the_moment_it_is_there(own: Path) -> None:
    """config/config.json may be written while the bot runs; once used, it may not vanish unnoticed."""
    file = ConfigFile(SHIPPED, own, optional=True)
    assert file.current() == Config()
    own.write_text('{"retention_days": 7}')
    assert file.current().retention_days == 7
    own.unlink()
    assert file.current().retention_days == 7
    assert file.fault


def test_the_shipped_file_holds_where_the_own_one_says_nothing(own: Path, tmp_path: Path) -> None:
    """The owner's file is put on top of the shipped one."""
    shipped = tmp_path / "default_config.json"
    shipped.write_text('{"retention_days": 7, "locale": "cs"}')
    own.write_text('{"locale": "en"}')
    config = ConfigFile(shipped, own).current()
    assert (config.retention_days, config.locale) == (7, "en")


def test_a_broken_shipped_file_is_named(tmp_path: Path) -> None:
    """A damaged default_config.json stops the bot with its own name."""
    shipped = tmp_path / "default_config.json"
    shipped.write_text('{"sorce": {}}')
    with pytest.raises(ConfigError, match=r"default_config\.json: sorce: unknown key; did you mean source\?"):
        ConfigFile(shipped, None).current()


def test_a_shipped_file_that_is_missing_is_named(tmp_path: Path) -> None:
    """A bot that came without default_config.json says so."""
    with pytest.raises(ConfigError, match=r"default_config\.json: there is no such file; it comes with the bot"):
        ConfigFile(tmp_path / "default_config.json", None).current()


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    """A path that cannot be read is refused with the system's reason."""
    with pytest.raises(ConfigError, match="the file cannot be read: Is a directory"):
        ConfigFile(SHIPPED, tmp_path).current()


def test_the_setup_page_shows_the_defaults_in_words() -> None:
    """Each key of the configuration has a line."""
    assert in_words(Config(), ENGLISH) == [
        "People of the bot's own organization may send.",
        "Everybody else is told that the message was not passed on.",
        "Messages go to the spaces of the sender's own organization.",
        "@all in a message notifies nobody.",
        "The bot stays in every space it is added to.",
        "Where Webex does not answer, the bot does not send again by itself.",
        "Minutes until the bot gives up on a space that Webex keeps refusing: 60",
        "The sender is told the outcome in the thread of the message.",
        "The bot speaks en_US.",
        "Days for which finished broadcasts are remembered: 90",
    ]


@pytest.mark.parametrize("own_org", [True, False])
@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("locale", ["en_US", "cs_CZ"])
def test_every_rule_for_senders_reads_differently(own_org: bool, listed: bool, locale: str) -> None:
    """Turning one check changes the sentence, in every language."""
    texts = texts_for(locale, pytest.fail)
    rules = {"bots_own_org": own_org, "from_sender_list": listed}
    flipped = {"bots_own_org": not own_org, "from_sender_list": listed}
    one, other = (in_words(Config.model_validate({"source": source}), texts)[0] for source in (rules, flipped))
    assert one != other


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("source.tell_refused", False),
        ("destination.bots_own_org", True),
        ("destination.senders_own_org", False),
        ("destination.allow_mention_all", True),
        ("membership.bots_own_org", True),
        ("delivery.when_unknown", "resend"),
        ("delivery.give_up_after_minutes", 1.5),
        ("report.in_thread", False),
    ],
)
def test_a_changed_key_changes_one_sentence(path: str, value: object) -> None:
    """The page says what was changed, and nothing else differs."""
    section, key = path.split(".")
    changed = in_words(Config.model_validate({section: {key: value}}), ENGLISH)
    assert len(set(changed) - set(in_words(Config(), ENGLISH))) == 1


def test_owner_is_warned_of_a_closed_door() -> None:
    """A sender list that is on and empty is pointed out."""
    assert warnings(read('{"source": {"from_sender_list": true}}')) == [ENGLISH.say("warning_nobody_may_send")]


def test_owner_is_warned_of_an_open_door() -> None:
    """Every sender check off is pointed out, as is a list that nothing reads, in the language asked for."""
    config = read('{"source": {"bots_own_org": false, "sender_list": ["a@b"]}}')
    czech = texts_for("cs", pytest.fail)
    assert warnings(config, czech) == [czech.say("warning_anybody_may_send"), czech.say("warning_list_unused")]


def test_a_usual_configuration_gives_no_warning() -> None:
    """The defaults, and a list in use, are nothing to warn of."""
    in_use = '{"source": {"from_sender_list": true, "sender_list": ["a@b"]}}'
    assert warnings(Config()) == warnings(read(in_use)) == []


def test_the_sample_environment_sets_nothing_but_an_empty_token() -> None:
    """Copied as it is, the sample changes no default."""
    sample = (SHIPPED.parent / ".env_sample").read_text().splitlines()
    assert [line for line in sample if line and not line.startswith("# ")] == ["WEBEX_TEAMS_ACCESS_TOKEN="]
