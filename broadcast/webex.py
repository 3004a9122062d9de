"""Webex, through webexteamssdk: the wall against the SDK's odd failures, and the only module that imports it.

Every failure leaves as one of our errors; the SDK's objects do not leave at all. The SDK's own waiting on a 429 is off:
it sleeps per thread without a limit and sends uploads again with an empty body. Waits nowhere, decides nothing.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar
from urllib.parse import quote, urljoin

import requests
from requests_toolbelt import MultipartEncoder
from webexteamssdk import ApiError, WebexTeamsAPI, webexteamssdkException

from broadcast import answers
from broadcast.answers import Json
from broadcast.downloads import content_address, download, file_name
from broadcast.errors import NoAnswer, NoLease, NotSent, Refused, WebexError
from broadcast.links import same
from broadcast.model import Content, Form, Membership, Message, Person, Press, Space, StoredFile, Webhook
from broadcast.pacing import DEFAULT_PAUSE, Gate
from broadcast.ports import Clock
from broadcast.transport import harden, http_date, refusal, retry_after, writes_message

PAGE = 1000
LONGEST_LIST = 1_000_000
MOST_ROUNDS = 10
TOKEN_PAUSE = 10.0
LONGEST_READ_PAUSE = 30.0
MOST_REPEATS = 20
MARGIN_SECONDS = 0.1
Item = TypeVar("Item")
Row = TypeVar("Row", Person, Space, Membership, Message, Webhook)


class _SdkObject(Protocol):
    json_data: Json


class _Upload:
    """A body of which no piece goes out before `look` has let it. After the last one it is there, and nobody looks."""

    def __init__(self, encoder: MultipartEncoder, look: Callable[[], None]) -> None:
        self.len = encoder.len
        self._encoder = encoder
        self._look = look

    def read(self, size: int = -1) -> bytes:
        piece: bytes = self._encoder.read(size)
        if piece:
            self._look()
        return piece


class WebexGateway:
    """Webex for one token. `base_url` ends with a slash; `connections` is how many senders there are."""

    def __init__(self, token: str, base_url: str, *, clock: Clock, gate: Gate, connections: int) -> None:
        self.token_refused = False
        self.stopping = threading.Event()
        self._clock = clock
        self._gate = gate
        self._base_url = base_url
        self._lead = 0.0
        self._api = WebexTeamsAPI(access_token=token, base_url=base_url, wait_on_rate_limit=False)
        # Private, but the SDK offers no other way to a larger pool, time-outs and the answer of a refused request.
        self._session: requests.Session = self._api._session._req_session
        self._carrier = harden(self._session, base_url, connections, self._wait_for_read)
        self._session.hooks["response"] = [self._inspect]

    def post_only_while(self, holds: Callable[[], bool]) -> None:
        """Have this thread write no message when `holds` says no: a frozen process must not wake and act.

        Looked at last of all, and again with every piece of an upload: one that breaks off is no message.
        """

        def look() -> None:
            if not holds():
                raise NoLease("the lease has run out", call="messages")

        self._carrier.bind(look)

    def time_at_webex(self) -> float:
        """Return the present by Webex's clock, as learnt from its answers."""
        return self._clock.now() + self._lead

    def me(self) -> Person:
        """Return the owner of the token."""
        return self._one("GET people/me", self._api.people.me, answers.person)

    def person(self, person_id: str) -> Person:
        """Return a person."""
        return self._one("GET people", lambda: self._api.people.get(_path(person_id)), answers.person)

    def person_by_email(self, email: str) -> Person | None:
        """Return the person with an address; Webex shows a bot those of its own org only."""
        return next(self._all("people", answers.person, email=email), None)

    def organization_name(self, org_id: str) -> str:
        """Return an organization's display name; a bot may be refused that of a foreign one."""
        return self._one(
            "GET organizations",
            lambda: self._api.organizations.get(_path(org_id)),
            lambda item: str(item["displayName"]),
        )

    def message(self, message_id: str) -> Message:
        """Return a message the bot may read."""
        return self._one("GET messages", lambda: self._api.messages.get(_path(message_id)), answers.message)

    def space(self, space_id: str) -> Space:
        """Return one space."""
        return self._one("GET rooms", lambda: self._api.rooms.get(_path(space_id)), answers.space)

    def membership(self, membership_id: str) -> Membership:
        """Return one membership."""
        return self._one("GET memberships", lambda: self._api.memberships.get(_path(membership_id)), answers.membership)

    def spaces(self) -> Iterator[Space]:
        """Yield every space the bot is in, page by page."""
        return self._all("rooms", answers.space, max=PAGE)

    def memberships(self) -> Iterator[Membership]:
        """Yield the bot's own memberships, page by page."""
        return self._all("memberships", answers.membership, max=PAGE)

    def members(self, space_id: str) -> tuple[Membership, ...]:
        """Return the members of one space."""
        return tuple(self._all("memberships", answers.membership, roomId=space_id, max=PAGE))

    def own_messages_since(self, space_id: str, since: float) -> tuple[Message, ...]:
        """Return the bot's own messages in a 1-1 since a time of Webex's clock, of the newest hundred."""
        me = self.me().id
        found: list[Message] = []
        newest = self._all("messages", answers.message, roomId=space_id, max=100)
        for count, message in enumerate(newest):
            if count >= 100 or (message.created is not None and message.created < since):
                break
            if same(message.person_id, me):
                found.append(message)
        return tuple(found)

    def fetch_file(self, url: str, folder: Path, *, allow_unscannable: bool = False) -> StoredFile:
        """Download a file of a message into `folder`; `FileRefused` where it cannot be had."""
        address = content_address(url, self._base_url)
        return download(self._session, address, folder, allow_unscannable=allow_unscannable)

    def file_name(self, url: str) -> str:
        """Return the name of a file of a message, without fetching it."""
        with _wall("HEAD contents"):
            answer = self._session.head(content_address(url, self._base_url), allow_redirects=False)
            return file_name(answer.headers.get("Content-Disposition", ""))

    def post(
        self, space_id: str, markdown: str, *, parent_id: str | None = None, content: Content | None = None
    ) -> str:
        """Post a message, with the content's file or card where one is given, and return its id."""
        if content and content.form is Form.FILE and content.file:
            return self._post_file(space_id, markdown, content.file, parent_id)
        attachments = [json.loads(content.card)] if content and content.card and content.form is not Form.FILE else None
        create = self._api.messages.create
        return self._one(
            "POST messages",
            lambda: create(roomId=space_id, markdown=markdown, parentId=parent_id, attachments=attachments),
            answers.id_in,
        )

    def post_to_person(self, person_id: str, markdown: str) -> str:
        """Post a 1-1 message and return its id."""
        create = self._api.messages.create
        return self._one("POST messages", lambda: create(toPersonId=person_id, markdown=markdown), answers.id_in)

    def edit(self, message_id: str, space_id: str, markdown: str) -> None:
        """Replace the text of a message of the bot's own; Webex takes ten edits, and none with a file or card."""
        edit = self._api.messages.edit
        self._one("PUT messages", lambda: edit(_path(message_id), roomId=space_id, markdown=markdown), answers.id_in)

    def delete(self, message_id: str) -> None:
        """Delete a message of the bot's own; a 404 means that it is gone, or the bot is no more in its space."""
        with _wall("DELETE messages"):
            self._api.messages.delete(_path(message_id))

    def press(self, action_id: str) -> Press:
        """Return what somebody pressed in a card."""
        return self._one(
            "GET attachment/actions", lambda: self._api.attachment_actions.get(_path(action_id)), answers.press
        )

    def leave(self, membership_id: str) -> None:
        """End a membership of the bot's own."""
        with _wall("DELETE memberships"):
            self._api.memberships.delete(_path(membership_id))

    def webhooks(self) -> tuple[Webhook, ...]:
        """Return every webhook of the token."""
        return tuple(self._all("webhooks", answers.webhook, max=100))

    def create_webhook(self, webhook: Webhook) -> None:
        """Register a webhook."""
        with _wall("POST webhooks"):
            self._api.webhooks.create(
                name=webhook.name,
                targetUrl=webhook.target_url,
                resource=webhook.resource,
                event=webhook.event,
                filter=webhook.filter,
                secret=webhook.secret,
            )

    def update_webhook(self, webhook: Webhook) -> None:
        """Change name, target and secret of a webhook and make it active."""
        with _wall("PUT webhooks"):
            self._api.webhooks.update(
                _path(webhook.id),
                name=webhook.name,
                targetUrl=webhook.target_url,
                secret=webhook.secret,
                status="active",
            )

    def delete_webhook(self, webhook_id: str) -> None:
        """Remove a webhook."""
        with _wall("DELETE webhooks"):
            self._api.webhooks.delete(_path(webhook_id))

    def _post_file(self, space_id: str, markdown: str, file: StoredFile, parent_id: str | None) -> str:
        # Not through messages.create: that takes the type from the name. The body is read from disk as it is sent, and
        # made anew for every attempt.
        with _opened(file) as stream, _wall("POST messages"):
            fields = {"roomId": space_id, "parentId": parent_id, "markdown": markdown}
            texts = [(name, value) for name, value in fields.items() if value]
            encoder = MultipartEncoder([*texts, ("files", (file.name, stream, file.content_type))])
            headers, body = {"Content-type": encoder.content_type}, _Upload(encoder, self._carrier.look)
            return answers.id_in(_taken(lambda: self._api._session.post("messages", data=body, headers=headers)))

    def _one(self, call: str, ask: Callable[[], _SdkObject], read: Callable[[Json], Item]) -> Item:
        with _wall(call):
            return read(answers.clean(_taken(lambda: ask().json_data)))

    def _all(self, resource: str, read: Callable[[Json], Row], **parameters: str | int) -> Iterator[Row]:
        # The items as they came: the SDK's objects would let one odd item spoil the whole list.
        call = f"GET {resource}"
        first, seen_again = "", 0
        with _wall(call):
            for count, found in enumerate(self._api._session.get_items(resource, params=parameters)):
                if isinstance(found, str):
                    raise NoAnswer("the items are no list", call=call)
                item = _read_or_none(read, answers.clean(found))
                if item is None:
                    continue
                seen_again += item.id == first
                if seen_again > MOST_ROUNDS or count >= LONGEST_LIST:
                    raise NoAnswer("the pages of the list go round in circles", call=call)
                first = first or item.id
                yield item

    def _wait_for_read(self, response: requests.Response, repeated: int) -> bool:
        """Wait out a short 429 of a read: planning needs many in a row, and must not begin anew for each of them."""
        if response.status_code != 429 or repeated >= MOST_REPEATS:
            return False
        pause = retry_after(response.headers, self._clock.now())
        pause = DEFAULT_PAUSE if pause is None else max(MARGIN_SECONDS, pause)
        if pause > LONGEST_READ_PAUSE:
            return False
        self._gate.close(pause)
        return not self._clock.wait(self.stopping, pause)

    def _inspect(self, response: requests.Response, **_: object) -> None:
        now = self._clock.now()
        sent = http_date(response.headers.get("Date", ""))
        if sent is not None:
            self._lead = sent - now
        call = f"{response.request.method} {response.request.path_url.partition('?')[0]}"
        if response.is_redirect and response.request.method != "GET":
            # Nobody knows what Webex would mean by it; most become a GET, and what that brings would count as sent.
            raise NoAnswer(f"unexpected status {response.status_code}", call=call)
        if response.status_code < 400:
            self.token_refused = False
            _follow_links(response, call)
            return
        error = refusal(response, call, now)
        self._tell_gate(error)
        raise error

    def _tell_gate(self, error: Refused) -> None:
        if error.status == 401:
            self.token_refused = True
            self._gate.close(TOKEN_PAUSE)
        elif error.status == 429 and writes_message(*error.call.split(" ", 1)):
            self._gate.refused(error.retry_after)
        elif error.status == 429:
            self._gate.close(DEFAULT_PAUSE if error.retry_after is None else error.retry_after)


