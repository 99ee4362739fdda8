"""The lines of a batch, as they may come."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.apis.openai.batches.lines import TRANSCRIPTIONS, TRANSLATIONS, Line, LineRefused, read

GOOD = {"custom_id": "a", "method": "POST", "url": TRANSCRIPTIONS, "body": {"file": "file-1", "model": "whisper-1"}}


def found(*lines: Any, endpoint: str = TRANSCRIPTIONS) -> list[Line | LineRefused]:
    data = b"\n".join(each if isinstance(each, bytes) else json.dumps(each).encode() for each in lines)
    return list(read(data, endpoint, lambda name: ""))


def body(**more: Any) -> dict[str, Any]:
    return GOOD | {"body": GOOD["body"] | more}  # type: ignore[operator]


def test_a_good_line() -> None:
    """It names its file, and how its answer is written; empty lines are none."""
    (line,) = found(b"", body(response_format="srt", language="en"), b"  ")
    assert isinstance(line, Line)
    assert (line.custom_id, line.file, line.number, json.loads(line.note)["shape"]) == ("a", "file-1", 2, "srt")
    assert (line.config.asr.language, len(line.config.translate)) == ("en", 0)


def test_a_line_in_english() -> None:
    """It is translated."""
    (line,) = found(GOOD | {"url": TRANSLATIONS}, endpoint=TRANSLATIONS)
    assert isinstance(line, Line)
    assert [each.target_language for each in line.config.translate] == ["en"]


@pytest.mark.parametrize(
    ("line", "param"),
    [
        (b"{", None),
        (b"[]", "body"),
        (b"\xff", None),
        (GOOD | {"custom_id": ""}, "custom_id"),
        (GOOD | {"custom_id": "x" * 513}, "custom_id"),
        (GOOD | {"custom_id": "a\0"}, "custom_id"),
        (GOOD | {"custom_id": 7}, "custom_id"),
        (GOOD | {"method": "GET"}, "url"),
        (GOOD | {"url": TRANSLATIONS}, "url"),
        (GOOD | {"more": 1}, "more"),
        (GOOD | {"body": {"model": "whisper-1"}}, "file"),
        (GOOD | {"body": {"file": "file-1"}}, "model"),
        (body(stream=True), "stream"),
        (body(known_speaker_names=["Ada"]), "known_speaker_names"),
        (body(response_format="mp3"), "response_format"),
        (body(bogus="1"), "bogus"),
    ],
)
def test_a_wrong_line_is_named(line: Any, param: str | None) -> None:
    """By its number, with the field that is wrong; those beside it are read."""
    good, wrong, other = found(GOOD, line, GOOD | {"custom_id": "b"})
    assert isinstance(good, Line)
    assert isinstance(wrong, LineRefused)
    assert isinstance(other, Line)
    assert (wrong.shown["line"], wrong.shown["param"]) == (2, param)


def test_an_id_comes_once() -> None:
    """The second is refused."""
    assert [type(each) for each in found(GOOD, GOOD)] == [Line, LineRefused]


@given(st.binary(max_size=200))
def test_bytes_are_lines_or_refused(data: bytes) -> None:
    """Nothing else comes of them."""
    assert all(isinstance(each, LineRefused) for each in read(data, TRANSCRIPTIONS, lambda name: ""))
