"""The pages: what a person sees who opens the bot in a browser, and what the set-up page changes at Webex."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.story.stage import Stage, eventually
from webexsim.model import Webhook
from webexsim.subscriptions import Wish

REMEDIES = ("BASE_URL", "SETUP_KEY", "flask --app bot webhooks set https://elsewhere.example/webhook")
ELSEWHERE = {"Host": "elsewhere.example"}


def targets(stage: Stage) -> set[str]:
    """Return where the bot's webhooks point to."""
    return {webhook.target_url for webhook in stage.webhooks()}


def changes(stage: Stage) -> list[str]:
    """Return the calls that changed webhooks, since the transcript was cleared."""
    return [call.method for call in stage.webex.calls if "/webhooks" in call.path and call.method != "GET"]


# The home page


def test_the_home_page_says_who_runs_and_what_is_next(stage: Stage) -> None:
    """Hello World, the bot's name and address, and a link to the set-up page."""
    page = stage.get("/")
    for words in ("Hello World!", "Broadcast Bot is running.", stage.bot.email, f'href="{stage.url}/webhook"'):
        assert words in page.text
    assert page.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ("", "WEBEX_TEAMS_ACCESS_TOKEN"),
        ("no-such-token", "does not accept the access"),
        ("alice", "belongs to a person"),
    ],
)
@pytest.mark.parametrize("path", ["/", "/webhook"])
def test_a_token_that_will_not_do_is_explained(empty_stage: Stage, token: str, says: str, path: str) -> None:
    """None, a wrong one, a person's: the pages say so and what to do, and never show the token."""
    token = empty_stage.alice.token if token == "alice" else token
    stage = empty_stage.open(is_set_up=False, WEBEX_TEAMS_ACCESS_TOKEN=token)
    page = stage.get(path)
    assert says in page.text
    assert page.status_code == (200 if path == "/" else 503)
    assert not token or token not in page.text


def test_the_pages_speak_the_configured_language(empty_stage: Stage) -> None:
    """With cs_CZ they are in Czech, and say so to the browser."""
    stage = empty_stage.open(LOCALE="cs_CZ")
    assert '<html lang="cs">' in stage.get("/").text
    assert "Konfigurace" in stage.get("/webhook").text


@pytest.mark.parametrize("path", ["/", "/webhook"])
def test_hostile_names_are_escaped(make_stage: Callable[..., Stage], path: str) -> None:
    """A bot whose name and picture carry scripts shows them as text, and no page may run any."""
    stage = make_stage()
    name = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    stage.bot = stage.world.bot(name, stage.acme, email="e@vil", avatar='javascript:alert(1)"')
    page = stage.open().get(path)
    assert "&lt;script&gt;" in page.text
    assert not any(bad in page.text for bad in ("<script", "<img", "javascript:"))
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_what_webex_says_is_escaped(empty_stage: Stage) -> None:
    """A refusal's words on the set-up page are text."""
    stage = empty_stage.open(is_set_up=False)
    body = '{"message": "<script>alert(1)</script>"}'
    stage.fault("status", "POST", "/webhooks", status=403, body=body, times=None)
    page = stage.get("/webhook").text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_and_paths_are_refused_in_plain_text(stage: Stage, method: str) -> None:
    """405 for what the set-up page does not do, 404 for what is not there."""
    assert stage.ask(method, "/webhook").status_code == 405
    assert stage.ask("GET", "/<script>").status_code == 404
    assert "<script>" not in stage.ask("GET", "/<script>").text


# The set-up page


def test_the_first_visit_sets_everything_up_and_shows_it(empty_stage: Stage) -> None:
    """Webhooks with a secret at this very URL; the page shows the bot, the URL, each webhook, spaces, configuration."""
    empty_stage.spaces(3)
    stage = empty_stage.open(is_set_up=False)
    page = stage.get("/webhook").text
    assert targets(stage) == {f"{stage.url}/webhook"}
    assert all(webhook.secret and webhook.status == "active" for webhook in stage.webhooks())
    assert page.count("<td>messages</td>") == 6
    shown = ("Broadcast Bot is set up", stage.url, "attachmentActions", "Spaces the bot is in: 4", "own organization")
    assert [words for words in shown if words not in page] == []


