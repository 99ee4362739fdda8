"""Whoever asks, and over whichever contract, stands in the audit log once: through real processes and sockets."""

import asyncio
import json
import resource
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import grpc
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect

from gateway.apis.audiosocket import wire as audiosocket
from gateway.apis.wyoming import wire
from gateway.apis.wyoming.wire import Event
from parley.audit.chain import AuditUnwritable, Seal
from parley.audit.files import ChainFiles
from parley.audit.listing import Which, listed
from parley.audit.verify import verify
from parley.cli.processes.ports import free_address
from parley.client import Client, requests_of
from parley.compat import riva_asr_pb2 as riva
from parley.errors import Unauthenticated
from parley.v1.asr_pb2 import AsrConfig, AsrRequest
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest
from parley.wire.keys import Key, make, write
from tests.e2e.cluster import cut
from tests.e2e.jobs.cluster import JobsCluster, wav
from tests.e2e.live import recording
from tests.e2e.supervised import parley
from tests.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]
SECRET = "a secret of thirty-two letters at least"
(ANN, ANNS), (BOB, BOBS), (CAT, CATS) = (make(name, ["use"]) for name in ("ann", "bob", "cat"))
OPS, OPERATORS = make("ops", ["admin"])
SOUND = recording(3)[:64_000]
PCM = {"rate": 16_000, "width": 2, "channels": 1}


class Audited(JobsCluster):
    """A cluster whose gateway records calls."""

    def __init__(self, folder: Path) -> None:
        write(folder / "keys.json", [ANNS, BOBS, CATS, OPERATORS])
        self.wyoming, self.log = free_address(), folder / "audit"
        audit = {"folder": str(self.log), "instance": "here", "secret": SECRET, "addresses": True}
        self.telephone = free_address()
        ports: dict[str, Any] = {"wyoming": {"listen": self.wyoming, "key": BOB}}
        ports["telephony"] = {"audiosocket": {"listen": self.telephone, "key": BOB}}
        more = {"keys_file": str(folder / "keys.json"), "audit": audit, **ports}
        super().__init__(folder, ("asr", "translate"), more=more)

    @property
    def chain(self) -> ChainFiles:
        return ChainFiles(self.log, "here")

    def calls(self, part: str = "", key: Key = ANNS) -> list[Any]:
        """The records of a key."""
        return list(listed(self.chain, Which(keys=[key.label], call=part)))

    def events(self, name: str) -> list[Any]:
        """The records of that kind."""
        return [each for each in listed(self.chain, Which()) if each["event"] == name]

    async def recorded(self, part: str, key: Key = ANNS, times: int = 1) -> list[Any]:
        """Once there are so many."""
        await until(lambda: len(self.calls(part, key)) >= times)
        return self.calls(part, key)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Audited]:
    async with Audited(tmp_path_factory.mktemp("audit")) as cluster:
        yield cluster


def known(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}", "parley-session": "call 7"}


async def over_grpc(cluster: Audited) -> None:
    config = PipelineConfig(asr={}, translate=[{"target_language": "de", "source_language": "en"}], redact=["email"])
    async with Client(cluster.grpc, known(ANN)) as client:
        async for _ in client.stream("Pipeline", requests_of(PipelineRequest, config, cut(SOUND))):
            pass
        async for _ in client.stream("Asr", requests_of(AsrRequest, AsrConfig(), cut(SOUND))):
            pass
    request = riva.RecognizeRequest(audio=wav(SOUND)).SerializeToString()
    async with grpc.aio.insecure_channel(cluster.grpc) as channel:
        recognise: Any = channel.unary_unary("/nvidia.riva.asr.RivaSpeechRecognition/Recognize")
        await recognise(request, metadata=tuple(known(ANN).items()))


async def over_sockets(cluster: Audited) -> None:
    talks: list[tuple[str, str, str]] = [
        ("/v1/pipeline", '{"asr": {}}', '{"control": "end"}'),
        ("/v1/listen?encoding=linear16&sample_rate=16000", "", '{"type": "CloseStream"}'),
    ]
    for path, first, last in talks:
        async with connect(f"ws://{cluster.http}{path}", additional_headers=known(ANN)) as socket:
            if first:
                await socket.send(first)
            await socket.send(SOUND)
            await socket.send(last)
            async for _ in socket:
                pass


async def over_wyoming(cluster: Audited) -> None:
    host, _, port = cluster.wyoming.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    said = [Event("audio-start", PCM), Event("audio-chunk", PCM, SOUND), Event("audio-stop")]
    writer.write(b"".join(map(wire.written, said)))
    while (event := await wire.read(reader)) and event.type != "transcript":
        pass
    writer.close()


