"""Who may come in."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.access.keys import KeyRing, demand
from parley.errors import Forbidden, Unauthenticated
from parley.wire.keys import ADMIN, NOBODY, make, write
from tests.fakes import Clock


def test_without_a_file_everybody_may_come() -> None:
    """A gateway without keys asks for none; who is on its machine may operate it, others are told how."""
    assert KeyRing(None).of({}) is NOBODY
    demand(KeyRing(None).of({}, is_local=True), ADMIN)
    with pytest.raises(Unauthenticated, match="keys add NAME --scope admin"):
        demand(KeyRing(None).of({}), ADMIN)


def test_with_a_file_also_who_is_here_needs_a_key(tmp_path: Path) -> None:
    """A proxy on the same machine speaks for strangers."""
    write(tmp_path / "keys.json", [])
    with pytest.raises(Unauthenticated):
        KeyRing(tmp_path / "keys.json").of({}, is_local=True)


def test_no_rpc_is_answered_without_a_key(tmp_path: Path) -> None:
    """Whichever it is; health is for everybody."""
    text, key = make("ann", ["use"])
    write(tmp_path / "keys.json", [key])
    ring = KeyRing(tmp_path / "keys.json")
    ring.guard("/grpc.health.v1.Health/Check", {})
    ring.guard("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", {"x-api-key": text})
    for method in ("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "/any/Thing"):
        with pytest.raises(Unauthenticated):
            ring.guard(method, {})


def test_every_way_to_show_a_key(tmp_path: Path) -> None:
    """As a bearer, as x-api-key, or as the subprotocol that browsers have."""
    text, key = make("ann", ["use"])
    write(tmp_path / "keys.json", [key])
    ring = KeyRing(tmp_path / "keys.json")
    assert ring.of({"authorization": f"Bearer {text}"}) == key
    assert ring.of({"x-api-key": text}) == key
    assert ring.of({"sec-websocket-protocol": f"realtime, openai-insecure-api-key.{text}"}) == key


EXPIRED_TEXT, EXPIRED = make("old", ["use"], datetime(2020, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ({}, "needed"),
        ({"authorization": "Basic abc"}, "needed"),
        ({"authorization": "Bearer sk-other"}, "not known"),
        ({"authorization": f"Bearer {EXPIRED_TEXT}x"}, "not known"),
        ({"authorization": f"Bearer {EXPIRED_TEXT}"}, "expired"),
    ],
)
def test_who_shows_no_good_key_is_told(tmp_path: Path, metadata: Mapping[str, str], told: str) -> None:
    """None, a stranger's, a mistyped one, one whose time is over; the key itself is never repeated."""
    write(tmp_path / "keys.json", [EXPIRED])
    with pytest.raises(Unauthenticated, match=told) as refused:
        KeyRing(tmp_path / "keys.json").of(metadata)
    assert EXPIRED_TEXT not in str(refused.value)


def test_a_revoked_key_is_refused_soon(tmp_path: Path) -> None:
    """The file is looked at once a second; one that is broken changes nothing."""
    file, clock = tmp_path / "keys.json", Clock()
    text, key = make("ann", ["use"])
    write(file, [key])
    ring = KeyRing(file, clock)
    file.write_text("what?")
    clock.now += 1.0
    assert ring.of({"x-api-key": text}) == key
    assert ring.of({"sec-websocket-protocol": f"realtime, openai-insecure-api-key.{text}"}) == key
    write(file, [])
    os.utime(file, ns=(0, 1))
    assert ring.of({"x-api-key": text}) == key
    assert ring.of({"sec-websocket-protocol": f"realtime, openai-insecure-api-key.{text}"}) == key
    clock.now += 1.0
    with pytest.raises(Unauthenticated):
        ring.of({"x-api-key": text})


def test_a_key_is_good_for_its_scopes_only() -> None:
    """What it is for is said."""
    _, key = make("ann", ["asr"])
    demand(key, "asr")
    with pytest.raises(Forbidden, match="it is for asr"):
        demand(key, "admin")


def test_a_worker_acts_for_the_key_that_has_submitted(tmp_path: Path) -> None:
    """With its scopes and limits, as batch work; with the wrong secret, or for no key, for nobody."""
    _, ada = make("ada", ["asr"])
    write(tmp_path / "keys.json", [ada])
    ring = KeyRing(tmp_path / "keys.json", worker_token="secret")
    key = ring.of({"authorization": "Bearer secret", "parley-for": ada.id})
    assert (key.name, key.scopes, key.kind) == ("ada", ("asr",), "batch")
    for headers in ({"authorization": "Bearer guess", "parley-for": ada.id}, {"authorization": "Bearer secret"}):
        with pytest.raises(Unauthenticated):
            ring.of(headers)
    without = KeyRing(tmp_path / "keys.json")
    with pytest.raises(Unauthenticated):
        without.of({"authorization": "Bearer ", "parley-for": ada.id})
