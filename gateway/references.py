"""Recordings and sentences whose right answer is known, sent through the live path now and then. Must not know an API.

NAME.wav with NAME.txt beside it is heard by every version that asr/default leads to, and gives a word error rate; with
NAME.clean.wav it is cleaned by those of denoise/default, and gives a signal-to-distortion ratio; with NAME.rttm it is
told apart by those of diarize/default, and gives a diarization error rate. NAME.tsv has a language a column, named in
its first line: those of translate/default bring the first one into the others, which gives a BLEU.
"""

import asyncio
import logging
import math
from array import array
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from operator import mul
from pathlib import Path
from statistics import fmean

from google.protobuf.duration_pb2 import Duration

from gateway import recordings
from gateway.audio.recording import decode
from gateway.caller import Caller
from gateway.config import ReferenceConfig
from gateway.core import Core
from parley import bleu
from parley.budget import Budget
from parley.diarization_error import error, read_rttm
from parley.edit_distance import distance
from parley.errors import BadConfig, ParleyError
from parley.plain_words import plain_words
from parley.v1.denoise_pb2 import DenoiseConfig
from parley.v1.diarize_pb2 import DiarizeConfig
from parley.v1.pipeline_pb2 import PipelineConfig
from parley.v1.translate_pb2 import TranslateConfig

log = logging.getLogger(__name__)
LONGEST_S, TIMEOUT_S, FIRST_S = 60.0, 120.0, 30.0
CLEAN = ".clean.wav"
Heard = Sequence[Sequence[float]]  # of each recording: what is wrong, and of how much; or what else can be added up
SENTENCES = 200  # of a file, at most


