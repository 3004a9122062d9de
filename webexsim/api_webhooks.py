"""Endpoints for webhooks. Hold no state, no rules but those of the API itself."""

from webexsim import wire
from webexsim.exchange import Reply, Request
from webexsim.paging import page
from webexsim.subscriptions import Wish
from webexsim.world import World


def listing(world: World, request: Request) -> Reply:
    """GET /webhooks: the caller's own."""
    return page(request, world.webhooks.of(request.actor), lambda hook: hook.id, wire.webhook)


def create(world: World, request: Request) -> Reply:
    """POST /webhooks."""
    wish = Wish(
        name=request.needed("name"),
        target_url=request.needed("targetUrl"),
        resource=request.needed("resource"),
        event=request.needed("event"),
        filter=request.text("filter"),
        secret=request.text("secret"),
        owned_by=request.text("ownedBy"),
    )
    return Reply(json=wire.webhook(world.webhooks.create(request.actor, wish)))


def get(world: World, request: Request) -> Reply:
    """GET /webhooks/{id}."""
    return Reply(json=wire.webhook(world.webhooks.get(request.actor, request.args[0])))


def update(world: World, request: Request) -> Reply:
    """PUT /webhooks/{id}: name, target, secret, and status "active"."""
    fields = request.body.fields
    changed = world.webhooks.update(
        request.actor,
        request.args[0],
        name=request.needed("name"),
        target_url=request.needed("targetUrl"),
        secret=request.text("secret") if "secret" in fields else None,
        status=request.text("status") if "status" in fields else None,
    )
    return Reply(json=wire.webhook(changed))


def delete(world: World, request: Request) -> Reply:
    """DELETE /webhooks/{id}."""
    world.webhooks.delete(request.actor, request.args[0])
    return Reply(status=204)
