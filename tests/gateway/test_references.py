"""Recordings whose right answer is known."""

import io
import math
import random
import wave
from array import array
from pathlib import Path
from typing import Any, cast

import pytest
from prometheus_client import REGISTRY

from gateway.config import GatewayConfig, ReferenceConfig
from gateway.core import Core
from gateway.references import References, si_sdr_db
from gateway.routing.switchboard import Switchboard
from parley.errors import BadConfig, Unavailable
from parley.v1.audio_pb2 import Interval
from parley.v1.diarize_pb2 import DiarizeResponse, Turn
from parley.v1.pipeline_pb2 import PipelineOpened, PipelineResponse
from tests.gateway.conftest import FakeCore, final


def wav(seconds: float = 0.5) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        out.writeframes(bytes(round(32_000 * seconds)))
    return file.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("one", "Twenty-five colours"), ("two", "alfa bravo")):
        (tmp_path / f"{name}.wav").write_bytes(wav())
        (tmp_path / f"{name}.txt").write_text(text)
    (tmp_path / "unsaid.wav").write_bytes(wav())
    return tmp_path


def quality(model: str, measure: str = "wer", stage: str = "asr") -> float | None:
    return REGISTRY.get_sample_value("parley_quality", {"stage": stage, "model": model, "measure": measure})


async def test_word_errors_are_a_gauge_of_each_version(core: FakeCore, folder: Path) -> None:
    """Two of four words are wrong, however the others are written; a recording without a text is left out."""
    opened = PipelineResponse(opened=PipelineOpened(models={"asr": "echo@1"}))
    core.answers = [opened, final("25 colors, charlie", words=("25", "colors,", "charlie"))]
    await References(cast(Core, core), ReferenceConfig(str(folder))).check()
    assert quality("echo@1") == pytest.approx((1 + 3) / 4)
    shown: Any = core.rollouts.versions.between("asr", "echo@1", "echo@2")
    assert shown["versions"]["echo@1"]["reference"] == {"wer": 1.0}


async def test_who_spoke_when_is_judged_too(core: FakeCore, tmp_path: Path) -> None:
    """One of four seconds of speech is given to a voice that never was."""
    (tmp_path / "talk.wav").write_bytes(wav(4))
    (tmp_path / "talk.rttm").write_text(
        "SPEAKER t 1 0 2 <NA> <NA> ann <NA> <NA>\nSPEAKER t 1 2 2 <NA> <NA> bob <NA> <NA>\n"
    )
    core.stages = {"diarize": True}
    core.board = Switchboard(GatewayConfig(upstreams={}, routes={"diarize/default": {"echo@1": 1}}))
    core.answers = [turn("1", "1", 0, 2), turn("2", "2", 2, 3), turn("3", "3", 3, 4)]
    await References(cast(Core, core), ReferenceConfig(str(tmp_path))).check()
    assert quality("echo@1", "der", "diarize") == pytest.approx(1 / 4)


def turn(name: str, speaker: str, begin: int, end: int) -> DiarizeResponse:
    interval = Interval(start={"seconds": begin}, end={"seconds": end})
    return DiarizeResponse(turn=Turn(id=name, speaker=speaker, interval=interval))


async def test_translations_are_judged_by_sentences(core: FakeCore, tmp_path: Path) -> None:
    """From the first column into each of the others; a file that is none is said, and nothing else breaks."""
    (tmp_path / "some.tsv").write_text(
        "en\tde\tfr\nthe small house is old\tTHE SMALL HOUSE IS OLD\tTHE SMALL HOUSE IS OLD\n"
    )
    core.board = Switchboard(GatewayConfig(upstreams={}, routes={"translate/default": {"echo@1": 1}}))
    await References(cast(Core, core), ReferenceConfig(str(tmp_path))).check()
    assert quality("echo@1", "bleu", "translate") == pytest.approx(100)
    (tmp_path / "some.tsv").write_text("en\tde\nthe small house\n")
    await References(cast(Core, core), ReferenceConfig(str(tmp_path))).check()


async def test_a_version_that_fails_keeps_what_it_had(
    core: FakeCore, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """And the log says why; nothing else breaks."""
    core.error = Unavailable("gone")
    await References(cast(Core, core), ReferenceConfig(str(folder))).check()
    assert "a reference recording was not heard" in caplog.messages


def test_a_folder_that_is_none_stops_the_start(core: FakeCore, folder: Path) -> None:
    """Before anybody relies on it."""
    for wrong in (ReferenceConfig(str(folder / "none")), ReferenceConfig(str(folder), every_s=0.0)):
        with pytest.raises(BadConfig, match="reference"):
            References(cast(Core, core), wrong)


def test_distortion_heeds_no_loudness() -> None:
    """Half as loud is as good; noise of a tenth is 20 dB."""
    chance = random.Random(1)
    clean = [round(8000 * math.sin(n / 7)) for n in range(16_000)]
    noise = [chance.gauss(0, 800 / math.sqrt(2)) for _ in clean]

    def samples(values: list[float]) -> bytes:
        return array("h", [round(value) for value in values]).tobytes()

    assert si_sdr_db(samples([*clean]), samples([value / 2 for value in clean])) > 60
    noisy = [one + other for one, other in zip(clean, noise, strict=True)]
    assert si_sdr_db(samples([*clean]), samples(noisy)) == pytest.approx(20, abs=0.3)
    assert si_sdr_db(bytes(10), bytes(10)) == 0.0
