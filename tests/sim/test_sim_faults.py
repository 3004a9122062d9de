"""Staged failures, rate limits, latency, and the transcript of it all."""

from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from webexsim import Fault, SimFile


@pytest.fixture
def post(town: Any, api: Any) -> Any:
    """Return a way to post into a room, the project's unless told otherwise."""
    return lambda room=None, text="x": api("POST", "messages", json={"roomId": (room or town.room).id, "text": text})


def posted(town: Any) -> int:
    """Count what the bot has posted."""
    return len(town.world.messages(by=town.bot))


def test_a_status_is_answered_without_effect(town: Any, server: Any, post: Any) -> None:
    """The staged status comes with its headers and body, nothing is posted, and the next call works."""
    server.faults.add(
        Fault(kind="status", method="POST", path="/messages", status=502, headers={"X-A": "1"}, body="no")
    )
    answer = post()
    assert (answer.status_code, answer.headers["X-A"], answer.text, posted(town)) == (502, "1", "no", 0)
    assert post().status_code == 200


def test_a_staged_status_has_webexs_error_body(server: Any, post: Any) -> None:
    """Without a body of its own a staged failure looks like Webex's."""
    server.faults.add(Fault(kind="status"))
    answer = post()
    assert answer.status_code == 503
    assert answer.json()["trackingId"] == answer.headers["trackingid"]


def test_a_gateways_page_is_html(town: Any, server: Any, post: Any) -> None:
    """Kind "html" answers its status with a page, and posts nothing."""
    server.faults.add(Fault(kind="html", status=504))
    answer = post()
    assert (answer.status_code, answer.headers["Content-Type"], posted(town)) == (504, "text/html", 0)
    assert answer.text.startswith("<html>")


@pytest.mark.parametrize(("kind", "effect", "done"), [("cut_before", False, 0), ("cut_after", False, 1)])
def test_a_connection_is_reset(*, town: Any, server: Any, post: Any, kind: Any, effect: bool, done: int) -> None:
    """A cut call ends in a reset, before or after its effect."""
    server.faults.add(Fault(kind=kind, effect=effect))
    with pytest.raises(requests.ConnectionError, match="Connection reset by peer"):
        post()
    assert posted(town) == done
    assert (server.calls[-1].status, server.calls[-1].note) == (0, f"fault: {kind}")


@pytest.mark.parametrize("effect", [True, False])
def test_a_hanging_call_gets_no_answer(town: Any, server: Any, slept: Any, post: Any, effect: bool) -> None:
    """Kind "hang" waits, then cuts; what was asked is done or not, as staged."""
    server.faults.add(Fault(kind="hang", seconds=30, effect=effect))
    with pytest.raises(requests.ConnectionError):
        post()
    assert (slept, posted(town)) == ([30], effect)


def test_a_slow_call_is_answered_late(town: Any, server: Any, slept: Any, post: Any) -> None:
    """Kind "slow" waits first and then does what it always does."""
    server.faults.add(Fault(kind="slow", seconds=7))
    assert (post().status_code, slept, posted(town)) == (200, [7], 1)


def test_an_empty_answer_is_a_200_without_a_body(town: Any, server: Any, post: Any) -> None:
    """Kind "empty" does the thing and says nothing."""
    server.faults.add(Fault(kind="empty"))
    answer = post()
    assert (answer.status_code, answer.content, posted(town)) == (200, b"", 1)


def test_a_broken_answer_is_half_a_json(town: Any, server: Any, post: Any) -> None:
    """Kind "broken" does the thing and sends the first half of its answer."""
    server.faults.add(Fault(kind="broken"))
    answer = post()
    assert (answer.status_code, posted(town)) == (200, 1)
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


@pytest.mark.parametrize("kind", ["empty", "broken"])
def test_a_spoilt_file_ends_before_its_length(town: Any, server: Any, api: Any, kind: Any) -> None:
    """Kinds "empty" and "broken" cut a file short of the length that its headers promise."""
    said = town.world.say(town.alice, town.dm, files=[SimFile("a.bin", b"x" * 500)])
    server.faults.add(Fault(kind=kind))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        api("GET", f"contents/{said.files[0].id}")


def test_a_fault_strikes_as_often_as_told(server: Any, post: Any) -> None:
    """`after` lets some pass, `times` counts the strikes."""
    server.faults.add(Fault(kind="status", after=2, times=2))
    assert [post().status_code for _ in range(6)] == [200, 200, 503, 503, 200, 200]


def test_a_fault_without_times_strikes_for_ever(server: Any, post: Any) -> None:
    """times=None lasts until `clear`."""
    server.faults.add(Fault(kind="status", times=None))
    assert [post().status_code for _ in range(3)] == [503] * 3
    server.faults.clear()
    assert post().status_code == 200


