"""Jobs while processes are killed with -9 at random moments: each ends once, with the undisturbed result."""

import asyncio
import json
import random
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from tests.e2e.jobs.cluster import PATH, JobsCluster, wav
from tests.e2e.live import recording
from tests.postgres import Postgres

PIPELINE = {"asr": {}, "denoise": {}, "diarize": {}, "translate": [{"source_language": "en", "target_language": "de"}]}
QUERY = f"pipeline={quote(json.dumps(PIPELINE))}"
KINDS = 5  # recordings that differ
OWN = ("id", "name")  # of a job, not of what it heard


async def undisturbed(cluster: JobsCluster) -> list[Any]:
    """What is heard of each recording when nothing happens."""
    ids = [await cluster.submit(wav(recording(seed)), QUERY) for seed in range(KINDS)]
    await cluster.ended(*ids)
    return [_heard(await cluster.result(each)) for each in ids]


def _heard(result: Any) -> Any:
    return {name: value for name, value in result.items() if name not in OWN}


async def submitted(cluster: JobsCluster, number: int) -> str:
    """One job, however often its gateway dies on the way: the key says that it is the same one."""
    while True:
        try:
            answer = await cluster.ask(
                f"{PATH}?{QUERY}&name={number}&batch=crash",
                "POST",
                wav(recording(number % KINDS)),
                idempotency_key=f"c{number}",
            )
            return str(answer["jobs"][0]["id"])
        except (OSError, KeyError):  # nobody there, or a refusal while it goes
            await asyncio.sleep(0.1)


DATABASE = "database"


async def killing(cluster: JobsCluster, kills: int, seed: int, database: Postgres | None) -> list[str]:
    """One process after the other, each started again a moment later."""
    chance, killed = random.Random(seed), list[str]()
    names = [*cluster.workers, *cluster.workers, "gateway", *cluster.stages, *([DATABASE] if database else [])]
    for _ in range(kills):
        await asyncio.sleep(chance.uniform(0.05, 1.0))
        name = chance.choice(names)
        killed.append(name)
        if database and name == DATABASE:
            database.kill()
            await asyncio.to_thread(database.start)
            continue
        cluster.kill(name)
        await asyncio.sleep(chance.uniform(0.0, 0.3))
        cluster.start_again(name)
    return killed


async def _ended(cluster: JobsCluster, ids: list[str]) -> list[Any]:
    """Jobs that were hit often wait long before they are tried again."""
    async with asyncio.timeout(600):
        while True:
            with suppress(TimeoutError):
                return await cluster.ended(*ids)


async def check(cluster: JobsCluster, jobs: int, kills: int, seed: int, database: Postgres | None = None) -> None:
    """Submit, kill meanwhile, wait; then compare."""
    wanted = await undisturbed(cluster)
    submitting = [asyncio.create_task(submitted(cluster, number)) for number in range(jobs)]
    killed = await killing(cluster, kills, seed, database)
    ids = await asyncio.gather(*submitting)
    await cluster.ready()
    ended = await _ended(cluster, ids)
    told = f"seed {seed}, killed {killed}"
    assert [job["error"] for job in ended if job["state"] != "done"] == [], told
    kept = (await cluster.ask(f"{PATH}?batch=crash&limit=1000"))["jobs"]
    assert sorted(job["id"] for job in kept) == sorted(ids), told
    for number, id_ in enumerate(ids):
        heard = _heard(await cluster.result(id_))
        differs = {name: (heard[name], each) for name, each in wanted[number % KINDS].items() if heard[name] != each}
        assert differs == {}, f"{told}, job {number}: {differs}"