def test_the_picture_of_the_bot_is_shown(make_stage: Callable[..., Stage]) -> None:
    """An avatar that is a picture on the web stands on the page."""
    stage = make_stage()
    stage.bot = stage.world.bot("Bot", stage.acme, avatar="https://pictures.example/bot.png")
    assert '<img src="https://pictures.example/bot.png"' in stage.open().get("/webhook").text


def test_the_events_are_those_of_the_contract(stage: Stage) -> None:
    """Messages, memberships, rooms and card answers; group messages only with a mention of the bot."""
    found = {(webhook.resource, webhook.event) for webhook in stage.webhooks()}
    assert found == {
        *(("messages", event) for event in ("created", "updated", "deleted")),
        *(("memberships", event) for event in ("created", "updated", "deleted")),
        *(("rooms", event) for event in ("updated", "migrated")),
        ("attachmentActions", "created"),
    }
    filters = {webhook.filter for webhook in stage.webhooks() if webhook.resource == "messages"}
    assert filters == {"roomType=direct", "roomType=group&mentionedPeople=me"}


def test_a_second_visit_changes_nothing(stage: Stage) -> None:
    """No POST, no PUT, no DELETE: what is right stays as it is."""
    before = stage.webhooks()
    stage.webex.clear_calls()
    assert stage.get("/webhook").ok
    assert changes(stage) == []
    assert stage.webhooks() == before


def switch_off(stage: Stage, webhook: Webhook) -> None:
    """Have Webex disable a webhook, as it does after a hundred failures."""
    for _ in range(100):
        stage.world.webhooks.report(webhook.id, False)


def test_a_webhook_that_webex_disabled_is_switched_on_again(stage: Stage) -> None:
    """That one is changed, the others are left alone."""
    switch_off(stage, stage.webhooks()[0])
    stage.webex.clear_calls()
    stage.get("/webhook")
    assert changes(stage) == ["PUT"]
    assert {webhook.status for webhook in stage.webhooks()} == {"active"}


def test_a_webhook_that_is_missing_is_made_again(stage: Stage) -> None:
    """One was deleted by hand: one is made."""
    stage.world.webhooks.delete(stage.bot, stage.webhooks()[0].id)
    stage.webex.clear_calls()
    stage.get("/webhook")
    assert changes(stage) == ["POST"]
    assert len(stage.webhooks()) == 12


def test_another_host_is_refused_with_what_to_do(stage: Stage) -> None:
    """The page names the host they point to and three remedies; nothing at Webex has changed."""
    before = stage.webhooks()
    page = stage.get("/webhook", headers=ELSEWHERE)
    assert page.status_code == 403
    assert [words for words in (*REMEDIES, stage.url.removeprefix("http://")) if words not in page.text] == []
    assert stage.webhooks() == before


@pytest.mark.parametrize(
    ("setup_key", "query", "moves"),
    [
        ("open sesame", "?key=open%20sesame", True),
        ("open sesame", "?key=open", False),
        ("open sesame", "?key=", False),
        ("open sesame", "", False),
        ("", "?key=", False),
        ("", "?key=open%20sesame", False),
    ],
)
def test_only_the_right_key_moves_the_webhooks(stage: Stage, setup_key: str, query: str, moves: bool) -> None:
    """With SETUP_KEY in the URL they move to another host; with a wrong key, or none to compare, they stay."""
    stage.shut()
    stage.open(is_set_up=False, SETUP_KEY=setup_key)
    page = stage.get(f"/webhook{query}", headers=ELSEWHERE)
    assert targets(stage) == {"https://elsewhere.example/webhook" if moves else f"{stage.url}/webhook"}
    assert page.status_code == (200 if moves else 403)
    assert ("The key in the URL is not the value" in page.text) is ("key=open" in query and not moves)
    assert "sesame" not in page.text


