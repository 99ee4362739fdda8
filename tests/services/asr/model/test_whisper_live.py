"""The embedded recogniser through the service's own session and engine."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from models.recipes.asr import graphs
from parley.audio import media
from parley.audio.pcm import RATE_HZ, Format, PcmDecoder, Resampler, Samples, encode
from parley.edit_distance import distance
from parley.engines.model import ModelRef, locate, read_spec
from parley.v1 import asr_pb2 as v1
from parley.v1.audio_pb2 import AudioEncoding, AudioFormat
from services.asr.model.engine import open_engine
from services.asr.stage import AsrServiceConfig, begin
from services.asr.streams.channels import ChannelsSession, OneChannel
from services.asr.utterance import PendingJob, Recognition, Utterance
from tests.contract.source import ROOT
from tests.cpu import SATURATES
from tests.services.play import of, play
from tests.sound import cut, noise, pcm, silence, tone

SPEECH = ROOT / "loadtest/speech"
SPEC = locate([ROOT / "models/embedded"], "asr", ModelRef("whisper-tiny.en-live", "1"))
ENGINE = open_engine(SPEC).model
SETTINGS = AsrServiceConfig(listen="", models=())
CHOSEN = ("read-18575865", "read-17899695", "read-19753195", "read-20304708", "read-20458962", "read-19732443")
WORDS = dict(line.split("\t") for line in (SPEECH / "words.tsv").read_text().splitlines())


def read(path: Path) -> Samples:
    recording = media.read(path.read_bytes(), 60)
    decoder = PcmDecoder(Format.of(AudioFormat(sample_rate_hz=recording.rate_hz)))
    return np.concatenate([decoder.feed(recording.data), decoder.finish()])


SOUNDS = [read(SPEECH / f"{name}.flac") for name in CHOSEN]
EXAMPLES = ("desk",)
TALK = np.concatenate([part for sound in SOUNDS for part in (silence(0.6), sound)] + [silence(1)])


def session(**config: Any) -> OneChannel | ChannelsSession:
    return begin(v1.AsrConfig(**config), SPEC, SETTINGS)


def finals(said: Sequence[Message]) -> list[v1.Transcript]:
    return [each for each in of(v1.Transcript, said) if each.is_final]


def bare(text: str) -> list[str]:
    return [word.strip(".,?!").lower() for word in text.split()]


def errors(sound: bytes, **config: Any) -> float:
    """The word error rate of the whole talk."""
    wanted = [word for name in CHOSEN for word in bare(WORDS[name])]
    said = [word for each in finals(play(session(**config), ENGINE, [sound])) for word in bare(each.text)]
    return distance(wanted, said) / len(wanted)


def test_people_are_understood() -> None:
    """Strangers who read and talk are understood but for a word in ten."""
    assert errors(pcm(TALK)) <= 0.1


def test_a_telephone_is_understood() -> None:
    """The same at 8 kHz in A-law, but for a word in five."""
    narrow = Resampler(RATE_HZ, 8000).feed(TALK, last=True)
    law = AudioEncoding.AUDIO_ENCODING_ALAW
    assert errors(encode(narrow, law), format={"encoding": law, "sample_rate_hz": 8000}) <= 0.2


WHOLE = finals(play(session(word_times=True), ENGINE, [pcm(TALK)]))


@settings(max_examples=8)
@given(st.lists(st.integers(0, len(TALK)), max_size=40), st.lists(st.integers(0, 3), min_size=1, max_size=4))
def test_finals_do_not_hear_the_chunks(cuts: list[int], patience: list[int]) -> None:
    """Any chunking, any number of interims and any haste of the engine give the same finals, bit by bit."""
    pieces = cut(pcm(TALK), cuts, 2)
    assert finals(play(session(word_times=True, interim_results=True), ENGINE, pieces, patience)) == WHOLE


@pytest.mark.parametrize("after", range(len(WHOLE) - 1))
def test_who_comes_later_hears_the_same(after: int) -> None:
    """Where a final ends another session can begin, and says what the old one would have said."""
    end = WHOLE[after].interval.end.ToTimedelta().total_seconds()
    again = finals(play(session(word_times=True), ENGINE, [pcm(TALK)[2 * round(end * RATE_HZ) :]]))
    assert [each.text for each in again] == [each.text for each in WHOLE[after + 1 :]]
    words, later = ([w.confidence for each in said for w in each.words] for said in (WHOLE[after + 1 :], again))
    assert later == words


@settings(max_examples=8)
@given(st.lists(st.tuples(st.integers(0, len(SOUNDS) - 1), st.integers(8000, 40_000)), min_size=2, max_size=8))
def test_company_changes_nothing(company: list[tuple[int, int]]) -> None:
    """Whoever else is in the batch, everybody gets what they would get alone."""
    jobs = [PendingJob([Utterance(SOUNDS[which][:length], times=True)]) for which, length in company]
    assert list(ENGINE.run(jobs)) == [ENGINE.run([job])[0] for job in jobs]


@pytest.mark.timeout(180)  # it compiles four graphs, which a busy machine does slowly
def test_openvino_says_the_same(tmp_path: Path) -> None:
    """The model exported to OpenVINO's graphs gives the same finals, but for a word in twenty."""
    folder = tmp_path / "asr" / "whisper-graphs" / "1"
    graphs.export(SPEC.folder, folder)
    engines = (ENGINE, open_engine(read_spec(folder)).model)
    talk = pcm(np.concatenate([TALK, *(read(ROOT / f"examples/{name}.flac") for name in EXAMPLES)]))
    usual, said = (finals(play(session(), engine, [talk])) for engine in engines)
    assert [each.interval for each in said] == [each.interval for each in usual]
    theirs, ours = ([word for each in all_of for word in bare(each.text)] for all_of in (usual, said))
    assert distance(theirs, ours) <= len(theirs) / 20


