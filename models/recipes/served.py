"""`python -m models.recipes.served`: what the embedded models reach through their services; writes `docs/quality.md`.

Every service runs as a process, configured as it ships; the same recordings and texts go to the model alone and, over
gRPC, to the service. Must not know what is inside a service. Each stage's recipe is imported where it is judged, as
each needs other libraries.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from google.protobuf.message_factory import GetMessageClass

from models.recipes.provenance import Manifest
from models.recipes.report import models
from models.recipes.sound import RATE_HZ, Audio
from parley.client import Client, requests_of
from parley.wire.stages import SERVICES

ROOT = Path(__file__).parents[2]
START_S, AT_ONCE, CHUNK_S = 60.0, 2, 0.1
TALK, PAUSE_S = 10, 1.0  # utterances of one stream, and the quiet between them
UTTERANCES, MIXTURES, PAIRS, CONVERSATIONS = 60, 60, 200, 12

HEAD = """# Quality through the services

Written by `make eval-services`: each service as a process with the config and the model that ship, fed over gRPC with
what its model never met in training, beside the model alone, as its recipe judges it (all of that is in
[REPORT.md](../models/embedded/REPORT.md)).

| what | the model alone | through the service | why they differ |
|---|---|---|---|
"""


@dataclass(frozen=True)
class Compared:
    """A line of the table."""

    what: str
    alone: float
    served: float
    unit: str
    why: str = ""

    def line(self) -> str:
        """For people."""
        return f"| {self.what} | {self.alone:.2f}{self.unit} | {self.served:.2f}{self.unit} | {self.why} |"


@asynccontextmanager
async def serving(stage: str) -> AsyncIterator[Client]:
    """A service of ours, until nobody needs it."""
    with tempfile.TemporaryDirectory() as folder:
        address = f"unix:{folder}/{stage}.sock"
        env = {**os.environ, "PARLEY_LISTEN": address, "PARLEY_TELEMETRY__METRICS": ""}
        command = [sys.executable, "-m", f"services.{stage}", "--config", f"deploy/config/{stage}.toml"]
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=env)
        try:
            async with Client(address) as client:
                await client.ready(START_S)
                yield client
        finally:
            if process.returncode is None:  # one that ended by itself has said why
                process.terminate()
            await process.wait()


async def answers(client: Client, stage: str, items: Iterable[Any], **config: Any) -> list[Any]:
    """All that a service says to a stream: config, then items."""
    method = SERVICES[stage.capitalize()].methods_by_name["Stream"]
    request: Any = GetMessageClass(method.input_type)
    wanted = request.DESCRIPTOR.fields_by_name["config"].message_type
    requests = requests_of(request, GetMessageClass(wanted)(**config), items)
    return [answer async for answer in client.stream(stage.capitalize(), requests)]


async def together(work: Iterable[Awaitable[Any]]) -> list[Any]:
    """A few at a time: nobody's turn shall come too late on a busy machine."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(each: Awaitable[Any]) -> Any:
        async with room:
            return await each

    return list(await asyncio.gather(*map(one, work)))


def chunks(audio: Audio) -> list[bytes]:
    """As a microphone gives them."""
    pcm, size = np.round(audio * 32767).astype("<i2").tobytes(), 2 * round(CHUNK_S * RATE_HZ)
    return [pcm[at : at + size] for at in range(0, len(pcm), size)]


async def asr(client: Client, folder: Path, data: Sequence[Path]) -> list[Compared]:
    """Word errors on what people read and said."""
    from models.recipes.asr.evaluate import opened, sets, transcribe
    from models.recipes.asr.texts import word_errors
    from parley.engines.model import read_spec

    takes = [take for name, some in sets(data, UTTERANCES).items() if name != "librispeech" for take in some]
    wanted, audios = [take.text for take in takes], [take.audio for take in takes]
    alone = 100 * word_errors(wanted, transcribe(opened(read_spec(folder)), audios))

    async def errors_of(streams: Sequence[Audio], truth: Sequence[str], **config: Any) -> float:
        heard = await together(answers(client, "asr", chunks(each), **config) for each in streams)
        return 100 * word_errors(truth, [finals(each) for each in heard])

    pause = np.zeros(round(PAUSE_S * RATE_HZ), np.float32)
    places = range(0, len(audios), TALK)
    talks = [np.concatenate([part for one in audios[at : at + TALK] for part in (one, pause)]) for at in places]
    said_in = [" ".join(wanted[at : at + TALK]) for at in places]
    what, unit = f"asr: WER, {len(takes)} utterances of strangers, ", " %"
    whole = await errors_of(audios, wanted, endpointing={"disabled": True})
    cut = await errors_of(audios, wanted)
    live = await errors_of(talks, said_in)
    return [
        Compared(f"{what}each a stream without endpointing", alone, whole, unit, "where speech is found to begin"),
        Compared(f"{what}each a stream", alone, cut, unit, "where speech is found to begin, pause and end"),
        Compared(f"{what}{TALK} a stream", alone, live, unit, "the same"),
    ]


def finals(heard: Iterable[Any]) -> str:
    """What was understood."""
    return " ".join(each.transcript.text for each in heard if each.transcript.is_final)


