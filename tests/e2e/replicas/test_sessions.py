"""Streams that outlive their connections: cut lines, dead sockets, and another gateway."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from websockets.asyncio.client import connect

from parley.cli.processes.ports import free_address
from parley.client import Client, requests_of
from parley.errors import SessionGone
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest
from parley.wire.resuming import ResumingStream
from tests.e2e.cluster import Cluster, cut, speech, toml
from tests.redis_server import running

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]
CONFIG = PipelineConfig(asr={"interim_results": True, "word_times": True})
PCM = speech(0.8, 1.2, 0.6, 0.9)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A store for several gateways."""
    with running(tmp_path_factory.mktemp("redis")) as (socket, _):
        yield f"unix://{socket}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory, redis: str) -> AsyncIterator[Cluster]:
    """One recogniser behind two gateways."""
    cluster = Cluster(tmp_path_factory.mktemp("sessions"), ("asr",))
    cluster.config["sessions"] = {"store": redis, "address": cluster.grpc}
    async with cluster:
        yield cluster


class Line:
    """What carries bytes to a gateway until it is cut."""

    def __init__(self, to: str) -> None:
        self._host, self._port = to.rsplit(":", 1)
        self._open = set[asyncio.StreamWriter]()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self._host, self._port)
        self._open |= {writer, far_writer}
        await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer), return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1 << 16):
                writer.write(data)
        except OSError:
            pass
        writer.close()

    def cut(self) -> None:
        """Both ends hear of it, what was on its way is lost."""
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    async def cut_now_and_then(self) -> None:
        chance = random.Random(7)
        while True:
            await asyncio.sleep(chance.uniform(0.05, 0.35))
            self.cut()


@asynccontextmanager
async def line(to: str) -> AsyncIterator[tuple[Line, str]]:
    """One on a free port."""
    made = Line(to)
    async with await asyncio.start_server(made.carry, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        yield made, f"{host}:{port}"


async def live(pieces: list[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
        await asyncio.sleep(0.006)


def finals(answers: list[Any]) -> list[Any]:
    return [answer.transcript for answer in answers if answer.transcript.is_final]


async def test_cut_lines_lose_no_word(cluster: Cluster) -> None:
    """Random cuts while somebody speaks: the same finals with the same times, each once, as over one connection."""
    async with cluster.client() as client:
        whole = [a async for a in client.stream("Pipeline", requests_of(PipelineRequest, CONFIG, cut(PCM)))]
    async with line(cluster.grpc) as (wire, address), Client(address, alone=True) as client:
        stream = ResumingStream(partial(client.stream, "Pipeline"))
        stream.pause_s = 0.01
        cutting = asyncio.create_task(wire.cut_now_and_then())
        spoken = requests_of(PipelineRequest, CONFIG, live(list(cut(PCM, 20))))
        answers = [answer async for answer in stream.answers(spoken)]
        cutting.cancel()
    assert stream.resumed >= 5
    assert [final.text for final in finals(answers)] == [final.text for final in finals(whole)]
    assert [final.interval for final in finals(answers)] == [final.interval for final in finals(whole)]


async def test_a_browser_comes_back(cluster: Cluster) -> None:
    """Over WebSockets, as /docs says: what arrived is counted, the rest is sent again."""
    told = {"format": {}, "asr": {"interim_results": True}, "resumable": "30s"}
    pieces = list(cut(PCM, 20))
    async with connect(f"ws://{cluster.http}/v1/pipeline") as socket:
        await socket.send(json.dumps(told))
        opened = json.loads(await socket.recv())
        for piece in pieces[:80]:
            await socket.send(piece)
        heard = json.loads(await socket.recv())
        socket.transport.abort()
    assert (opened["sequence"], heard["sequence"]) == (1, 2)
    async with connect(f"ws://{cluster.http}/v1/pipeline") as socket:
        await socket.send(json.dumps({"resume": {"session": opened["session"], "after": 2}}))
        resumed = json.loads(await socket.recv())
        assert resumed["type"] == "resumed"
        for piece in pieces[int(resumed["received"]) :]:
            await socket.send(piece)
        await socket.send('{"control": "end"}')
        events = [heard] + [json.loads(frame) async for frame in socket]
    assert [event["sequence"] for event in events] == list(range(2, 2 + len(events)))
    assert len([event for event in events if event.get("is_final")]) == 4


async def begun(client: Client) -> tuple[str, int]:
    """A stream whose connection is lost after its first final; its name, and that answer's number."""
    config = PipelineConfig(asr={}, resumable={"seconds": 30})
    stream = client.stream("Pipeline", requests_of(PipelineRequest, config, speaks_on()))
    session = (await anext(stream)).opened.session
    while not (answer := await anext(stream)).transcript.is_final:
        pass
    await stream.aclose()
    return session, answer.sequence


async def speaks_on() -> AsyncIterator[bytes]:
    for piece in cut(PCM):
        yield piece
    await asyncio.Event().wait()


async def resumed(client: Client, session: str, after: int) -> list[Any]:
    async def requests() -> AsyncIterator[PipelineRequest]:
        yield PipelineRequest(resume={"session": session, "after": after})
        for piece in cut(speech(1.0)):
            yield PipelineRequest(audio={"data": piece})
        yield PipelineRequest(end={})

    return [answer async for answer in client.stream("Pipeline", requests(), timeout_s=30)]


async def test_another_gateway_passes_on_to_the_one_that_has_the_stream(cluster: Cluster) -> None:
    """Found by the shared store; when that gateway is gone so are its streams, and who comes back is told."""
    other = free_address()
    config = cluster.config | {"upstreams": {"asr": [f"unix:{cluster.socket('asr')}"]}, "grpc": other}
    config |= {"http": (http := free_address()), "sessions": cluster.config["sessions"] | {"address": other}}
    (cluster.folder / "other.toml").write_text(toml(config))
    cluster._spawn("other", "gateway", Path(cluster.folder / "other.toml"))
    await asyncio.to_thread(cluster.await_ready, http)
    async with cluster.client() as here, Client(other) as there:
        session, after = await begun(here)
        answers = await resumed(there, session, after)
        assert answers[0].WhichOneof("event") == "resumed"
        assert [answer.sequence for answer in answers[1:]] == list(range(after + 1, after + len(answers)))
        assert finals(answers)
        lost = await begun(there)
        cluster.kill("other")
        with pytest.raises(SessionGone, match="begin a new one"):
            await resumed(here, *lost)
