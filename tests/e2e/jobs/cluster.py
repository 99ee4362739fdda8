"""A cluster with workers of background jobs, and somebody who submits to it."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from parley.audio import media
from parley.audio.pcm import RATE_HZ
from tests.e2e.cluster import STAGES, Cluster, toml
from tests.waiting import until

PATH = "/v1/jobs"
ENDED = ("done", "failed", "cancelled")


class JobsCluster(Cluster):
    """Services, a gateway, and workers."""

    def __init__(
        self, folder: Path, stages: Sequence[str] = STAGES, workers: int = 1, database: str = "", **config: Any
    ) -> None:
        jobs = {"folder": str(folder / "jobs"), "reserve_bytes": 0, "database": database, "token": "t" * 32}
        super().__init__(folder, stages, jobs=jobs | config.pop("jobs", {}), **config.pop("more", {}))
        self.workers = [f"jobs-{n}" for n in range(1, workers + 1)]
        own = {"folder": jobs["folder"], "database": database, "token": jobs["token"], "gateway": self.grpc}
        self._worker = own | config

    async def start(self) -> None:
        """The workers too."""
        await super().start()
        (self.folder / "jobs.toml").write_text(toml(self._worker))
        for name in self.workers:
            self._spawn(name, "services.jobs", self.folder / "jobs.toml")

    async def ask(self, path: str = PATH, method: str = "GET", body: object = None, **headers: str) -> Any:
        """What the gateway answers; of a refusal its error."""
        return await asyncio.to_thread(self._ask, path, method, body, headers)

    def _ask(self, path: str, method: str, body: object, headers: dict[str, str]) -> Any:
        raw = isinstance(body, bytes)
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        kind = "application/octet-stream" if raw else "application/json"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named |= {"content-type": kind} if data is not None else {}
        try:
            asked = urllib.request.Request(f"http://{self.http}{path}", data, named, method=method)
            with urllib.request.urlopen(asked, timeout=30) as answer:
                text = answer.read()
                return json.loads(text) if answer.headers["content-type"] == "application/json" else text
        except urllib.error.HTTPError as refused:
            return json.loads(refused.read())

    async def submit(self, sound: bytes, query: str = "", **headers: str) -> str:
        """One recording; the job's id."""
        answer = await self.ask(f"{PATH}?{query}", "POST", sound, **headers)
        return str(answer["jobs"][0]["id"])

    async def job(self, id_: str) -> Any:
        """As it is."""
        return await self.ask(f"{PATH}/{id_}")

    async def ended(self, *ids: str) -> list[Any]:
        """All of them, once they have ended."""
        open_ = set(ids)

        async def so() -> bool:
            kept = (await self.ask(f"{PATH}?limit=1000"))["jobs"]
            open_.difference_update(job["id"] for job in kept if job["state"] in ENDED)
            return not open_

        await until(so, 0.1)
        return [await self.job(each) for each in ids]

    async def result(self, id_: str, kind: str = "json") -> Any:
        """What came of it."""
        return await self.ask(f"{PATH}/{id_}/results/{kind}")


def wav(pcm: bytes) -> bytes:
    """16 kHz PCM as a file."""
    return media.wav(pcm, RATE_HZ)