async def over_audiosocket(cluster: Audited) -> None:
    host, _, port = cluster.telephone.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    sound = [audiosocket.Frame(0x12, SOUND[at : at + 640]) for at in range(0, len(SOUND), 640)]
    call = [audiosocket.Frame(audiosocket.NAME, bytes(15) + b"7"), *sound, audiosocket.Frame(audiosocket.HANG_UP)]
    writer.write(b"".join(map(audiosocket.written, call)))
    await reader.read()
    writer.close()


async def test_every_contract_is_recorded_once(cluster: Audited) -> None:
    """With the key, what was asked for, who served, how long the sound was, and how it ended."""
    await asyncio.gather(over_grpc(cluster), over_sockets(cluster), over_wyoming(cluster), over_audiosocket(cluster))
    await cluster.ask("/v1/audio/transcriptions?model=whisper-1", "POST", wav(SOUND), **known(ANN))
    body = {"q": "Good day.", "source": "en", "target": "de", "api_key": ANN}
    await cluster.ask("/translate", "POST", body)
    served = {"asr": ["echo@1"]}
    (pipeline,) = await cluster.recorded("/parley.v1.Pipeline/Stream")
    assert pipeline["stages"] == served | {"translate": ["echo@1"]}
    assert pipeline["options"] == {"redact": ["email"], "translate_to": ["de"]}
    assert (pipeline["peer"], pipeline["session"]) == ("127.0.0.1", Seal(SECRET).pseudonyms("call 7")[0])
    for part, stages in (
        ("/parley.v1.Asr/Stream", served),
        ("/nvidia.riva.asr.RivaSpeechRecognition/Recognize", served),
        ("WEBSOCKET /v1/pipeline", served),
        ("WEBSOCKET /v1/listen", served),
        ("POST /v1/audio/transcriptions", served),
    ):
        (found,) = await cluster.recorded(part)
        assert (found["stages"], found["outcome"], found["audio_s"]) == (stages, "ok", 2.0), part
    (translated,) = await cluster.recorded("POST /translate")
    assert translated["stages"] == {"translate": ["echo@1"]}
    for part in ("wyoming connection", "telephony.audiosocket connection"):
        (heard,) = await cluster.recorded(part, BOBS)
        assert (heard["stages"], heard["outcome"], heard["audio_s"] >= 2.0) == (served, "ok", True), part


async def test_a_stream_that_outlives_its_connections_is_a_record_of_its_own(cluster: Audited) -> None:
    """Its connection is one too; the sound is counted once."""
    async with connect(f"ws://{cluster.http}/v1/pipeline", additional_headers=known(CAT)) as socket:
        frames: list[bytes | str] = ['{"asr": {}, "resumable": "5s"}', SOUND, '{"control": "end"}']
        for frame in frames:
            await socket.send(frame)
        async for _ in socket:
            pass
    (stream,) = await cluster.recorded("gateway pipeline", CATS)
    assert (stream["stages"], stream["audio_s"], stream["outcome"]) == ({"asr": ["echo@1"]}, 2.0, "ok")
    (connection,) = await cluster.recorded("WEBSOCKET /v1/pipeline", CATS)
    assert (connection["audio_s"], connection["outcome"]) == (0.0, "ok")


async def test_what_a_worker_does_is_recorded_for_who_has_submitted(cluster: Audited) -> None:
    """The submission with its job, and the work on it."""
    answer = await cluster.ask("/v1/jobs?pipeline=" + quote('{"asr": {}}'), "POST", wav(SOUND), **known(BOB))
    id_ = answer["jobs"][0]["id"]
    (submitted,) = await cluster.recorded("POST /v1/jobs", BOBS)
    assert (submitted["jobs"], list(submitted["stages"])) == ([id_], ["asr"])
    (work,) = await cluster.recorded("/parley.v1.Pipeline/Stream", BOBS)
    assert (work["audio_s"], work["stages"]) == (2.0, {"asr": ["echo@1"]})


async def test_who_is_refused_is_recorded_too(cluster: Audited) -> None:
    """With the key that was shown, and why; what is no path of ours is not kept; health is no call."""
    wrong = f"pk_{ANNS.id}_wrong"
    assert (await cluster.ask("/v1/voices", **known(wrong)))["error"]["reason"] == "KEY_NEEDED"
    async with Client(cluster.grpc, known(wrong)) as client:
        with pytest.raises(Unauthenticated):
            async for _ in client.stream("Asr", requests_of(AsrRequest, AsrConfig(), [])):
                pass
    await cluster.ask("/v1/routes", **known(ANN))
    await cluster.ask("/v1/my-mothers-maiden-name", **known(ANN))
    await cluster.ask("/healthz")
    (voices, *_) = await cluster.recorded("GET /v1/voices")
    await until(lambda: Counter(each["outcome"] for each in cluster.calls())["KEY_NEEDED"] == 2)
    (routes,) = await cluster.recorded("GET /v1/routes")
    assert (voices["outcome"], routes["outcome"]) == ("KEY_NEEDED", "KEY_NOT_FOR_THIS")
    await until(lambda: list(listed(cluster.chain, Which(outcome="NO_SUCH_ROUTE"))))
    text = "".join(file.read_text() for file in cluster.chain.all())
    assert "maiden" not in text
    assert "healthz" not in text


