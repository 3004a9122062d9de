"""Endpoints for messages, files and card actions. Hold no state, no rules but those of the API itself."""

from collections.abc import Iterable
from urllib.parse import quote

from webexsim import refusals, wire
from webexsim.exchange import Reply, Request
from webexsim.fetch import fetch
from webexsim.model import Draft, Message, Space
from webexsim.paging import linked
from webexsim.storage import SimFile
from webexsim.world import World


def create(world: World, request: Request) -> Reply:
    """POST /messages, as JSON or as multipart/form-data."""
    draft = Draft(
        room_id=request.text("roomId"),
        to_person_id=request.text("toPersonId"),
        to_person_email=request.text("toPersonEmail"),
        parent_id=request.text("parentId"),
        text=request.text("text"),
        markdown=request.text("markdown"),
        files=request.body.files if request.body.multipart else _fetched(request),
        attachments=request.rows("attachments"),
    )
    return Reply(json=wire.message(world.board.post(request.actor, draft), request.base))


def _fetched(request: Request) -> tuple[SimFile, ...]:
    urls = request.rows("files")
    if len(urls) > 1:
        raise refusals.one_file()
    return tuple(fetch(str(url)) for url in urls)


def get(world: World, request: Request) -> Reply:
    """GET /messages/{id}."""
    return Reply(json=wire.message(world.board.get(request.actor, request.args[0]), request.base))


def edit(world: World, request: Request) -> Reply:
    """PUT /messages/{id}."""
    changed = world.board.edit(
        request.actor,
        request.args[0],
        request.needed("roomId"),
        text=request.text("text"),
        markdown=request.text("markdown"),
    )
    return Reply(json=wire.message(changed, request.base))


def delete(world: World, request: Request) -> Reply:
    """DELETE /messages/{id}."""
    world.board.delete(request.actor, request.args[0])
    return Reply(status=204)


def listing(world: World, request: Request) -> Reply:
    """GET /messages, newest first; a bot must ask for its mentions in a group."""
    if "roomId" not in request.query:
        raise refusals.missing("roomId")
    space = world.directory.space_for(request.actor, request.query["roomId"])
    mentioned = request.query.get("mentionedPeople", "")
    if mentioned not in ("", "me", request.actor.id):
        raise refusals.bad_field("mentionedPeople")
    if request.actor.is_bot and space.type == "group" and not mentioned:
        raise refusals.bot_must_ask_for_mentions()
    found = world.board.history(space)
    if mentioned:
        found = (said for said in found if request.actor.id in said.mentioned_people)
    return _page(world, request, found, request.size(50, 100 if mentioned else 1000))


def direct(world: World, request: Request) -> Reply:
    """GET /messages/direct, newest first."""
    who = request.query.get("personId") or request.query.get("personEmail")
    if not who:
        raise refusals.missing("personId")
    other = world.directory.find(who)
    space: Space | None = world.directory.direct(request.actor, other) if other else None
    if space is None or request.actor.id not in space.members:
        raise refusals.no_room()
    return _page(world, request, world.board.history(space), request.size(50, 1000))


def _page(world: World, request: Request, found: Iterable[Message], size: int) -> Reply:
    parent = request.query.get("parentId")
    if parent:
        found = (said for said in found if said.parent_id == parent)
    rest = list(_before(world, request, found))
    shown = [wire.message(said, request.base) for said in rest[:size]]
    return linked(request, shown, {"beforeMessage": rest[size - 1].id} if len(rest) > size else None)


def _before(world: World, request: Request, found: Iterable[Message]) -> Iterable[Message]:
    if moment := request.query.get("before"):
        found = (said for said in found if wire.when(said.created) < moment)
    if last := request.query.get("beforeMessage"):
        world.board.get(request.actor, last)
        iterator = iter(found)
        for said in iterator:
            if said.id == last:
                break
        return iterator
    return found


def content(world: World, request: Request) -> Reply:
    """GET and HEAD /contents/{id}: a file, if its message may be read and the scanner lets it through."""
    file = world.board.file(request.actor, request.args[0])
    world.scans.check(file, allow_unscannable=request.query.get("allow") == "unscannable")
    headers = {"Content-Type": file.content_type, "Content-Disposition": _disposition(file.name)}
    headers |= {name.title(): value for name, value in file.headers.items()}
    return Reply(blob=file.blob, headers={name: value for name, value in headers.items() if value})


def _disposition(name: str) -> str:
    ascii_name = "".join(char if " " <= char <= "~" and char not in '"\\' else "_" for char in name)
    plain = f'attachment; filename="{ascii_name}"'
    return plain if ascii_name == name else f"{plain}; filename*=UTF-8''{quote(name)}"


def submit(world: World, request: Request) -> Reply:
    """POST /attachment/actions: answers 202, as the API description has it."""
    if request.needed("type") != "submit":
        raise refusals.bad_field("type")
    inputs = request.body.fields.get("inputs")
    if not isinstance(inputs, dict):
        raise refusals.bad_field("inputs")
    pressed = world.board.submit(request.actor, request.needed("messageId"), inputs)
    return Reply(status=202, json=wire.action(pressed))


def action(world: World, request: Request) -> Reply:
    """GET /attachment/actions/{id}."""
    return Reply(json=wire.action(world.board.action(request.actor, request.args[0])))
