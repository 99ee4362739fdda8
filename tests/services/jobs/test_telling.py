"""Webhooks: signed, tried again, given up, asked for anew. A real receiver, on this machine."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from standardwebhooks import Webhook, WebhookVerificationError

from parley.errors import BadConfig, Conflict
from parley.jobs.filter import Filter
from parley.jobs.job import Job, NewJob, Submission
from parley.jobs.queue import JobQueue
from services.jobs import telling
from services.jobs.config import WorkerConfig
from services.jobs.telling import Teller
from tests.receiver import SECRET, receiving
from tests.waiting import until


@pytest_asyncio.fixture
async def queue(tmp_path: Path) -> AsyncIterator[JobQueue]:
    opened = JobQueue("", tmp_path)
    yield opened
    opened.close()


@asynccontextmanager
async def teller(queue: JobQueue, **config: Any) -> AsyncIterator[None]:
    settings = WorkerConfig(folder="", **{"webhook_secret": SECRET, "private": ("localhost",)} | config)
    task = asyncio.create_task(Teller(queue, settings).run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def done(queue: JobQueue, url: str) -> Job:
    await queue.add(replace(Submission("ada", "monday", "{}"), webhook=url), [NewJob("a", "a.wav", "upload")])
    (job,) = await queue.claim("one", 1)
    assert await queue.finish(job, {}, 1.0, 1)
    return await queue.get("ada", "a")


async def state(queue: JobQueue) -> str:
    return (await queue.get("ada", "a")).hook


async def told(queue: JobQueue, wanted: str) -> Job:
    async def so() -> bool:
        return await state(queue) == wanted

    await until(so)
    return await queue.get("ada", "a")


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "PAUSE_S", 0.01)
    monkeypatch.setattr(telling, "LOOK_S", 0.01)


async def test_an_end_is_told_once_and_signed(queue: JobQueue) -> None:
    """The receiver's own library believes it, and nobody else's secret would do."""
    async with receiving(204) as receiver, teller(queue):
        await done(queue, receiver.url)
        await told(queue, "told")
        await asyncio.sleep(0.1)
    ((headers, body),) = receiver.came
    said = Webhook(SECRET).verify(body, headers)
    assert (said["type"], said["data"]["id"], said["data"]["name"]) == ("job.done", "a", "a.wav")
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + base64.b64encode(bytes(32)).decode()).verify(body, headers)


async def test_it_is_tried_again_under_the_same_id(queue: JobQueue) -> None:
    """Refusals, faults and redirects are no yes."""
    async with receiving(500, 302, 429, 200) as receiver, teller(queue):
        await done(queue, receiver.url)
        job = await told(queue, "told")
    assert (job.hook_tries, len({headers["webhook-id"] for headers, _ in receiver.came})) == (4, 1)


async def test_after_so_many_tries_it_is_dead_until_asked_for(queue: JobQueue) -> None:
    """It is listed as such, with the reason; replayed it begins at the first try."""
    async with receiving(500) as receiver, teller(queue, webhook_tries=2):
        await done(queue, receiver.url)
        job = await told(queue, "dead")
        assert (job.hook_message, len(receiver.came)) == ("It answers 500.", 2)
        assert [each.id for each in await queue.page(Filter("ada", hook="dead"), 0, 9)] == ["a"]
        receiver.statuses = [200]
        await queue.hooks.replay(job)
        assert (await told(queue, "told")).hook_tries == 1


async def test_a_private_address_is_not_called(queue: JobQueue) -> None:
    """Unless it is allowed."""
    async with receiving(200) as receiver, teller(queue, webhook_tries=1, private=()):
        await done(queue, receiver.url)
        assert "private address" in (await told(queue, "dead")).hook_message
        assert receiver.came == []


async def test_who_named_no_address_is_owed_nothing(queue: JobQueue) -> None:
    """Neither now nor by a replay; nor before the end."""
    assert (await done(queue, "")).hook == ""
    with pytest.raises(Conflict, match="has no webhook"):
        await queue.hooks.replay(await queue.get("ada", "a"))


@pytest.mark.parametrize("end", ["cancel", "fail", "deadline"])
async def test_every_end_is_owed(queue: JobQueue, end: str) -> None:
    """Not the good one only."""
    asked = replace(Submission("ada", "b", "{}"), webhook="https://example.com", within_s=1e-6)
    await queue.add(asked, [NewJob("a", "a", "upload")])
    (job,) = await queue.claim("one", 1)
    if end == "cancel":
        await queue.cancel("ada", "a")
    elif end == "fail":
        await queue.fail(job, "X", "x")
    else:
        await queue.give_up(9)
    assert await state(queue) == "owed"


@pytest.mark.parametrize("secret", ["short", "whsec_" + base64.b64encode(b"short").decode(), "whsec_&&&"])
def test_a_weak_secret_is_refused(queue: JobQueue, secret: str) -> None:
    """At the start, with what would be right."""
    with pytest.raises(BadConfig, match="whsec_"):
        Teller(queue, WorkerConfig(folder="", webhook_secret=secret))