@contextmanager
def _wall(call: str) -> Iterator[None]:
    try:
        yield
    except WebexError:
        raise
    except ApiError as error:
        if error.response.status_code >= 300:
            raise NoAnswer(f"unexpected status {error.response.status_code}", call=call) from error
    except (
        webexteamssdkException,
        AssertionError,
        requests.RequestException,
        ValueError,
        TypeError,
        AttributeError,
        LookupError,
        RecursionError,
    ) as error:
        raise NoAnswer(f"{type(error).__name__}: {error}"[:300], call=call) from error


def _taken(ask: Callable[[], Json]) -> Json:
    """Return what Webex says to a request that it took: 201 and 202 are successes too, though not for the SDK."""
    try:
        return ask()
    except ApiError as error:
        if error.response.status_code >= 300:
            raise
        return dict(error.response.json())


def _follow_links(response: requests.Response, call: str) -> None:
    """Have the address of the next page be a whole one: RFC 8288 lets it be relative, the SDK does not."""
    following = response.links.get("next", {}).get("url")
    if not following:
        return
    if urljoin(response.url, following) == response.url:
        raise NoAnswer("the list names itself as its next page", call=call)
    if following.startswith(("/", "?")) and not following.startswith("//"):
        address = urljoin(response.url, following)
        response.headers["Link"] = f'<{address}>; rel="next"'


def _opened(file: StoredFile) -> BinaryIO:
    try:
        return file.path.open("rb")
    except OSError as error:
        raise NotSent(f"the broadcast's file cannot be read: {error}", call="POST messages") from error


def _read_or_none(read: Callable[[Json], Item], item: Json) -> Item | None:
    """Leave out what has no id or no type: one odd row must not hold up all others."""
    try:
        return read(item)
    except (LookupError, TypeError, ValueError, AttributeError):
        return None


def _path(id_: str) -> str:
    return quote(id_, safe="=-_") if id_.strip(".") else "none"