def test_webhooks_that_move_are_changed_and_not_doubled(stage: Stage) -> None:
    """Twelve before, twelve afterwards, all at the new host, none missing in between."""
    stage.shut()
    stage.open(is_set_up=False, SETUP_KEY="key")
    stage.webex.clear_calls()
    stage.get("/webhook?key=key", headers=ELSEWHERE)
    assert changes(stage) == ["PUT"] * 12
    assert len(stage.webhooks()) == 12


@pytest.mark.parametrize(
    ("base_url", "target"),
    [
        ("https://bot.example.com", "https://bot.example.com/webhook"),
        ("https://bot.example.com/", "https://bot.example.com/webhook"),
        ("https://bot.example.com/stage/webhook", "https://bot.example.com/stage/webhook"),
        ("http://bot.example.com:8080/prod/", "http://bot.example.com:8080/prod/webhook"),
    ],
)
def test_base_url_overrules_the_host_header(stage: Stage, base_url: str, target: str) -> None:
    """Whatever Host says, the webhooks go to BASE_URL, and move there from another host."""
    stage.shut()
    stage.open(is_set_up=False, BASE_URL=base_url)
    assert stage.get("/webhook", headers=ELSEWHERE).status_code == 200
    assert targets(stage) == {target}
    assert target in stage.get("/").text


@pytest.mark.parametrize(
    ("host", "target"),
    [
        ("bot.example.com", "https://bot.example.com/webhook"),
        ("bot.example.com:8443", "https://bot.example.com:8443/webhook"),
        ("192.0.2.7", "https://192.0.2.7/webhook"),
        ("localhost:5050", "http://localhost:5050/webhook"),
        ("127.0.0.1:5050", "http://127.0.0.1:5050/webhook"),
        ("[::1]:5050", "http://[::1]:5050/webhook"),
        ("localhost.example.com", "https://localhost.example.com/webhook"),
    ],
)
def test_the_first_visit_decides_the_host_and_https_is_forced(empty_stage: Stage, host: str, target: str) -> None:
    """Seen from outside it is https, although the proxy speaks http with the bot; on this machine it is not."""
    stage = empty_stage.open(is_set_up=False)
    assert stage.get("/webhook", headers={"Host": host}).status_code == 200
    assert targets(stage) == {target}


@pytest.mark.parametrize(
    "host", ["a b", 'x"onmouseover=1', "<script>", "evil.example/path", "user@evil.example", "é", "[", "[::1", "a]b"]
)
def test_a_host_header_that_is_none_sets_nothing_up(empty_stage: Stage, host: str) -> None:
    """It is refused, no webhook is made, and nothing of it stands unescaped on the page."""
    stage = empty_stage.open(is_set_up=False)
    page = stage.get("/webhook", headers={"Host": host.encode()})
    assert page.status_code >= 400
    assert stage.webhooks() == []
    assert "<script>" not in page.text


def test_a_stage_in_front_of_the_path_is_kept(empty_stage: Stage) -> None:
    """Behind a gateway that mounts the bot at /prod the webhooks and links lead through /prod."""
    stage = empty_stage.open(is_set_up=False, prefix="/prod")
    assert stage.get("/prod/webhook").ok
    assert targets(stage) == {f"{stage.url}/prod/webhook"}
    assert f'href="{stage.url}/prod/webhook"' in stage.get("/prod/").text


def legacy(stage: Stage, url: str = "", **rest: str) -> Webhook:
    """Register a webhook as other programs do: without a secret, and under a name of their own."""
    wish = {"name": "Webhook", "resource": "messages", "event": "created", **rest}
    return stage.world.webhooks.create(stage.bot, Wish(target_url=url or f"{stage.url}/webhook", **wish))


def test_webhooks_of_the_earlier_bot_are_replaced(empty_stage: Stage) -> None:
    """Those at this URL without a secret go; every new one was made before the first old one went."""
    stage = empty_stage.open(is_set_up=False)
    for resource, event in (("messages", "created"), ("memberships", "created"), ("rooms", "updated")):
        legacy(stage, resource=resource, event=event)
    stage.get("/webhook")
    order = changes(stage)
    assert len(stage.webhooks()) == 12
    assert all(webhook.secret for webhook in stage.webhooks())
    assert "DELETE" not in order[: max(index for index, method in enumerate(order) if method != "DELETE")]


