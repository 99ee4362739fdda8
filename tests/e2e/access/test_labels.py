"""Whatever callers call a model, /metrics goes on, and its labels are of what there is."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import grpc
import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from parley.client import Client, dial, requests_of
from parley.compat import riva_asr_pb2, riva_nmt_pb2
from parley.errors import ParleyError
from parley.v1.asr_pb2 import AsrConfig, AsrRequest
from parley.v1.models_pb2 import ModelsLoadRequest, ModelsRetireRequest
from parley.wire.stages import STAGES
from tests.e2e.cluster import OPENMETRICS, ROOT, Cluster

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]
# As JSON writes them: half of a pair is no text, the rest is.
NAMES = [r"\ud800@1", r"a@\udc00", r"\u0000@1", r"a\"b@1", r"a\nb@1", "asr/default@1", "{}@1", "é@1", r"\u202ea@1"]
NAMES += ["x" * 5_000 + "@1", "a@" + "1" * 5_000, "a b@1", "../../asr@1", "made-up@1", "asr/none", "none", "@", "a@b@1"]
KNOWN = {
    "",
    "echo@1",
    *STAGES,
    "gateway",
    "pipeline",
    "models",
    *(f"parley.v1.{stage.service.name}" for stage in STAGES.values()),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    async with Cluster(tmp_path_factory.mktemp("labels"), replicas=2) as cluster:
        yield cluster


async def test_metrics_survive_any_name(cluster: Cluster) -> None:
    """Through every API and field that takes a name; afterwards every process shows its numbers, and no name."""
    for name in NAMES:
        await asyncio.gather(*(ask(cluster, name) for ask in (_http, _sockets, _riva, _native)))
    routes = json.loads(await asyncio.to_thread(cluster.page, "/v1/routes"))["routes"]
    for process in cluster.names:
        page = await asyncio.to_thread(cluster.scraped, process)
        assert "parley_tasks" in page
        ours = "\n".join(line for line in page.splitlines() if line.startswith("parley_"))
        labels = re.findall(r'(?:model|version|stage|call|service|alias)="((?:[^"\\]|\\.)*)"', ours)
        assert set(labels) <= KNOWN | set(routes)
    async with httpx.AsyncClient(base_url=f"http://{cluster.http}") as http:
        for accept in (b"text/plain", OPENMETRICS.encode(), b"*/*; q=a", b"\xe9"):
            assert (await http.get("/metrics", headers={b"accept": accept})).status_code == 200


async def _http(cluster: Cluster, name: str) -> None:
    typed = {"content-type": "application/json"}
    async with httpx.AsyncClient(base_url=f"http://{cluster.http}", timeout=30) as http:
        for path in ("/translate", "/detect"):
            body = f'{{"q": "a", "source": "en", "target": "de", "model": "{name}"}}'
            await _below_500(http.post(path, content=body, headers=typed))
        for body in (
            f'{{"asr/default": {{"{name}": 1}}}}',
            f'{{"asr/{name}": {{"echo@1": 1}}}}',
            f'{{"{name}": null}}',
        ):
            await _below_500(http.post("/v1/routes/change", content=body, headers=typed))
        for path in ("transcriptions", "translations", "denoise", "diarize"):
            await _below_500(http.post(f"/v1/audio/{path}", data={"model": name}, files={"file": _talk()}))
        header = {"parley-model": name.encode(), "parley-model-asr": name.encode(), "parley-session": name.encode()}
        sent = {key: value for key, value in header.items() if len(value) < 6_000}
        await _below_500(http.post("/translate", data={"q": "a", "target": "de"}, headers=sent))  # type: ignore[arg-type]
        await _below_500(http.get(f"/v1/{name[:500]}"))


async def _below_500(asked: Any) -> None:
    answer = await asked
    assert answer.status_code < 500, answer.text


def _talk() -> bytes:
    return (ROOT / "examples/one-speaker.flac").read_bytes()[:20_000]


async def _sockets(cluster: Cluster, name: str) -> None:
    sound = '{"type":"input_audio_buffer.append","audio":"AAAAAAAA"}'
    transcription = f'{{"audio":{{"input":{{"transcription":{{"model":"{name}"}}}}}}}}'
    talks = {
        "/v1/pipeline": [f'{{"format":{{}},"asr":{{}},"models":{{"asr":"{name}"}}}}', '{"control":"end"}'],
        "/v1/pipeline?": [f'{{"format":{{}},"asr":{{}},"models":{{"{name}":"echo@1"}}}}', '{"control":"end"}'],
        "/v1/realtime": [f'{{"type":"session.update","session":{transcription}}}', sound],
        "/v1/realtime?model=" + re.sub(r"[^\w@.]", "%ED", name): [sound],
    }
    for path, frames in talks.items():
        with suppress(WebSocketException, TimeoutError):
            async with connect(f"ws://{cluster.http}{path}") as socket:
                for frame in frames:
                    await socket.send(frame)
                async with asyncio.timeout(1.0):
                    async for told in socket:
                        assert "report" not in json.loads(told)


async def _riva(cluster: Cluster, name: str) -> None:
    name = json.loads(f'"{name}"').encode("utf-8", "replace").decode()
    recognised = riva_asr_pb2.RecognizeRequest(config={"model": name, "language_code": "en"}, audio=_talk())
    translated = riva_nmt_pb2.TranslateTextRequest(texts=["a"], target_language="de", model=name)
    listed = riva_asr_pb2.RivaSpeechRecognitionConfigRequest(model_name=name)
    asr, nmt = "/nvidia.riva.asr.RivaSpeechRecognition", "/nvidia.riva.nmt.RivaTranslation"
    for path, request in (
        (f"{asr}/Recognize", recognised),
        (f"{nmt}/TranslateText", translated),
        (f"{asr}/GetRivaSpeechRecognitionConfig", listed),
    ):
        async with dial(cluster.grpc) as channel:
            call: Any = channel.unary_unary(path)
            try:
                await call(request.SerializeToString(), timeout=30)
            except grpc.aio.AioRpcError as failed:
                if failed.code() in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN):
                    raise


async def _native(cluster: Cluster, name: str) -> None:
    text = json.loads(f'"{name}"').encode("utf-8", "replace").decode()
    shown = re.sub(r"[^ -~]", "?", text)[:4_000]  # gRPC's own clients send no other letters
    async with Client(cluster.grpc, {"parley-session": shown, "parley-model-asr": shown}) as client:
        with suppress(ParleyError):
            [a async for a in client.stream("Asr", requests_of(AsrRequest, AsrConfig(), []), model=shown, timeout_s=30)]
        for method, request in (("Load", ModelsLoadRequest), ("Retire", ModelsRetireRequest)):
            with suppress(ParleyError):
                await client.models(method, request(model=text), "asr")
        with suppress(ParleyError):
            await client.models("Retire", ModelsRetireRequest(model="none@1"), shown)
