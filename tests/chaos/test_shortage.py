"""A disk that takes nothing, and a process that may open few files."""

import asyncio
import json
import socket
import urllib.request
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from parley.cli.processes.launcher import Command
from parley.client import Client, requests_of
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest
from tests.e2e.cluster import Cluster, cut, speech
from tests.gateway.conftest import tone
from tests.waiting import until

NO_DISK, FEW_FILES = "ulimit -f 0", "ulimit -n 128"
CONNECTIONS = 300
LONG_S = 200  # of sound, more than a megabyte: what others keep in files


class Short(Cluster):
    """Processes that lack something."""

    def __init__(self, lack: str, folder: Path, *stages: str, only: str = "", **config: Any) -> None:
        super().__init__(folder, stages, **config)
        self._lack, self._only = lack, only

    def launch(self, command: Command) -> None:
        """In a shell that takes it away."""
        if self._only in ("", command.name):
            words = ("/bin/sh", "-c", f'{self._lack}; exec "$@"', "sh", *command.arguments)
            command = replace(command, arguments=words)
        super().launch(command)


async def heard(client: Client) -> int:
    """How many finals a stream has."""
    requests = requests_of(PipelineRequest, PipelineConfig(asr={}), cut(speech(1.0, 1.0)))
    return sum([a.transcript.is_final async for a in client.stream("Pipeline", requests, timeout_s=60)])


def _upload(cluster: Cluster, body: bytes) -> dict[str, Any]:
    head = b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n'
    head += b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    request = urllib.request.Request(f"http://{cluster.http}/v1/audio/transcriptions", head + body + b"\r\n--x--\r\n")
    request.add_header("content-type", "multipart/form-data; boundary=x")
    with urllib.request.urlopen(request, timeout=60) as answer:
        told: dict[str, Any] = json.loads(answer.read())
        return told


async def test_a_full_disk_stops_nobody(tmp_path: Path) -> None:
    """No log, no trace and no upload can be written: streams and uploads are served, a lost stage is told."""
    cluster = Short(NO_DISK, tmp_path, "asr", "denoise")
    try:
        await cluster.start()
        assert (tmp_path / "gateway.log").stat().st_size == (tmp_path / "asr.log").stat().st_size == 0
        async with cluster.client() as client:
            assert await heard(client) == 2
            assert (await asyncio.to_thread(_upload, cluster, tone(LONG_S)))["text"]
            cluster.kill("denoise")  # which is worth many lines of log
            await until(lambda: _says(cluster, "denoise at"))
            assert await heard(client) == 2
            cluster.start_again("denoise")
        await cluster.ready()
    finally:
        cluster.stop()


async def _says(cluster: Cluster, what: str) -> bool:
    return any(line.startswith(what) for line in (await cluster.status())["words"])


async def test_a_process_without_files_to_open_outlives_it(tmp_path: Path) -> None:
    """128 open files and 300 connections: streams that are there go on, and when callers leave, others come in."""
    cluster = Short(FEW_FILES, tmp_path, "asr", only="gateway")
    crowd_is_gone = asyncio.Event()

    async def long() -> AsyncIterator[bytes]:
        for chunk in cut(speech(1.0)):
            yield chunk
        await crowd_is_gone.wait()
        for chunk in cut(speech(1.0)):
            yield chunk

    async def talk() -> int:
        requests = requests_of(PipelineRequest, PipelineConfig(asr={}), long())
        async with cluster.client() as client:
            return sum([a.transcript.is_final async for a in client.stream("Pipeline", requests, timeout_s=120)])

    try:
        await cluster.start()
        async with AsyncExitStack() as stack:
            stream = asyncio.create_task(talk())
            stack.callback(stream.cancel)
            await until(lambda: _streams(cluster))
            with ExitStack() as crowd:
                for number in range(CONNECTIONS):
                    host, _, port = (cluster.http, cluster.grpc)[number % 2].rpartition(":")
                    crowd.enter_context(socket.create_connection((host, int(port)), timeout=10))
                await asyncio.sleep(3.0)
                assert not cluster.has_ended("gateway")
                assert not stream.done()
            crowd_is_gone.set()
            assert await stream == 2
        await cluster.ready()
        async with Client(cluster.grpc, alone=True) as client:
            assert await heard(client) == 2
    finally:
        cluster.stop()


async def _streams(cluster: Cluster) -> bool:
    return bool((await cluster.status())["streams"])