def test_the_earlier_bots_webhooks_cannot_be_taken_away_from_outside(empty_stage: Stage) -> None:
    """Webhooks of another program at another host: setting up here needs a key, and then leaves them alone."""
    stage = empty_stage.open(is_set_up=False, SETUP_KEY="key")
    other = legacy(stage, "https://another-app.example/hook")
    assert stage.get("/webhook").status_code == 403
    assert stage.webhooks() == [other]
    assert stage.get("/webhook?key=key").ok
    assert other in stage.webhooks()
    assert len(stage.webhooks()) == 13


def test_a_new_secret_is_taken_to_webex(stage: Stage) -> None:
    """After WEBHOOK_SECRET has changed, one visit makes events valid again."""
    lobby = stage.space()
    stage.settled()
    stage.shut()
    stage.open(WEBHOOK_SECRET="another")
    stage.broadcast(stage.alice, "hello")
    assert stage.body(lobby) == "hello"


def test_without_a_secret_of_ones_own_one_is_derived(empty_stage: Stage) -> None:
    """It comes from the token, is not the token, and signs events well."""
    lobby = empty_stage.space()
    stage = empty_stage.open(WEBHOOK_SECRET="")
    assert {len(webhook.secret) for webhook in stage.webhooks()} == {64}
    assert stage.bot.token not in {webhook.secret for webhook in stage.webhooks()}
    stage.broadcast(stage.alice, "hello")
    assert stage.body(lobby) == "hello"


def test_the_page_waits_for_no_pause_of_webex(empty_stage: Stage) -> None:
    """Webex answers 429 and asks for ten seconds: the page says so at once, and nothing is set up."""
    stage = empty_stage.open(is_set_up=False)
    stage.fault("status", "GET", "/webhooks", status=429, headers={"Retry-After": "10"}, times=None)
    answer = stage.get("/webhook")
    assert (answer.status_code, "429" in answer.text) == (503, True)
    assert (stage.calls("GET", "/webhooks"), stage.webhooks()) == (1, [])


def test_of_many_who_set_up_at_once_only_some_wait(empty_stage: Stage) -> None:
    """While Webex keeps one waiting, two wait behind and the others are asked to come again; there is one set."""
    stage = empty_stage.open(is_set_up=False)
    stage.get("/")
    stage.hold("GET", "/webhooks")
    with ThreadPoolExecutor(5) as pool:
        visits = [pool.submit(stage.get, "/webhook") for _ in range(5)]
        eventually(lambda: sum(visit.done() for visit in visits) == 2, "two are asked to come again")
        stage.let_go()
    answers = [visit.result() for visit in visits]
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 503, 503]
    assert "just now" in next(answer.text for answer in answers if answer.status_code == 503)
    assert len(stage.webhooks()) == 12


def test_a_set_up_that_is_half_done_says_so(empty_stage: Stage) -> None:
    """Where Webex refuses one webhook that is needed, the page does not claim success."""
    stage = empty_stage.open(is_set_up=False)
    stage.fault("status", "POST", "/webhooks", status=500)
    page = stage.get("/webhook").text
    assert "is not set up yet" in page
    assert "could not be set up" in page


def test_a_configuration_that_cannot_be_used_is_shown(stage: Stage) -> None:
    """File, key and fault stand on the page, with the configuration that stays in force."""
    stage.config(source={"bots_own_orgs": True})
    page = stage.get("/webhook").text
    assert "The configuration file cannot be used" in page
    assert "config.json: source.bots_own_orgs: unknown key; did you mean" in page
    assert "may send" in page


def test_an_open_door_is_warned_about(empty_stage: Stage) -> None:
    """A configuration under which anybody may send is named on the page."""
    empty_stage.config(source={"bots_own_org": False})
    assert "Anybody who finds the bot may send" in empty_stage.open().get("/webhook").text
