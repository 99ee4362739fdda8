"""Which language a stream speaks, and which its utterances, interims and windows are asked in."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from parley.audio.pcm import RATE_HZ
from parley.errors import BadInput
from parley.v1 import asr_pb2 as v1
from services.asr.speech.windows import WindowConfig
from services.asr.spoken import STAYS, SURE, Spoken
from services.asr.stage import AsrServiceConfig, begin
from services.asr.streams.channels import ChannelsSession, OneChannel
from services.asr.utterance import PendingJob, Recognition, SpokenWord, Utterance
from tests.fakes import spec_of
from tests.services.play import of, play
from tests.sound import noise, pcm, silence

SETTINGS = AsrServiceConfig(listen="", models=(), windows=WindowConfig(longest_s=4.0, gap_s=1.0, least_s=0.0))
SPEC = replace(spec_of("asr", features="frames", short_context=True, detector="level"), languages=("en", "de", "fr"))
EVEN, GERMAN = {"en": 1.0, "de": 1.0, "fr": 1.0}, {"en": 1.0, "de": STAYS, "fr": 1.0}


def session(**config: Any) -> OneChannel | ChannelsSession:
    return begin(v1.AsrConfig(**config), SPEC, SETTINGS)


def talk(*seconds: float) -> list[bytes]:
    """Somebody speaks so long, with a pause behind each; in chunks of a tenth of a second."""
    parts = [(noise(round(s * RATE_HZ), seed=n), silence(1.5)) for n, s in enumerate(seconds)]
    sound = np.concatenate([part for each in parts for part in each])
    return [pcm(sound[at : at + 1600]) for at in range(0, len(sound), 1600)]


class Ears:
    """Hears these languages, one after the other; remembers in which it was asked."""

    def __init__(self, *heard: tuple[str, float]) -> None:
        self._heard = itertools.chain(heard, itertools.repeat(heard[-1]))
        self.finals: list[Utterance] = []
        self.interims: list[Utterance] = []

    def run(self, jobs: Sequence[PendingJob]) -> list[list[Recognition]]:
        return [[self._answer(utterance) for utterance in job.take()] for job in jobs]

    def _answer(self, utterance: Utterance) -> Recognition:
        (self.finals if utterance.is_final else self.interims).append(utterance)
        language, sureness = (utterance.language, 1.0) if utterance.language else next(self._heard)
        return Recognition((SpokenWord(f" {language}"),), language=language, language_confidence=sureness)


def finals(said: Any) -> list[tuple[str, float]]:
    told = [each for each in of(v1.Transcript, said) if each.is_final]
    return [(each.language, round(each.language_confidence, 3)) for each in told]


def test_a_stream_stays_in_its_language() -> None:
    """The first utterance may be in any; then another must be clearly likelier, and where it is, it is the stream's."""
    ears = Ears(("de", 0.9), ("de", 0.95), ("fr", 0.9), ("fr", 0.9))
    said = play(session(), ears, talk(1, 1, 1, 1))
    assert [each.languages for each in ears.finals] == [EVEN, GERMAN, GERMAN, EVEN | {"fr": STAYS}]
    assert finals(said) == [("de", 0.9), ("de", 0.95), ("fr", 0.9), ("fr", 0.9)]


def test_what_is_unsure_says_nothing_of_the_next() -> None:
    """A second of speech alone sounds like several languages."""
    ears = Ears(("de", SURE - 0.01), ("de", SURE), ("en", SURE - 0.01), ("de", 0.9))
    play(session(), ears, talk(1, 1, 1, 1))
    assert [each.languages for each in ears.finals] == [EVEN, EVEN, GERMAN, GERMAN]


def test_a_language_that_is_given_is_never_doubted() -> None:
    """Nobody looks for another one, in finals, interims and recordings."""
    for config in ({"interim_results": True}, {"recording": True}):
        ears = Ears(("fr", 1.0))
        said = play(session(language="de-DE", **config), ears, talk(3, 1))
        assert {each.language for each in ears.finals + ears.interims} == {"de-DE"}
        assert not any(each.languages for each in ears.finals + ears.interims)
        assert finals(said) == [("de-DE", 1.0)] * 2


def test_hints_say_which_languages_may_be() -> None:
    """Among several the model finds out; one alone is given; with one given there is nothing to hint at."""
    for hints, asked in ((["de-AT", "fr", "FR"], ("", {"de": 1.0, "fr": 1.0})), (["de-AT"], ("de-AT", {}))):
        ears = Ears(("de", 0.9))
        play(session(languages=hints), ears, talk(1))
        assert (ears.finals[0].language, ears.finals[0].languages) == asked
    with pytest.raises(BadInput, match="does not know the language 'xx'"):
        session(languages=["de", "xx"])
    ears = Ears(("de", 0.9))
    play(session(languages=["xx", "de_AT", "fr"], hints_only=True), ears, talk(1))
    assert ears.finals[0].languages == {"de": 1.0, "fr": 1.0}
    play(session(languages=["xx"], hints_only=True), ears, talk(1))
    assert ears.finals[1].languages == EVEN
    with pytest.raises(BadInput, match="leave one out"):
        session(language="de", languages=["de", "fr"])


