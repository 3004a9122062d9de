"""Who could do what with the earlier bot of this kind: each test would fail on one of its faults (S1 to S9)."""

import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.story.process import Process
from tests.story.stage import SimFile, Stage, eventually


def test_s1_the_sender_is_read_from_the_message_not_from_the_webhook(stage: Stage) -> None:
    """A well-signed event that names an allowed person does not lend a stranger that person's name."""
    lobby = stage.space()
    stage.webex.hooks.drop(1.0)
    message = stage.says(stage.bob, "free money")
    stage.post_event("messages", "created", id=message.id, roomId=message.room_id, personId=stage.alice.id)
    stage.settled()
    assert stage.copies(lobby) == []
    assert "only people of my own organization" in "\n".join(stage.told(message))


def test_s2_a_foreign_host_header_does_not_move_the_webhooks(stage: Stage) -> None:
    """Opening the set-up page under another host's name is refused and leaves every webhook where it is."""
    before = stage.webhooks()
    answer = stage.get("/webhook", headers={"Host": "evil.example"})
    assert answer.status_code == 403
    assert stage.webhooks() == before


def test_s3_neither_token_nor_text_is_in_the_log(
    make_stage: Callable[..., Stage], start: Callable[..., Process]
) -> None:
    """At DEBUG the log of a broadcast with a file and a failure shows no token, no text, no recipient's address."""
    stage = make_stage(pace=1)
    stage.space()
    bot = start(stage, LOG_LEVEL="DEBUG")
    stage.fault("status", status=503)
    stage.broadcast(stage.alice, "the secret plan", files=[SimFile("plan.txt", b"hush")])
    assert "broadcast.finished" in bot.log
    assert stage.bot.token not in bot.log
    assert "secret plan" not in bot.log
    assert stage.alice.email not in bot.log


def test_s4_people_who_join_are_left_alone(empty_stage: Stage) -> None:
    """In a foreign space the bot has always been in, somebody else who joins is neither removed nor spoken about."""
    empty_stage.config(membership={"bots_own_org": True})
    foreign = empty_stage.space("Globex", owner=empty_stage.globex)
    news = empty_stage.space("News", moderators=[empty_stage.alice], announcement_only=True)
    stage = empty_stage.open()
    stage.world.join(stage.bob, foreign, by=stage.alice)
    stage.world.join(stage.bob, news, by=stage.alice)
    stage.settled()
    assert stage.bob.id in foreign.members
    assert stage.world.messages(by=stage.bot) == []


def test_s5_events_without_a_signature_are_refused(stage: Stage) -> None:
    """Every webhook has a secret, and the very bytes of a real event are worth nothing without their signature."""
    lobby = stage.space()
    assert all(webhook.secret for webhook in stage.webhooks())
    stage.webex.hooks.drop(1.0)
    message = stage.says(stage.alice, "hello")
    event = {"resource": "messages", "event": "created", "data": {"id": message.id, "roomId": message.room_id}}
    assert stage.post(json.dumps(event).encode()).status_code == 401
    stage.settled()
    assert stage.copies(lobby) == []


def test_s6_bots_do_not_loop(empty_stage: Stage) -> None:
    """Neither another bot's message nor the bot's own, under a forged e-mail address, is broadcast."""
    empty_stage.config(source={"bots_own_org": False})
    lobby = empty_stage.space()
    stage = empty_stage.open()
    stage.broadcast(stage.world.bot("Echo Bot", stage.acme), "echo")
    own = stage.world.say(stage.bot, lobby, "mine", mention=[stage.bot])
    stage.post_event("messages", "created", id=own.id, roomId=lobby.id, personId=stage.alice.id, personEmail="a@b.c")
    stage.settled()
    assert stage.world.messages(by=stage.bot) == [own]


def test_s7_no_debugger_is_served(make_stage: Callable[..., Stage], start: Callable[..., Process]) -> None:
    """The bot as it is started has no debugger's console and no development server behind it."""
    bot = start(make_stage(pace=1))
    assert bot.get("/console").status_code == 404
    assert bot.get("/?__debugger__=yes&cmd=resource&f=debugger.js").text.startswith("<!doctype html>")
    assert "Werkzeug" not in bot.get("/").headers["Server"]


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate nobody trusts: install it")
def test_s8_a_certificate_nobody_vouches_for_is_refused(empty_stage: Stage, tmp_path: Path) -> None:
    """A false Webex behind https never sees a request, and so never the token."""
    seen: list[str] = []
    impostor = _impostor(tmp_path, seen)
    stage = empty_stage.open(is_set_up=False, WEBEX_API_BASE_URL=f"https://localhost:{impostor.server_port}/v1/")
    answer = stage.get("/webhook")
    impostor.shutdown()
    impostor.server_close()
    assert answer.status_code == 503
    assert "CERTIFICATE_VERIFY_FAILED" in answer.text
    assert seen == []


def _impostor(folder: Path, seen: list[str]) -> HTTPServer:
    """Return a running https server with a certificate of its own making, which notes what it is asked."""
    key, certificate = str(folder / "key.pem"), str(folder / "certificate.pem")
    order = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    made = ["openssl", *order, "-keyout", key, "-out", certificate]
    subprocess.run(made, check=True, capture_output=True)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Note the request."""
            seen.append(self.path)

    server = HTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


def test_s9_a_repeated_or_oversized_event_reaches_nobody_twice(stage: Stage) -> None:
    """Six deliveries of one event are one broadcast, and a body of more than a mebibyte is not even read."""
    lobby = stage.space()
    stage.webex.hooks.duplicate = 5
    stage.broadcast(stage.alice, "once")
    assert stage.post_signed(b" " * (1024 * 1024 + 1)).status_code == 413
    assert eventually(lambda: stage.copies(lobby)) == [stage.copy(lobby)]
