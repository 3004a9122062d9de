"""The demo's world is complete: everybody a newcomer can play, and a space for every reason to leave one out."""

import pytest

from webexsim.model import Space
from webexsim.scenes import Scene, add_spaces, office
from webexsim.world import World


@pytest.fixture
def world() -> World:
    """An empty world."""
    return World(seed=1)


@pytest.fixture
def scene(world: World) -> Scene:
    """The same world, populated."""
    return office(world)


def bots_spaces(world: World, scene: Scene) -> list[Space]:
    """Return what the bot would broadcast to."""
    return list(world.directory.spaces_of(scene.bot))


def test_the_bot_is_in_two_dozen_spaces_and_one_to_ones_with_names_of_their_own(world: World, scene: Scene) -> None:
    """The wall shows 24 different titles."""
    titles = [space.title for space in bots_spaces(world, scene)]
    assert len(titles) == len(set(titles)) == 24


@pytest.mark.parametrize("role", ["sender", "colleague", "foreigner", "unlisted"])
def test_everybody_one_can_play_has_a_one_to_one_with_the_bot(world: World, scene: Scene, role: str) -> None:
    """Whoever is chosen on the page can write to the bot at once."""
    person = getattr(scene, role)
    assert world.say(person, world.direct(scene.bot, person), "Hello").person_id == person.id


def test_the_one_who_writes_first_shares_group_spaces_with_the_bot(world: World, scene: Scene) -> None:
    """The sender can mention the bot in more than one group space."""
    shared = [
        space for space in bots_spaces(world, scene) if space.type == "group" and scene.sender.id in space.members
    ]
    assert len(shared) > 10


def test_each_reason_to_leave_a_space_out_is_there(world: World, scene: Scene) -> None:
    """Foreign owner, announcement-only without and with the bot as moderator, read-only 1-1, other person gone."""
    spaces = bots_spaces(world, scene)
    announcements = [space.members[scene.bot.id].is_moderator for space in spaces if space.announcement_only]
    assert sorted(announcements) == [False, True]
    assert sum(space.owner != scene.bot.org for space in spaces if space.type == "group") == 3
    assert [space.title for space in spaces if space.read_only] == ["Gil Romero"]
    assert [space.title for space in spaces if space.type == "direct" and len(space.members) == 1] == ["Hana Sato"]


def test_only_the_foreigner_and_the_unlisted_person_are_kept_from_broadcasting(scene: Scene) -> None:
    """By org or by list, as the launcher's settings will say."""
    people = (scene.sender, scene.colleague, scene.foreigner, scene.unlisted)
    allowed = [person for person in people if person.org == scene.bot.org and person.email in scene.sender_list]
    assert allowed == [scene.sender, scene.colleague]


def test_the_same_seed_gives_the_same_world(world: World, scene: Scene) -> None:
    """Two demos with one seed show the same ids."""
    again = World(seed=1)
    office(again)
    assert set(again.directory.spaces) == set(world.directory.spaces)


def test_the_big_run_adds_spaces_of_new_names_each_time(world: World, scene: Scene) -> None:
    """Two times 50 more spaces with the bot in them, all of its own org."""
    added = add_spaces(world, 50) + add_spaces(world, 50)
    assert len(bots_spaces(world, scene)) == 124
    assert len({space.title for space in added}) == 100
    assert {space.owner for space in added} == {scene.bot.org}
