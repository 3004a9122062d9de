"""Setting up the webhooks, as the simulated Webex sees it: what is there afterwards, and in which order it came."""

from dataclasses import replace

import pytest

from broadcast.errors import ConfigError, Refused, SetupRefused
from broadcast.model import Webhook
from broadcast.webhooks import WANTED, Registration, check_host, hosted_at, is_needed, look_at, set_up
from tests.unit.town import Town
from webexsim import Fault

URL = "https://bot.example/webhook"
SECRET = "s3cret"
CHANGES = {"POST", "PUT", "DELETE"}
PLAIN = Webhook(name="anything", resource="messages", event="created", target_url=URL)


def run(town: Town, url: str = URL, secret: str = SECRET) -> list[Registration]:
    """Set the webhooks up."""
    return set_up(town.webex, town.webex.webhooks(), url, secret)


def changes(town: Town) -> list[str]:
    """Return what was changed since the transcript was cleared, in order."""
    return [call.method for call in town.server.calls if call.method in CHANGES]


def disable(town: Town, webhook_id: str) -> None:
    """Have Webex switch a webhook off, after too many failures."""
    for _ in range(100):
        town.world.webhooks.report(webhook_id, delivered=False)


# where the bot is


@pytest.mark.parametrize(
    ("scheme", "host", "prefix", "address"),
    [
        ("http", "bot.example", "", "https://bot.example"),
        ("https", "bot.example:8443", "", "https://bot.example:8443"),
        (
            "http",
            "abc.execute-api.eu-west-1.amazonaws.com",
            "/dev",
            "https://abc.execute-api.eu-west-1.amazonaws.com/dev",
        ),
        ("http", "localhost:5050", "", "http://localhost:5050"),
        ("http", "bot.localhost", "/", "http://bot.localhost"),
        ("http", "127.0.0.1:5050", "", "http://127.0.0.1:5050"),
        ("http", "127.9.9.9", "", "http://127.9.9.9"),
        ("http", "[::1]:5050", "", "http://[::1]:5050"),
        ("http", "192.168.1.2", "", "https://192.168.1.2"),
        ("http", "localhost.evil.example", "", "https://localhost.evil.example"),
    ],
)
def test_the_bot_is_reached_by_https_except_on_this_machine(scheme: str, host: str, prefix: str, address: str) -> None:
    """As seen from outside, the stage's prefix kept."""
    assert hosted_at(scheme, host, prefix) == address


@pytest.mark.parametrize(
    "host",
    ["", "evil.example/x", "a b", "bot.example\r\nX: y", "user@bot.example", "<b>", "böt.example", "[", "[::1", "a]b"],
)
def test_a_host_header_that_is_no_host_is_refused(host: str) -> None:
    """Nothing of it gets into a webhook or onto a page."""
    with pytest.raises(ConfigError, match="Host header"):
        hosted_at("https", host, "")


@pytest.mark.parametrize("present", [[], [URL], ["https://BOT.example/old/webhook"], ["https://other.example/x", URL]])
def test_the_bots_own_host_may_set_up_the_webhooks(present: list[str]) -> None:
    """Where there are none yet, or one points to this host already."""
    existing = [Webhook(resource="messages", event="created", target_url=url) for url in present]
    check_host(existing, URL)


@pytest.mark.parametrize(
    "present",
    ["https://other.example/webhook", "https://bot.example.evil.example/webhook", "https://bot.example:8443/"],
)
def test_another_host_may_not_take_the_webhooks_over(present: str) -> None:
    """The refusal names the host they point to."""
    existing = [Webhook(resource="messages", event="created", target_url=present)]
    with pytest.raises(SetupRefused, match=present.split("/")[2]):
        check_host(existing, URL)


# setting up


def test_the_first_set_up_makes_every_webhook(town: Town) -> None:
    """All that the bot wants, at its address, signed with its secret."""
    done = run(town)
    assert {one.status for one in done} == {"active"}
    assert {(hook.resource, hook.event, hook.filter) for hook in town.webex.webhooks()} == set(WANTED)
    assert {(hook.target_url, hook.secret, hook.status) for hook in town.webex.webhooks()} == {(URL, SECRET, "active")}


def test_a_broadcast_does_not_come_back_as_events(town: Town) -> None:
    """Every webhook for messages has a filter that lets 1-1s or mentions of the bot through, nothing else."""
    run(town)
    filters = {hook.filter for hook in town.webex.webhooks() if hook.resource == "messages"}
    assert filters == {"roomType=direct", "roomType=group&mentionedPeople=me"}


def test_a_second_set_up_changes_nothing(town: Town) -> None:
    """What is right stays as it is."""
    run(town)
    town.server.clear_calls()
    assert {one.status for one in run(town)} == {"active"}
    assert changes(town) == []


def test_what_webex_switched_off_is_switched_on_again(town: Town) -> None:
    """The webhook stays the same one."""
    run(town)
    before = town.webex.webhooks()
    disable(town, before[0].id)
    town.server.clear_calls()
    run(town)
    assert (town.webex.webhooks(), changes(town)) == (before, ["PUT"])


@pytest.mark.parametrize(("url", "secret"), [("https://new.example/webhook", SECRET), (URL, "another")])
def test_a_new_address_or_secret_goes_into_the_webhooks_there_are(town: Town, url: str, secret: str) -> None:
    """They are changed, not made twice."""
    run(town)
    ids = {hook.id for hook in town.webex.webhooks()}
    run(town, url, secret)
    hooks = town.webex.webhooks()
    assert {hook.id for hook in hooks} == ids
    assert {(hook.target_url, hook.secret) for hook in hooks} == {(url, secret)}