class References:
    """All recordings of a folder, every so often."""

    def __init__(self, core: Core, config: ReferenceConfig) -> None:
        self._core, self._config = core, config
        self._folder = Path(config.folder)
        if config.folder and not self._folder.is_dir():
            raise BadConfig(f"`rollouts.reference.folder` is {config.folder!r}, which is no folder.")
        if config.folder and not config.every_s >= 1:
            raise BadConfig(f"`rollouts.reference.every_s` is {config.every_s:g}; write 1 or more.")
        headers = {"authorization": f"Bearer {config.key}"} if config.key else {}
        self._caller = Caller(headers | {"parley-session": "reference"}, name="reference")
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Send them from now on; the first time soon."""
        if self._config.folder:
            self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        await asyncio.sleep(min(FIRST_S, self._config.every_s))
        while True:
            await self.check()
            await asyncio.sleep(self._config.every_s)

    async def check(self) -> None:
        """Each recording with each version, one after the other: whoever really calls goes first."""
        await self._each("asr", "wer", self._of_kind(".txt"), self._word_errors, _rate)
        await self._each("denoise", "si_sdr_db", self._of_kind(CLEAN), self._distortion, _mean)
        await self._each("diarize", "der", self._of_kind(".rttm"), self._confusion, _rate)
        texts = sorted(self._folder.glob("*.tsv"))[: self._config.most]
        await self._each("translate", "bleu", [(text, text) for text in texts], self._translation, _bleu)

    def _of_kind(self, ending: str) -> list[tuple[Path, Path]]:
        found = sorted(self._folder.glob("*.wav"))
        pairs = [(wav, wav.with_suffix(ending)) for wav in found if not wav.name.endswith(CLEAN)]
        return [(wav, right) for wav, right in pairs if right.is_file()][: self._config.most]

    async def _each(
        self,
        stage: str,
        measure: str,
        pairs: Sequence[tuple[Path, Path]],
        judge: Callable[[Path, Path, str], Awaitable[Sequence[float]]],
        join: Callable[[Heard], float],
    ) -> None:
        if not pairs or stage not in self._core.stages:
            return
        for model in self._models(stage):
            try:
                found = [await judge(wav, right, model) for wav, right in pairs]
            except (ParleyError, OSError, ValueError, IndexError) as fault:
                log.warning("a reference recording was not heard", extra={"model": model, "why": str(fault)})
                continue
            self._core.rollouts.versions.refer(stage, model, measure, join(found))
            log.info("references heard", extra={"stage": stage, "model": model, measure: round(join(found), 4)})

    def _models(self, stage: str) -> Iterator[str]:
        route = self._core.board.book.router.routes.get(f"{stage}/default")
        yield from (str(ref) for ref, share in route.shares.items() if share) if route else ()

    async def _word_errors(self, wav: Path, right: Path, model: str) -> tuple[float, float]:
        sound = await decode(await _read(wav), LONGEST_S)
        config = PipelineConfig(asr={}, models={"asr": model})
        heard = await recordings.transcribe(self._core, sound, config, self._called())
        wanted = plain_words((await _read(right)).decode("utf-8"))
        return float(distance(wanted, plain_words(heard.text))), float(len(wanted))

    async def _distortion(self, wav: Path, right: Path, model: str) -> tuple[float, float]:
        cleaned, sound = bytearray(), await decode(await _read(wav), LONGEST_S)
        async for answer in recordings.clean(self._core, sound, DenoiseConfig(), self._called(), model):
            cleaned += answer.audio.data
        wanted = await decode(await _read(right), LONGEST_S)
        clean = b"".join([piece async for piece in wanted.pieces()])
        return await asyncio.to_thread(si_sdr_db, clean, bytes(cleaned)), 1.0

    async def _confusion(self, wav: Path, right: Path, model: str) -> tuple[float, float]:
        sound = await decode(await _read(wav), LONGEST_S)
        turns, _ = await recordings.turns(self._core, sound, DiarizeConfig(), self._called(), model)
        said = [(each.speaker, _seconds(each.interval.start), _seconds(each.interval.end)) for each in turns]
        return await asyncio.to_thread(error, read_rttm((await _read(right)).decode("utf-8")), said)

    async def _translation(self, file: Path, right: Path, model: str) -> Sequence[float]:
        lines = (await _read(file)).decode("utf-8").splitlines()[: SENTENCES + 1]
        source, *others = zip(*(line.split("\t") for line in lines if line), strict=True)
        found = []
        for target in others:
            config = TranslateConfig(source_language=source[0], target_language=target[0])
            pieces, _ = await recordings.translate(self._core, source[1:], config, self._called(), model)
            said = ["".join(piece.text for piece in each) for each in pieces]
            found += [bleu.counts(*pair) for pair in zip(said, target[1:], strict=True)]
        return [sum(column) for column in zip(*found, strict=True)]

    def _called(self) -> Caller:
        return replace(self._caller, budget=Budget.of(TIMEOUT_S))

    async def close(self) -> None:
        """Send no more."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task


async def _read(file: Path) -> bytes:
    return await asyncio.to_thread(file.read_bytes)


def _rate(found: Heard) -> float:
    return sum(wrong for wrong, *_ in found) / max(1.0, sum(of for _, of in found))


def _bleu(found: Heard) -> float:
    return bleu.of_counts(int(sum(column)) for column in zip(*found, strict=True))


def _seconds(time: Duration) -> float:
    return time.ToNanoseconds() / 1e9


def _mean(found: Heard) -> float:
    return fmean(value for value, *_ in found)


def si_sdr_db(clean: bytes, cleaned: bytes) -> float:
    """Scale-invariant signal-to-distortion ratio of 16-bit samples."""
    size = min(len(clean), len(cleaned)) // 2 * 2
    wanted, got = array("h", clean[:size]), array("h", cleaned[:size])
    energy = sum(map(mul, wanted, wanted))
    if not energy:
        return 0.0
    scale = sum(map(mul, wanted, got)) / energy
    signal = scale * scale * energy
    noise = sum(map(mul, got, got)) - signal
    return 10 * math.log10((signal + 1e-9) / (max(noise, 0.0) + 1e-9))