def test_a_fault_can_be_a_matter_of_luck(server: Any, post: Any) -> None:
    """With a probability of one half some calls fail and some do not."""
    server.faults.add(Fault(kind="status", times=None, probability=0.5))
    assert {post().status_code for _ in range(40)} == {200, 503}


@pytest.mark.parametrize(
    ("aim", "struck"),
    [({"method": "GET"}, 0), ({"path": "/rooms"}, 0), ({"path": "/(people|messages)$"}, 1), ({"method": "POST"}, 1)],
)
def test_a_fault_strikes_only_what_it_is_aimed_at(server: Any, post: Any, aim: Any, struck: int) -> None:
    """Method and path – a prefix or a regular expression – must fit."""
    server.faults.add(Fault(kind="status", **aim))
    assert (post().status_code == 503) == struck


def test_a_fault_can_be_aimed_at_a_room(town: Any, server: Any, post: Any, api: Any) -> None:
    """Only posts to that room fail, as JSON and as multipart."""
    server.faults.add(Fault(kind="status", room=town.dm, times=None))
    upload = api("POST", "messages", data={"roomId": town.dm.id}, files={"files": ("a", b"a")})
    assert (post(town.dm).status_code, upload.status_code, post(town.room).status_code) == (503, 503, 200)


def test_a_burst_then_429_then_again(server: Any, clock: Any, post: Any) -> None:
    """Five calls pass, the sixth is a 429 that says how long to wait; after that time one passes."""
    server.rate_limit(per_second=0.1, burst=5)
    answers = [post() for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    clock.advance(int(answers[5].headers["Retry-After"]))
    assert [post().status_code, post().status_code] == [200, 429]


def test_each_token_has_its_own_bucket(town: Any, server: Any, api: Any) -> None:
    """One caller's 429 leaves another alone; None takes the limit away."""
    server.rate_limit(per_second=0.1, burst=1)
    seen = [api("GET", "people/me", token=token).status_code for token in (None, None, town.alice.token)]
    assert seen == [200, 429, 200]
    server.rate_limit(None)
    assert api("GET", "people/me").status_code == 200


def test_a_limit_can_be_for_some_paths(server: Any, api: Any, post: Any) -> None:
    """Calls of other paths neither count nor wait."""
    server.rate_limit(per_second=0.1, burst=1, paths="/messages")
    assert [api("GET", "people/me").status_code for _ in range(3)] == [200] * 3
    assert [post().status_code, post().status_code] == [200, 429]


@pytest.mark.parametrize(
    ("form", "said"), [("seconds", "10"), ("float", "10.5"), ("rubbish", "rand(30),add(30)"), ("3600", "3600")]
)
def test_retry_after_has_many_forms(server: Any, post: Any, form: str, said: str) -> None:
    """The header is what Webex has been seen to send, or any word one likes."""
    server.rate_limit(per_second=0.1, burst=1, retry_after=form)
    assert [post().status_code, post().headers["Retry-After"]] == [200, said]


def test_retry_after_can_be_a_date_or_missing(server: Any, clock: Any, post: Any) -> None:
    """A date lies ten seconds ahead; "absent" leaves the header out."""
    server.rate_limit(per_second=0.1, burst=1, retry_after="date")
    post()
    ahead = parsedate_to_datetime(post().headers["Retry-After"]).timestamp() - clock.now
    assert 10 <= ahead <= 12
    server.rate_limit(per_second=0.1, burst=0, retry_after="absent")
    assert "Retry-After" not in post().headers


def test_latency_comes_after_the_effect(town: Any, server: Any, slept: Any, post: Any) -> None:
    """Every answer waits as long as set."""
    server.latency = 0.25
    assert (post().status_code, slept, posted(town)) == (200, [0.25], 1)


def test_the_transcript_has_every_call(town: Any, server: Any, post: Any, api: Any) -> None:
    """Method, path, query, status, caller, sizes and refusals are noted, in order; `clear_calls` begins anew."""
    post()
    api("GET", "rooms?max=3")
    api("GET", "rooms/none", token="nobody")
    first, second, third = server.calls
    assert (first.method, first.path, first.status, first.person_id) == ("POST", "/messages", 200, town.bot.id)
    assert first.body_bytes_in == int(first.content_length_header) > len(town.room.id)
    assert (second.query, second.body_bytes_in, second.content_length_header) == ({"max": "3"}, 0, None)
    assert (third.status, third.person_id, third.note[:11]) == (401, "", "The request")
    assert first.started < first.finished < second.started
    server.clear_calls()
    assert server.calls == []