def test_interims_do_not_waver() -> None:
    """Once two seconds were heard surely, an utterance's interims are asked in that language, whatever they hear."""
    ears = Ears(("en", 0.4), ("fr", 0.4), ("en", 0.5), ("de", 0.9), ("fr", 0.9))
    play(session(interim_results=True), ears, talk(6))
    settled = [each.language for each in ears.interims]
    assert settled[:4] == [""] * 4
    assert set(settled[4:]) == {"de"}
    assert len(settled) > 6


def test_words_are_promised_only_in_a_language_that_stays() -> None:
    """What two interims say in the wrong language would stand before all others."""
    for languages, first_s in (([], 2.5), (["de"], 1.0)):
        said = play(session(interim_results=True, languages=languages), Ears(("de", 0.9)), talk(5))
        interims = [each for each in of(v1.Transcript, said) if not each.is_final]
        promised = next(each for each in interims if each.committed_characters)
        assert promised.interval.end.ToTimedelta().total_seconds() == pytest.approx(first_s, abs=0.3)


def test_interims_of_a_known_speaker_are_taken_to_stay() -> None:
    """The stream's language first; then the one that the utterance's last interim was in."""
    ears = Ears(*[("de", 0.9)] * 3, ("fr", 0.95), ("fr", 0.95), ("fr", 0.95), ("fr", 0.95))
    play(session(interim_results=True), ears, talk(1, 1.2))
    later = [each.languages for each in ears.interims if each.languages not in (EVEN, {})]
    assert later[0] == GERMAN
    assert EVEN | {"fr": STAYS} in later


class Late(Ears):
    """Answers windows out of order, as several workers do."""

    def play(self, asked: OneChannel | ChannelsSession, data: bytes, ahead: int) -> list[Any]:
        said = [*asked.feed(data), *asked.finish()]
        out: list[tuple[PendingJob, list[Recognition]]] = []
        while True:
            while len(out) < ahead and (job := asked.next_job()):
                out.append((job, self.run([job])[0]))
            if not out:
                return said
            said += asked.absorb(out.pop(0)[1])


def windows(*heard: tuple[str, float]) -> Iterator[tuple[list[tuple[str, float]], list[dict[str, float]]]]:
    """A recording's finals and how they were asked for, with one worker and with several."""
    for ahead in (1, 2, 8):
        ears = Late(*heard)
        said = ears.play(session(recording=True), b"".join(talk(1, 1, 1, 1)), ahead)
        assert len(finals(said)) == 4
        yield finals(said), [dict(each.languages) for each in ears.finals]


def test_windows_of_a_recording_are_heard_without_prejudice() -> None:
    """Many are out together; where each is sure, each is heard once."""
    sure = [("de", 0.98), ("fr", 0.98), ("fr", 0.98), ("de", 0.98)]
    for said, asked in windows(*sure):
        assert said == sure
        assert asked == [EVEN] * 4


class Doubtful(Late):
    """The longest is French, but hardly; whoever knows that German was spoken hears German."""

    def _answer(self, utterance: Utterance) -> Recognition:
        self.finals.append(utterance)
        is_third = len(utterance.samples) > 1.8 * RATE_HZ
        language = "fr" if is_third and utterance.languages == EVEN else "de"
        return Recognition((SpokenWord(f" {language}"),), language=language, language_confidence=0.8)


@pytest.mark.parametrize("ahead", [1, 2, 8])
def test_a_window_that_may_be_in_the_language_so_far_is_heard_again(ahead: int) -> None:
    """Once, with that known; the order stays, and it does not matter how many windows are out at a time."""
    ears = Doubtful(("", 0.0))
    said = ears.play(session(recording=True), b"".join(talk(1, 1, 1.4, 1)), ahead)
    assert finals(said) == [("de", 0.8)] * 4
    assert sorted(map(str, (each.languages for each in ears.finals))) == sorted(map(str, [*[EVEN] * 4, GERMAN]))
    starts = [each.interval.start.ToTimedelta().total_seconds() for each in of(v1.Transcript, said)]
    assert starts == sorted(starts)


def test_silence_is_in_no_language() -> None:
    """What has no words changes nothing."""
    spoken = Spoken("", ("de", "fr"))
    spoken.heard_final(Recognition((SpokenWord(" ja"),), language="de", language_confidence=0.9))
    spoken.heard_final(Recognition((), language="fr", language_confidence=0.9))
    assert spoken.of_final == {"de": STAYS, "fr": 1.0}
    assert not spoken.doubts(Recognition((), language="fr", language_confidence=0.3))
