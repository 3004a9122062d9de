"""Fills a world with the people and spaces of the demo. Names only: no HTTP, no bot settings, nothing is said yet."""

from dataclasses import dataclass

from webexsim.model import Person, Space
from webexsim.world import World

MAY_SEND = "may send"
OTHER_ORG = "other org"
NOT_LISTED = "not listed"

OWN_SPACES = (
    "Project Phoenix",
    "Release train",
    "Design guild",
    "Support Prague",
    "Sales EMEA",
    "Facilities and canteen",
    "Security alerts",
    "New joiners",
    "Marketing launch",
    "Data platform",
    "Finance close",
    "Návštěvy a zasedačky",
    "Book club",
)
FOREIGN_SPACES = ("Globex and Acme: integration", "Globex supply chain", "Joint steering committee")
CITIES = ("Prague", "Brno", "Vienna", "Kraków", "Berlin", "Lyon", "Porto", "Malmö", "Oslo", "Dublin")
BRANCHES = ("Store", "Warehouse", "Service desk", "Shift")


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """Who is who in the demo. Own-org people may broadcast, except the one who is on no list."""

    bot: Person
    sender: Person
    colleague: Person
    foreigner: Person
    unlisted: Person

    @property
    def sender_list(self) -> tuple[str, ...]:
        """The addresses for `source.sender_list`; the foreigner is on it, so that the org alone refuses them."""
        return (self.sender.email, self.colleague.email, self.foreigner.email)


def office(world: World) -> Scene:
    """Populate an empty world: two organizations, 24 spaces and 1-1s, every reason to leave one out."""
    acme, globex = world.org("Acme"), world.org("Globex")
    scene = Scene(
        bot=world.bot("Broadcast Bot", acme),
        sender=world.person("Alice Novak", "alice@acme.example", acme, role=MAY_SEND),
        colleague=world.person("Ben Okafor", "ben@acme.example", acme, role=MAY_SEND),
        foreigner=world.person("Dana Ortiz", "dana@globex.example", globex, role=OTHER_ORG),
        unlisted=world.person("Eva Malá", "eva@acme.example", acme, role=NOT_LISTED),
    )
    _open_spaces(world, scene)
    _open_directs(world, scene)
    return scene


def _open_spaces(world: World, scene: Scene) -> None:
    acme, globex = scene.sender.org, scene.foreigner.org
    for number, title in enumerate(OWN_SPACES):
        also = scene.colleague if number % 2 else scene.unlisted
        world.space(title, acme, [scene.bot, scene.sender, also])
    for title in FOREIGN_SPACES:
        world.space(title, globex, [scene.bot, scene.foreigner, scene.sender])
    boss = world.person("Ines Weber", "ines@acme.example", acme)
    world.space("Company announcements", acme, [scene.bot, scene.sender], moderators=[boss], announcement_only=True)
    world.space("News from the board", acme, [scene.sender], moderators=[boss, scene.bot], announcement_only=True)


def _open_directs(world: World, scene: Scene) -> None:
    for person in (scene.sender, scene.colleague, scene.foreigner, scene.unlisted):
        world.direct(scene.bot, person)
    world.direct(scene.bot, world.person("Gil Romero", "gil@acme.example", scene.bot.org), read_only=True)
    gone = world.person("Hana Sato", "hana@acme.example", scene.bot.org)
    world.leave(gone, world.direct(scene.bot, gone))


def add_spaces(world: World, count: int) -> list[Space]:
    """Open `count` more spaces of the bot's own org with the bot in them, for the big run, at every call."""
    bot = next(person for person in world.directory.people.values() if person.is_bot)
    already = sum(1 for space in world.directory.spaces.values() if _is_branch(space))
    return [world.space(_branch(number), bot.org, [bot]) for number in range(already + 1, already + count + 1)]


def _is_branch(space: Space) -> bool:
    return space.title.rsplit(" ", 1)[-1].isdigit()


def _branch(number: int) -> str:
    return f"{BRANCHES[number % len(BRANCHES)]} {CITIES[number // len(BRANCHES) % len(CITIES)]} {number:04d}"