async def test_a_key_forgets_a_session_and_the_operator_a_key(
    cluster: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody forgets another's; what was removed is told, gone from the disk, and a record; others keep theirs."""
    jobs = {}
    for name, key, session in (("ann's", ANN, "a"), ("ann's other", ANN, "b"), ("bob's", BOB, "a")):
        jobs[name] = await cluster.submit(wav(SOUND), authorization=f"Bearer {key}", parley_session=session)

    def there() -> list[str]:
        return [name for name, id_ in jobs.items() if (cluster.folder / "jobs/files" / id_).exists()]

    refused = await cluster.ask(f"/v1/data/{BOBS.id}?everything=true", "DELETE", **known(ANN))
    assert (refused["error"]["reason"], there()) == ("KEY_NOT_FOR_THIS", list(jobs))
    removed = await cluster.ask("/v1/data?session=a", "DELETE", **known(ANN))
    assert (removed["removed"]["jobs"], there()) == ([jobs["ann's"]], ["ann's other", "bob's"])
    other = jobs["ann's other"]
    monkeypatch.setenv("PARLEY_API_KEY", OPS)
    where = ("--http", f"http://{cluster.http}", "--key", ANNS.id)
    shown = await asyncio.to_thread(parley, "forget", "--dry-run", *where)
    assert (f"kept 1 jobs: {other}" in shown.stdout.decode(), there()) == (True, ["ann's other", "bob's"])
    done = await asyncio.to_thread(parley, "forget", *where)
    assert (f"removed 1 jobs: {other}" in done.stdout.decode(), there()) == (True, ["bob's"]), done
    await until(lambda: len(cluster.events("forgotten")) == 2)
    first, second = cluster.events("forgotten")
    assert (first["by"], first["key"], first["removed"]["jobs"]) == (ANNS.label, ANNS.label, 1)
    assert (second["by"], second["key"], second["removed"]["jobs"]) == (OPERATORS.label, ANNS.label, 1)
    assert first["session"] == Seal(SECRET).pseudonyms("a")[0]


async def test_on_a_full_disk_nobody_is_served_without_a_record(cluster: Audited) -> None:
    """Over HTTP and gRPC, with a reason; health answers; and once there is room the chain goes on whole."""
    pid, size = cluster.running["gateway"].pid, cluster.chain.all()[-1].stat().st_size
    limits = resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    async def refused(is_so: bool = True) -> bool:
        answer = await cluster.ask("/v1/voices", **known(ANN))
        return (answer.get("error", {}).get("reason") == "AUDIT_UNWRITABLE") is is_so

    await until(refused)
    async with Client(cluster.grpc, known(ANN)) as client:
        with pytest.raises(AuditUnwritable, match="nothing can be written"):
            async for _ in client.stream("Asr", requests_of(AsrRequest, AsrConfig(), [])):
                pass
    assert (await cluster.ask("/healthz"))["status"] == "ok"
    assert "parley_audit_failing 1.0" in await asyncio.to_thread(cluster.page)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
    await until(lambda: refused(False))
    assert verify(cluster.chain, Seal(SECRET)).problem == ""


async def test_no_record_has_a_key_a_word_or_a_session(cluster: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    """And all of them fit; by the command too, which names the first that does not."""
    await cluster.ask("/v1/voices", **known(ANN))
    await cluster.recorded("GET /v1/voices")
    text = "".join(file.read_text() for file in cluster.chain.all())
    assert [each for each in (ANN, ANNS.id, BOBS.id, "Good day", "call 7") if each in text] == []
    assert verify(cluster.chain, Seal(SECRET)).problem == ""
    monkeypatch.setenv("PARLEY_AUDIT__SECRET", SECRET)
    monkeypatch.setenv("PARLEY_AUDIT__FOLDER", str(cluster.log))
    done = await asyncio.to_thread(parley, "audit", "verify")
    assert (done.returncode, b" fit; the last is " in done.stdout) == (0, True), done
    shown = await asyncio.to_thread(parley, "audit", "list", "--key", ANNS.id, "--json")
    assert {each["key"] for each in json.loads(shown.stdout)} == {ANNS.label}