def test_a_secret_that_webex_does_not_show_is_known_by_its_mark(town: Town) -> None:
    """The webhook's name says which secret it has, and not what it is."""
    run(town)
    hidden = [replace(hook, secret=None) for hook in town.webex.webhooks()]
    town.server.clear_calls()
    set_up(town.webex, hidden, URL, SECRET)
    assert changes(town) == []
    set_up(town.webex, hidden, URL, "another")
    assert changes(town) == ["PUT"] * len(WANTED)
    assert all(SECRET not in hook.name for hook in hidden)


def test_webhooks_too_many_go_after_the_new_ones_came(town: Town) -> None:
    """An old one without a filter, and one twice: both are replaced, and the bot is never deaf."""
    for _ in range(2):
        town.webex.create_webhook(PLAIN)
    town.server.clear_calls()
    run(town)
    assert changes(town) == ["POST"] * len(WANTED) + ["DELETE"] * 2
    assert len(town.webex.webhooks()) == len(WANTED)


def test_a_doubled_webhook_is_reduced_to_one(town: Town) -> None:
    """Otherwise every event would come twice."""
    run(town)
    first = town.webex.webhooks()[0]
    town.webex.create_webhook(first)
    run(town)
    assert len(town.webex.webhooks()) == len(WANTED)


def test_other_peoples_webhooks_are_left_alone(town: Town) -> None:
    """Those with another name and another address belong to something else."""
    town.webex.create_webhook(Webhook(name="CRM", resource="rooms", event="created", target_url="https://crm.example/"))
    run(town)
    assert [hook.name for hook in town.webex.webhooks() if hook.target_url == "https://crm.example/"] == ["CRM"]


@pytest.mark.parametrize("status", [400, 403, 409, 500, 503])
def test_what_is_there_stays_while_the_new_cannot_be_made(town: Town, status: int) -> None:
    """An old webhook is better than none: the bot is not made deaf."""
    town.webex.create_webhook(PLAIN)
    town.server.faults.add(Fault(kind="status", method="POST", status=status, times=None))
    done = run(town)
    needed = [one for one in done if is_needed(one.webhook)]
    assert {(one.status, one.fault) for one in needed} == {("failed", f"{status} Staged failure.")}
    assert [hook.name for hook in town.webex.webhooks()] == ["anything"]


def test_an_event_that_webex_does_not_offer_is_no_failure(town: Town) -> None:
    """The bot does without it; the rest is set up, and the old ones go."""
    town.world.webhooks.refuse_updated = True
    town.webex.create_webhook(PLAIN)
    done = run(town)
    offered = {one.webhook.event for one in done if one.status == "not offered"}
    assert (offered, {one.status for one in done}) == ({"updated"}, {"active", "not offered"})
    assert "anything" not in {hook.name for hook in town.webex.webhooks()}


def test_a_webhook_that_vanished_meanwhile_is_made_anew(town: Town) -> None:
    """Somebody else deleted it between the look and the change."""
    run(town)
    existing = town.webex.webhooks()
    town.webex.delete_webhook(existing[0].id)
    done = set_up(town.webex, existing, "https://new.example/webhook", SECRET)
    assert {one.status for one in done} == {"active"}
    assert {hook.target_url for hook in town.webex.webhooks()} == {"https://new.example/webhook"}
    assert len(town.webex.webhooks()) == len(WANTED)


def test_an_old_webhook_that_vanished_meanwhile_is_no_fault(town: Town) -> None:
    """It should go anyway."""
    town.webex.create_webhook(PLAIN)
    existing = town.webex.webhooks()
    town.webex.delete_webhook(existing[0].id)
    assert {one.status for one in set_up(town.webex, existing, URL, SECRET)} == {"active"}


def test_an_old_webhook_that_cannot_be_removed_is_told(town: Town) -> None:
    """The error is the caller's."""
    town.webex.create_webhook(PLAIN)
    town.server.faults.add(Fault(kind="status", method="DELETE", status=403))
    with pytest.raises(Refused):
        run(town)


# looking


def test_looking_tells_how_things_stand_and_changes_nothing(town: Town) -> None:
    """Active, switched off or missing."""
    run(town)
    off, gone, *_ = town.webex.webhooks()
    disable(town, off.id)
    town.webex.delete_webhook(gone.id)
    town.server.clear_calls()
    found = look_at(town.webex.webhooks(), URL, SECRET)
    statuses = [one.status for one in found]
    assert (statuses.count("inactive"), statuses.count("missing")) == (1, 1)
    assert (len(found), statuses.count("active"), changes(town)) == (len(WANTED), len(WANTED) - 2, [])


def test_a_webhook_to_another_address_is_missing_here(town: Town) -> None:
    """Somebody else gets those events."""
    run(town, "https://other.example/webhook")
    assert {one.status for one in look_at(town.webex.webhooks(), URL, SECRET)} == {"missing"}


def test_the_bot_is_deaf_without_new_messages_only() -> None:
    """What else it wants to be told of is convenience."""
    needed = {
        (hook, event) for hook, event, _ in WANTED if is_needed(Webhook(resource=hook, event=event, target_url=""))
    }
    assert needed == {("messages", "created")}
