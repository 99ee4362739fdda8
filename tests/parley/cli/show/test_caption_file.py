"""What a video mixer reads while people speak."""

import asyncio
from pathlib import Path

import pytest

from parley.cli.show import caption_file
from parley.cli.show.caption_file import CaptionFile
from parley.errors import BadInput
from parley.v1.pipeline_pb2 import PipelineResponse


def heard(text: str, is_final: bool = True, speaker: str = "") -> PipelineResponse:
    return PipelineResponse(transcript={"text": text, "is_final": is_final, "speaker": speaker})


def read(path: Path) -> str:
    return path.read_text()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "captions.txt"


async def test_a_guess_gives_way_to_what_was_said(path: Path) -> None:
    """Two lines: the end of the sentence before stays above."""
    with CaptionFile(path) as shown:
        shown.show(heard("One."))
        shown.show(heard("too", is_final=False))
        assert read(path) == "One.\ntoo\n"
        shown.show(heard("Two.", speaker="2"))
        assert read(path) == "One.\nSpeaker 2: Two.\n"
    assert read(path) == ""


async def test_a_long_sentence_shows_its_end(path: Path) -> None:
    """Lines are as long as subtitles are."""
    with CaptionFile(path) as shown:
        shown.show(heard("word " * 100 + "last"))
        lines = read(path).splitlines()
        assert len(lines) == 2
        assert max(map(len, lines)) <= 42
        assert lines[-1].endswith("last")


async def test_a_translation_is_shown_instead(path: Path) -> None:
    """The language that was asked for first."""
    with CaptionFile(path, "de") as shown:
        shown.show(heard("One."))
        for target, text in (("fr", "Un."), ("de", "Eins.")):
            shown.show(PipelineResponse(translation={"text": text, "target_language": target}))
        assert read(path) == "Eins.\n"


async def test_after_silence_nothing_is_left(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old words under a picture in which nobody speaks are wrong."""
    monkeypatch.setattr(caption_file, "SHOWN_S", 0.01)
    with CaptionFile(path) as shown:
        shown.show(heard("One."))
        while read(path):
            await asyncio.sleep(0.005)
        shown.show(heard("Two."))
        assert read(path) == "Two.\n"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Before anything is sent."""
    with (
        pytest.raises(BadInput, match=r"no/captions\.txt cannot be written: No such file"),
        CaptionFile(tmp_path / "no" / "captions.txt"),
    ):
        pass
