"""The audit log of this gateway: each call from any transport is one record, when it has ended. Must not know an API.

What is recorded is made here alone: no sound, no text, of a key what stands for it in metrics, of a session a hash.
"""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.access.entry import UNDER_WAY, Entry
from parley.audit.chain import AuditUnwritable, Seal
from parley.audit.config import AuditConfig
from parley.audit.files import ChainFiles
from parley.audit.listing import CALL
from parley.audit.tail import Facts, Tail
from parley.audit.writer import RETRY_S, AuditWriter
from parley.errors import BadConfig, ParleyError
from parley.wire.keys import label_of

OK, HUNG_UP = "ok", "cancelled"
LONGEST_CALL = 200  # letters


class Audit:
    """Records calls, and what else must be accounted for; nothing without `audit.folder`."""

    def __init__(self, config: AuditConfig) -> None:
        self._config, self._seal = config, Seal(config.secret)
        if min(config.file_bytes, config.waiting) < 1 or config.keep_days < 0:
            raise BadConfig("`audit.file_bytes` and `audit.waiting` are 1 or more, `audit.keep_days` is 0 or more.")
        self._writer = self._opened() if config.folder else None

    def _opened(self) -> AuditWriter:
        chain = ChainFiles(Path(self._config.folder), self._config.instance or socket.gethostname())
        tail = Tail(chain, self._seal, self._config)
        writer = AuditWriter(tail, self._config.waiting)
        writer.put({"event": "started"} | ({"cut_bytes": tail.cut} if tail.cut else {}))
        return writer

    @property
    def on(self) -> bool:
        """Whether records are kept."""
        return self._writer is not None

    def check(self) -> None:
        """Raises where a call must be recorded and cannot be."""
        if self._config.required and self._writer and (why := self._writer.trouble):
            message = f"Calls must be recorded here, and nothing can be written ({why}); come back."
            raise AuditUnwritable(message, retry_s=RETRY_S)

    @contextmanager
    def call(self, name: str, peer: str = "") -> Iterator[Entry | None]:
        """One call, recorded when it has ended; what is learnt of it meanwhile is noted in the entry. None: nowhere."""
        if self._writer is None:
            yield None
            return
        entry, began = Entry(name, peer), time.monotonic()
        UNDER_WAY.set(entry)
        try:
            yield entry
        except (ConnectionError, EOFError):
            entry.outcome = entry.outcome or HUNG_UP
            raise
        except Exception as error:
            entry.outcome = entry.outcome or (error.reason if isinstance(error, ParleyError) else ParleyError.reason)
            raise
        except BaseException:
            entry.outcome = entry.outcome or HUNG_UP
            raise
        finally:
            UNDER_WAY.set(None)  # no reset: a generator may be closed in another context
            self._writer.put(self._facts(entry, time.monotonic() - began))

    @contextmanager
    def within(self, name: str, peer: str) -> Iterator[None]:
        """What belongs to no call is recorded too, as one: a stream that outlives its connections, a reference."""
        if self._writer is None or UNDER_WAY.get():
            yield
        else:
            with self.call(f"gateway {name}", peer):
                yield

    def note(self, event: str, facts: Facts) -> None:
        """Something that is no call."""
        if self._writer:
            self._writer.put({"event": event, **facts})

    def _facts(self, entry: Entry, wall_s: float) -> Facts:
        facts: dict[str, object] = {"event": CALL, "call": entry.call[:LONGEST_CALL]}
        told = {"key": label_of(entry.key), "session": self.pseudonym(entry.session)}
        told["peer"] = entry.peer if self._config.addresses else ""
        facts |= {name: value for name, value in told.items() if value}
        facts |= {"outcome": entry.outcome or OK, "audio_s": round(entry.audio_s, 3), "wall_s": round(wall_s, 3)}
        more: dict[str, object] = {"stages": entry.stages, "options": entry.options, "jobs": entry.jobs}
        return facts | {name: value for name, value in more.items() if value}

    def pseudonym(self, text: str) -> str:
        """What stands for a text that must not be recorded; empty for none."""
        return self._seal.pseudonyms(text)[0] if text else ""

    async def close(self) -> None:
        """Writes what waits."""
        if self._writer:
            self.note("stopped", {})
            await asyncio.to_thread(self._writer.close)
