"""Ids of one thing are known as one, in whatever form Webex writes them."""

from base64 import b64encode, urlsafe_b64encode
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.links import same, space_link, uuid_of

UUIDS = st.uuids().map(str)
TYPES = st.sampled_from(["PEOPLE", "ROOM", "MESSAGE", "ORGANIZATION", "TEAM", "WEBHOOK"])
CLUSTERS = st.sampled_from(["us", "urn:TEAM:us-east-2_a", "urn:TEAM:eu-central-1_k"]) | st.text("ab?>~ÿ-_:", min_size=1)
ENCODERS = st.sampled_from([b64encode, urlsafe_b64encode])
ROOM = "f53c9b54-ca80-4d0f-bdc4-8ea47ebd0a0a"


def webex_id(uuid: str = ROOM, cluster: str = "us", kind: str = "ROOM", *, padded: bool = False) -> str:
    """Return an id as Webex writes it."""
    encoded = b64encode(f"ciscospark://{cluster}/{kind}/{uuid}".encode()).decode()
    return encoded if padded else encoded.rstrip("=")


@given(UUIDS, CLUSTERS, TYPES, ENCODERS, st.booleans())
def test_the_uuid_is_read_from_every_form_of_id(
    uuid: str, cluster: str, kind: str, encoder: object, padded: bool
) -> None:
    """Cluster, type, alphabet and padding do not matter."""
    assert callable(encoder)
    encoded = encoder(f"ciscospark://{cluster}/{kind}/{uuid}".encode()).decode()
    assert uuid_of(encoded if padded else encoded.rstrip("=")) == uuid


@given(UUIDS, st.booleans())
def test_a_bare_uuid_is_read_too(uuid: str, padded: bool) -> None:
    """The `orgId` of an envelope is base64 of the UUID alone, and a raw UUID is one already."""
    encoded = b64encode(uuid.encode()).decode()
    assert uuid_of(encoded if padded else encoded.rstrip("=")) == uuid
    assert uuid_of(uuid) == uuid


@pytest.mark.parametrize(
    "id",
    [
        "",
        "me",
        "a",
        "not base64!",
        "žluť",
        "\ud800",
        "====",
        "aGVsbG8",
        b64encode(b"\xff\xfe\xfd").decode(),
        "Y2lzY29zcGFyazovLw",
    ],
)
def test_what_is_no_id_comes_back_as_it_is(id: str) -> None:
    """Neither rubbish nor other people's base64 is decoded, and none is an error."""
    assert uuid_of(id) == id


@given(st.text())
def test_no_text_is_an_error(id: str) -> None:
    """Whatever is asked about, an answer comes, and a thing is the same as itself unless it is nothing."""
    assert bool(uuid_of(id)) is bool(id)
    assert same(id, id) is bool(id)


@given(st.uuids(), CLUSTERS)
def test_two_ids_of_one_thing_are_the_same(uuid: UUID, cluster: str) -> None:
    """Ids compare by what they denote: over clusters, with or without padding, in either case."""
    one = webex_id(str(uuid))
    assert same(one, webex_id(str(uuid).upper(), cluster, padded=True))
    assert same(str(uuid), one)
    assert not same(one, webex_id(str(UUID(int=uuid.int ^ 1))))


@pytest.mark.parametrize(("a", "b"), [(None, None), (None, webex_id()), (webex_id(), None), ("", ""), (None, "")])
def test_a_missing_id_is_the_same_as_nothing(a: str | None, b: str | None) -> None:
    """Two unknown organizations are not one."""
    assert not same(a, b)


def test_the_parts_of_other_ids_are_kept_whole() -> None:
    """The id of a membership names person and space; both stay."""
    assert uuid_of(webex_id(f"{ROOM}:{ROOM}", kind="MEMBERSHIP")) == f"{ROOM}:{ROOM}"


def test_a_link_opens_the_space_in_the_app() -> None:
    """The link carries the space's UUID, and nothing that could end it early."""
    assert space_link(webex_id(cluster="urn:TEAM:eu-central-1_k")) == f"webexteams://im?space={ROOM}"
    assert space_link("x) &y") == "webexteams://im?space=x%29%20%26y"