async def denoise(client: Client, folder: Path, data: Sequence[Path]) -> list[Compared]:
    """How much noise goes."""
    from models.recipes.denoise.evaluate import GENERATED
    from models.recipes.denoise.metrics import si_sdr
    from models.recipes.denoise.mixtures import examination
    from models.recipes.denoise.runner import ours

    every = [each for each in examination(data) if each.row in (*GENERATED, "real")]
    some = every[:: max(1, len(every) // MIXTURES)][:MIXTURES]
    enhance = ours(folder)
    heard = await together(answers(client, "denoise", chunks(each.noisy)) for each in some)
    cleaned = [
        np.asarray(np.frombuffer(b"".join(a.audio.data for a in each), "<i2") / 32768, np.float32) for each in heard
    ]
    before = [si_sdr(each.noisy, each.clean) for each in some]
    alone = [si_sdr(enhance(each.noisy), each.clean) for each in some]
    served = [si_sdr(out, each.clean) for out, each in zip(cleaned, some, strict=True)]
    gain, here = (mean(np.subtract(scores, before).tolist()) for scores in (alone, served))
    return [Compared(f"denoise: SI-SDR gain, {len(some)} mixtures", gain, here, " dB", "sound comes back in 16 bits")]


async def diarize(client: Client, folder: Path, data: Sequence[Path]) -> list[Compared]:
    """Who spoke when, told live and at the end."""
    from models.recipes.diarize.evaluate import judged
    from models.recipes.diarize.judging.der import Errors, errors
    from models.recipes.diarize.judging.following import online, told, ward
    from models.recipes.diarize.nets.runner import Runner
    from models.recipes.diarize.sound.conversations import conversations

    talk = conversations(data, "test", CONVERSATIONS, "clean")
    embed, ways = Runner(folder / "model.onnx"), Manifest.read(folder).options
    answered = await together(answers(client, "diarize", chunks(each.audio)) for each in talk)
    served = [told([getattr(a, a.WhichOneof("event")) for a in each]) for each in answered]

    def rate(which: int) -> float:
        pairs = zip(talk, served, strict=True)
        found = [errors(each.turns, turns[which], len(each.audio) / RATE_HZ) for each, turns in pairs]
        return sum(found, Errors()).rate

    live = judged(talk, embed, online(ways["ward_height"]), ways["same"]).rate
    looked = judged(talk, embed, ward, ways["ward_height"]).rate
    what = f"diarize: DER, {len(talk)} conversations, "
    why = "nothing should: the recipe judges with the service's own clustering"
    return [
        Compared(f"{what}as reported live", live, rate(0), " %", why),
        Compared(f"{what}as reported at the end", looked, rate(1), " %", why),
    ]


async def translate(client: Client, folder: Path, data: Sequence[Path]) -> list[Compared]:
    """BLEU, every direction alike."""
    import sacrebleu

    from models.recipes.translate import corpus
    from models.recipes.translate.engine import Engine
    from models.recipes.translate.evaluate import Direction

    test, model = corpus.split(corpus.read(data))["test"], Engine(folder)
    scores: list[tuple[float, float]] = []
    for direction in (Direction(*pair) for pair in corpus.DIRECTIONS):
        pairs = direction.of(test)[:PAIRS]
        sources = [pair.side(direction.source) for pair in pairs]
        config = {"source_language": direction.source, "target_language": direction.target}
        answered = await together(answers(client, "translate", [each], **config) for each in sources)
        served = ["".join(each.translation.text for each in pieces) for pieces in answered]
        references = [[pair.side(direction.target) for pair in pairs]]
        alone = model.translate(sources, direction.target)
        scores.append((sacrebleu.corpus_bleu(alone, references).score, sacrebleu.corpus_bleu(served, references).score))
    bare, here = (mean(column) for column in zip(*scores, strict=True))
    what = f"translate: BLEU, {len(scores)} directions of {PAIRS} pairs"
    return [Compared(what, bare, here, "", "a text of several sentences is translated one by one")]


Judge = Callable[[Client, Path, Sequence[Path]], Awaitable[list[Compared]]]
JUDGES: dict[str, Judge] = {"asr": asr, "denoise": denoise, "diarize": diarize, "translate": translate}


async def compared(stage: str, data: Sequence[Path]) -> list[Compared]:
    """One stage's lines, with the model that ships last."""
    folder = models(stage)[-1]
    names = {source["name"] for source in Manifest.read(folder).training["data"]}
    async with serving(stage) as client:
        return await JUDGES[stage](client, folder, [each for each in data if each.name in names])


def main() -> None:
    """Ask, print, write."""
    parser = argparse.ArgumentParser(prog="models.recipes.served", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="the folders that the recipes were given")
    parser.add_argument("--stage", choices=list(JUDGES), action="append", help="only print this one; all unless said")
    args = parser.parse_args()
    lines = []
    for stage in args.stage or JUDGES:
        for row in asyncio.run(compared(stage, args.data)):
            lines.append(row.line())
            print(lines[-1], flush=True)
    if not args.stage:
        (ROOT / "docs/quality.md").write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
