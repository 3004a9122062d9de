"""A configuration that cannot be used: it never opens a door, and the bot goes on with the last good one."""

import pytest

from tests.story.stage import Stage


@pytest.mark.parametrize("text", ["{", "", '{"source": {"bots_own_org": "no"}}', '{"sauce": {}}', None])
def test_a_configuration_that_breaks_while_running_changes_nothing(stage: Stage, text: str | None) -> None:
    """The last good one stays in force: nobody gets in, nobody falls out."""
    stage.config(destination={"senders_own_org": False})
    stage.broadcast(stage.alice, "one")
    path = stage.folder / "config.json"
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    stage.broadcast(stage.bob, "from a stranger")
    stage.broadcast(stage.alice, "two")
    assert [copy.text[-3:] for copy in stage.copies(stage.dm)] == ["one", "two"]
    assert len(stage.ledger.broadcasts(limit=9)) == 2


def test_a_configuration_that_is_broken_from_the_start_opens_no_door(empty_stage: Stage) -> None:
    """Nobody's message is passed on, the pages name the fault; when it is mended the message goes out."""
    empty_stage.config(source={"sender_lst": []})
    stage = empty_stage.open(is_set_up=False)
    assert "did you mean sender_list" in stage.get("/").text.replace("source.", "")
    assert stage.get("/webhook").status_code == 503
    stage.config()
    stage.get("/webhook").raise_for_status()
    stage.broadcast(stage.alice, "hello")
    assert stage.body(stage.dm) == "hello"
