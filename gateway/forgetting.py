"""All that a gateway keeps for one key, or of a session or job of it: shown, removed, and told. Must not know HTTP.

What is kept in memory for a key (answers, samples) knows no sessions or jobs: it goes whole, since it is made anew.
"""

import asyncio
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from gateway.access.voices import EVERYBODY
from gateway.core import Core
from gateway.http.cache import Cache
from parley.errors import BadInput
from parley.jobs.files import JobFiles
from parley.jobs.forgetting import Rows, Whose
from parley.jobs.job import UnknownJob
from parley.jobs.queue import JobQueue
from parley.wire.keys import Key, label_of

log = logging.getLogger(__name__)
KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
LOGS = (
    "Logs and traces of processes, which have no words by default, and what was copied from here: backups, results "
    "that were downloaded, what webhooks were told."
)
STREAMS = "Streams that are open, or may be resumed: they end with their clients, or `sessions.keep_s` later."
OTHERS = "What other gateways keep in memory: ask each of them."


class KeptJobs(Protocol):
    """Where jobs are kept."""

    @property
    def on(self) -> bool:
        """Whether they are."""

    @property
    def queue(self) -> JobQueue:
        """The tables."""

    @property
    def files(self) -> JobFiles:
        """What lies on the disk."""


@dataclass(frozen=True)
class Kept:
    """What there is, or was; and what stays, in sentences."""

    rows: Rows
    voices: int = 0
    answers: int = 0  # to whole recordings and texts, in the cache
    samples: int = 0  # of two versions' words
    stays: Sequence[str] = ()

    @property
    def counts(self) -> dict[str, int]:
        """Of each kind how many."""
        rows = self.rows
        found = {"jobs": len(rows.jobs), "files": len(rows.files), "batches": len(rows.batches), "bytes": rows.bytes}
        return found | {"voices": self.voices, "answers": self.answers, "samples": self.samples}


class Forgetting:
    """What can be done about all that is kept for somebody."""

    def __init__(self, core: Core, jobs: KeptJobs, cache: Cache) -> None:
        self._core, self._jobs, self._cache = core, jobs, cache

    async def found(self, whose: Whose) -> Kept:
        """What is kept now; nothing is removed."""
        rows = await self._jobs.queue.forgetting.found(whose) if self._jobs.on else Rows()
        voices = self._core.voices.count(whose.owner) if _is_whole(whose) else 0
        samples = self._core.rollouts.versions.samples_of(label_of(whose.owner))
        answers = await self._cache.count(whose.owner)
        return self._kept(whose, rows, voices, answers, samples)

    async def forget(self, whose: Whose, by: Key) -> Kept:
        """Removes it, and records that. Who shall send nothing more meanwhile has no key any more."""
        if whose.job:
            await self.found(whose)  # else there is no such job
        answers = await self._cache.forget(whose.owner)  # first: a cache that does not answer is found out by now
        voices = self._core.voices.forget(whose.owner) if _is_whole(whose) else 0
        samples = self._core.rollouts.forget(label_of(whose.owner))
        rows = await self._jobs.queue.forgetting.forget(whose) if self._jobs.on else Rows()
        left = await asyncio.to_thread(lambda: list(self._remove_files(rows)))
        kept = self._kept(whose, rows, voices, answers, samples)
        self._record(whose, by, kept)
        return replace(kept, stays=[*left, *kept.stays])

    def _remove_files(self, rows: Rows) -> Iterator[str]:
        """What could not be removed."""
        for each in (*rows.jobs, *rows.files):
            self._jobs.files.remove(each)
            if (folder := self._jobs.files.path(each).parent).exists():
                yield f"Files in {folder.name} of the folder of jobs, which could not be removed: remove them by hand."

    def _kept(self, whose: Whose, rows: Rows, voices: int, answers: int, samples: int) -> Kept:
        if whose.job and not rows.jobs:
            raise UnknownJob(f"There is no job {whose.job[:60]!r} of this key; `parley jobs list` shows them.")
        return Kept(rows, voices, answers, samples, list(self._stays(whose, rows)))

    def _stays(self, whose: Whose, rows: Rows) -> Iterator[str]:
        if rows.elsewhere:
            yield f"{rows.elsewhere} recordings that lie where they were submitted from: folders, addresses, buckets."
        for file in rows.told_in:
            yield f"The file {file}, in which a batch says what came of all its jobs: delete it, or the whole session."
        if whose.session or whose.job:
            yield "Voices of the key: `parley voices rm` forgets one."
        if self._core.audit.on:
            yield "Records of the audit log: they have a hash of the key and no words, and go when their time is over."
        yield STREAMS
        yield LOGS
        yield OTHERS

    def _record(self, whose: Whose, by: Key, kept: Kept) -> None:
        facts: Mapping[str, object] = {"by": by.label, "key": label_of(whose.owner), "removed": kept.counts}
        more = {"session": self._core.audit.pseudonym(whose.session), "job": whose.job}
        facts = {name: value for name, value in {**facts, **more}.items() if value}
        self._core.audit.note("forgotten", facts)
        log.info("forgotten", extra={"facts": facts})


def _is_whole(whose: Whose) -> bool:
    return not (whose.session or whose.job)


def owner_of(key: str) -> str:
    """Whose data are meant by an id; where no keys are asked for, everybody's."""
    if not KEY_ID.fullmatch(key):
        raise BadInput(f"{key[:80]!r} is no key's id; `parley keys list` shows them, `everybody` is who shows none.")
    return "" if key == EVERYBODY else key
