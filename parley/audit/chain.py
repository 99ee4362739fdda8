"""Records that hang together: a line of JSON each, with its number and the hash of the one before. Pure.

A line ends with its own hash, of all that stands before it. So a record that is changed does not fit any more, and one
that is taken out is missed by the next. With a secret the hashes are HMACs: without it nobody can make them fit again.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from parley.errors import BadConfig, BadInput, Overloaded

NOTHING = "0" * 64  # the hash before the first record
SHORTEST_SECRET = 32
END = re.compile(rb',"hash":"([0-9a-f]{64})"\}')
LENGTH_OF_END = len(f',"hash":"{NOTHING}"}}')


class AuditUnwritable(Overloaded):
    """No record can be written of what would be done."""

    reason = "AUDIT_UNWRITABLE"


@dataclass(frozen=True)
class Link:
    """Where a chain stands: its last record."""

    number: int = 0
    hash: str = NOTHING

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"

    @classmethod
    def of(cls, text: str) -> "Link":
        """As a log or a person has noted it."""
        number, _, digest = text.partition(":")
        if not number.isdecimal() or not re.fullmatch("[0-9a-f]{64}", digest):
            raise BadInput(f"{text[:80]!r} names no record; write its number, a colon, and its hash.")
        return cls(int(number), digest)


@dataclass(frozen=True)
class Record:
    """One record as it was read."""

    link: Link
    before: str
    facts: Mapping[str, Any]


class Seal:
    """Makes and checks hashes; with secrets, HMACs by the first of them."""

    def __init__(self, secret: str = "") -> None:
        self._secrets = [each.strip().encode() for each in secret.split(",") if each.strip()]
        if any(len(each) < SHORTEST_SECRET for each in self._secrets):
            raise BadConfig(f"A secret of the audit log has {SHORTEST_SECRET} letters or more: `parley audit secret`.")

    def of(self, data: bytes) -> str:
        """The hash of these bytes."""
        return _hash(self._secrets[0] if self._secrets else b"", data)

    def fits(self, data: bytes, digest: str) -> bool:
        """Whether it is their hash, by any of the secrets."""
        return any(hmac.compare_digest(_hash(each, data), digest) for each in self._secrets or [b""])

    def pseudonyms(self, text: str) -> Sequence[str]:
        """What stands for a text that must not be recorded; the newest secret's first."""
        return [_hash(each, text.encode())[:16] for each in self._secrets or [b""]]


def _hash(secret: bytes, data: bytes) -> str:
    return (hmac.digest(secret, data, "sha256") if secret else hashlib.sha256(data).digest()).hex()


def write(seal: Seal, last: Link, facts: Mapping[str, object]) -> tuple[bytes, Link]:
    """The line of the record that follows, and where the chain stands then."""
    number = last.number + 1
    body = json.dumps({"number": number, **facts, "before": last.hash}, separators=(",", ":")).encode()
    digest = seal.of(body)
    return body[:-1] + f',"hash":"{digest}"}}\n'.encode(), Link(number, digest)


def read(seal: Seal, line: bytes) -> Record:
    """A line without its end; raises ValueError with what does not fit."""
    if not (end := END.fullmatch(line[-LENGTH_OF_END:])):
        raise ValueError("it does not end with its hash")
    digest = end[1].decode()
    if not seal.fits(line[:-LENGTH_OF_END] + b"}", digest):
        raise ValueError("its hash does not fit: it was changed, or written with another secret")
    facts = json.loads(line)
    return Record(Link(facts.pop("number"), digest), facts.pop("before"), facts)