def heard(sound: Samples) -> Recognition:
    (answer,) = ENGINE.run([PendingJob([Utterance(sound)])])[0]
    return answer


@pytest.mark.parametrize("seconds", [0.5, 2, 8])
@pytest.mark.parametrize("level", [0.0, 0.001, 0.1])
def test_silence_and_hiss_have_no_words(seconds: float, level: float) -> None:
    """Even where speech was wrongly found, nothing is made up."""
    assert heard(noise(round(seconds * RATE_HZ), level)).text == ""


def test_a_chord_has_no_words() -> None:
    """Music is not speech: the detector lets none of it through to a model that would spell it."""
    chord = sum((tone(hz, 4, 0.1) for hz in (220, 277, 330)), silence(4))
    assert finals(play(session(), ENGINE, [pcm(np.asarray(chord, np.float32))])) == []


def test_words_lie_where_they_were_said() -> None:
    """Times are in order, inside their final, and the words of an utterance fill most of it."""
    for final in WHOLE:
        spans = [(w.interval.start.ToTimedelta(), w.interval.end.ToTimedelta()) for w in final.words]
        edges = [edge for span in spans for edge in span]
        assert edges == sorted(edges)
        begin_at, end_at = final.interval.start.ToTimedelta(), final.interval.end.ToTimedelta()
        assert begin_at <= edges[0] <= edges[-1] <= end_at
        assert edges[-1] - edges[0] > 0.5 * (end_at - begin_at)
        assert all(0 < word.confidence <= 1 for word in final.words)


def test_interims_lead_to_the_final() -> None:
    """InterimWords come while people speak, what they commit stays, and most of it is what the final says."""
    said = of(v1.Transcript, play(session(interim_results=True), ENGINE, cut(pcm(TALK), range(0, len(TALK), 1600), 2)))
    places = [-1, *(n for n, each in enumerate(said) if each.is_final)]
    kept = []
    for start, end in pairwise(places):
        committed = [each.text[: each.committed_characters] for each in said[start + 1 : end]]
        assert all(after.startswith(before) for before, after in pairwise(committed))
        kept += [said[end].text.startswith(text) for text in committed]
    assert np.mean(kept) > (0.5 if SATURATES else 0.65)
