"""API keys: made once, kept as hashes, read by the gateway, written by `parley keys`. Must not know an API.

A key is `pk_<id>_<secret>`. The secret has 256 random bits, so a plain SHA-256 keeps it.
"""

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from parley.errors import BadConfig

USE, ADMIN = "use", "admin"
LIVE, BATCH = CLASSES = ("live", "batch")
HIDDEN = ("email", "phone", "card", "iban", "ssn", "name")


@dataclass(frozen=True)
class Key:
    """One key as it is kept."""

    id: str
    name: str
    hash: str
    scopes: tuple[str, ...] = (USE,)  # use: every stage; admin: models and routes; or stages by name
    expires: str = ""  # an ISO moment; empty: never
    streams: int = 0  # to engines at a time; 0: as the gateway's limits say
    kind: str = ""  # live or batch; empty: as each call says
    redact: tuple[str, ...] = ()  # of HIDDEN: what no transcript shows that it gets

    def is_of(self, text: str) -> bool:
        """The key as it was given out."""
        return hmac.compare_digest(self.hash, hashed(text))

    @property
    def label(self) -> str:
        """What stands for it in metrics; empty: no key."""
        return label_of(self.id)

    def has_expired(self, now: datetime) -> bool:
        """Whether the key's time is over."""
        return bool(self.expires) and now >= datetime.fromisoformat(self.expires)

    def may(self, scope: str) -> bool:
        """Whether the key has this scope."""
        return scope in self.scopes or (scope != ADMIN and USE in self.scopes)


def label_of(key: str) -> str:
    """What stands for the key with this id; empty: no key."""
    return hashed(key)[:8] if key else ""


def hashed(text: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(text.encode()).hexdigest()


def id_of(text: str) -> str:
    """Which key a text claims to be."""
    parts = text.split("_", 2)
    return parts[1] if len(parts) == 3 and parts[0] == "pk" else ""


def make(name: str, scopes: Iterable[str], expires: datetime | None = None) -> tuple[str, Key]:
    """A new key: what is given out, once, and what is kept."""
    number = secrets.token_hex(4)
    text = f"pk_{number}_{secrets.token_urlsafe(32)}"
    until = expires.astimezone(UTC).isoformat(timespec="seconds") if expires else ""
    return text, Key(number, name, hashed(text), tuple(scopes), until)


def read(file: Path) -> dict[str, Key]:
    """Id -> key."""
    try:
        table = json.loads(file.read_text("utf-8"))
        if not isinstance(table, list):
            raise TypeError("it holds no list")
        keys = [
            Key(**{**each, "scopes": tuple(each["scopes"]), "redact": tuple(each.get("redact", ()))}) for each in table
        ]
        for key in keys:
            key.has_expired(datetime.now(UTC))
            if strange := set(key.redact) - set(HIDDEN):
                raise ValueError(f"the key {key.name!r} is to be without {', '.join(sorted(strange))}, not found here")
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BadConfig(f"The keys in {file} cannot be read ({error}); `parley keys add` makes such a file.") from None
    return {key.id: key for key in keys}


def write(file: Path, keys: Iterable[Key]) -> None:
    """Writes the file atomically, readable by its owner only."""
    new = file.with_name(f"{file.name}.new")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            json.dump([asdict(key) for key in keys], out, indent=1)
        new.replace(file)
    except OSError as error:
        raise BadConfig(f"The keys cannot be written to {file} ({error.strerror}); name another file.") from None


# Where no keys are asked for.
NOBODY = Key("", "", "", (USE,))
OPERATOR = Key("", "", "", (USE, ADMIN))  # a program on this machine
