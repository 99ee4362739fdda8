from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.audio.pcm import RATE_HZ
from parley.engines.protocols import Alignment, Decoding, Generated, Rank, Tokens
from parley.errors import BadModel
from services.asr.model.engine import TOKENS_A_SECOND, USUAL_S, AsrEngine, open_engine
from services.asr.model.guards import TURNS
from services.asr.model.prompting import MOST_BEFORE, MOST_TOKENS, prompting
from services.asr.utterance import PendingJob, Recognition, Utterance
from tests.fakes import spec_of
from tests.sound import noise

OPTIONS = {
    "features": "frames",
    "short_context": True,
    "grain_s": 1.0,
    "full_frames": 40,
    "prompt": ["<|startoftranscript|>", "<|language|>"],
    "beam": 3,
}
STUCK = [" no"] * 12
Answer = Callable[[npt.NDArray[np.float32], Tokens], Generated]


class Told:
    """A generator that says what it is told to, and remembers how it was asked."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.asked: list[tuple[tuple[int, ...], Tokens, Decoding]] = []

    def generate(
        self, sources: Sequence[Tokens] | npt.NDArray[np.float32], prompts: Sequence[Tokens], how: Decoding
    ) -> list[Generated]:
        assert isinstance(sources, np.ndarray)
        assert len({len(prompt) for prompt in prompts}) == 1
        self.asked.append((sources.shape, list(prompts[0]), how))
        return [self._answer(source, prompt) for source, prompt in zip(sources, prompts, strict=True)]


def says(*tokens: str, score: float = -0.1, no_speech: float = 0.0) -> Answer:
    return lambda source, prompt: Generated(list(tokens), score, no_speech)


def engine(answer: Answer, **options: Any) -> tuple[AsrEngine, Told]:
    told = Told(answer)
    return AsrEngine(told, prompting(spec_of("asr", **{**OPTIONS, **options}))), told


def run(asr: AsrEngine, *jobs: Sequence[Utterance]) -> list[list[Recognition]]:
    return list(asr.run([PendingJob(job) for job in jobs]))


def heard(answer: Answer, utterance: Utterance | None = None, **options: Any) -> Recognition:
    return run(engine(answer, **options)[0], [utterance or Utterance(noise(RATE_HZ))])[0][0]


def length(source: npt.NDArray[np.float32], prompt: Tokens) -> Generated:
    """Says how much of what it was shown is sound."""
    rows = int((np.abs(source).max(1) > 0).sum())
    return Generated([f" {rows}"], -rows, language=prompt[-1])


@given(st.lists(st.lists(st.tuples(st.integers(1, 60_000), st.booleans()), max_size=4), max_size=5))
def test_everybody_gets_their_own_answer(jobs: list[list[tuple[int, bool]]]) -> None:
    """However many utterances of however many lengths come together, each gets what it would get alone."""
    made = [[Utterance(noise(n, seed=n), is_final, before="a" * (n % 3)) for n, is_final in job] for job in jobs]
    whole, _ = engine(length)
    assert run(whole, *made) == [[run(whole, [each])[0][0] for each in job] for job in made]


def test_only_equal_shapes_share_a_call() -> None:
    """Utterances whose windows are alike go together; interims, whose windows are coarser, apart."""
    asr, told = engine(says(" yes"))
    lengths = (4000, 15_000, 16_001, 90_000)
    run(asr, [Utterance(noise(n)) for n in lengths], [Utterance(noise(n), is_final=False) for n in lengths[:3]])
    assert sorted((shape[0], shape[1], how.beam) for shape, _, how in told.asked) == [
        (1, 4, 3), (1, 12, 3), (2, 2, 3), (3, 4, 1),
    ]  # fmt: skip


def test_a_call_is_only_so_large() -> None:
    """What would need too much memory at once is asked in several calls."""
    asr, told = engine(says(" yes"), grain_s=1000.0, full_frames=2500, frames_at_once=6500)
    answers = run(asr, [Utterance(noise(100))] * 5)
    assert [shape[0] for shape, _, _ in told.asked] == [3, 2]
    assert len(answers[0]) == 5


def test_without_leave_the_window_is_full() -> None:
    """A model whose card does not allow short windows never gets one."""
    asr, told = engine(says(" yes"), short_context=False)
    run(asr, [Utterance(noise(100)), Utterance(noise(300_000))])
    assert [shape[:2] for shape, _, _ in told.asked] == [(2, 40)]


def test_an_interim_begins_as_it_is_told() -> None:
    """What was promised is given to the decoder as the beginning; beginnings need not be alike to share a call."""
    asr, told = engine(says(" yes"))
    run(asr, [Utterance(noise(100), is_final=False, begun=text) for text in (" a b", "", " c")])
    assert [how.begun for _, _, how in told.asked] == [[[" a", " b"], [], [" c"]]]
    run(asr, [Utterance(noise(100), is_final=False)])
    assert not told.asked[-1][2].begun


def test_the_prompt_is_filled_in() -> None:
    """The language goes where the model wants it, without its region; unsaid, the model finds out; text goes first."""
    asr, told = engine(says(" yes"))
    run(asr, [Utterance(noise(100), language="de-AT", before="guten Tag"), Utterance(noise(100))])
    prompts = [prompt for _, prompt, _ in told.asked]
    assert ["<|startofprev|>", " guten", " Tag", "<|startoftranscript|>", "<|de|>"] in prompts
    assert ["<|startoftranscript|>", "<|language|>"] in prompts
    run(asr, [Utterance(noise(100), before="ja " * 1000)])
    assert told.asked[-1][1] == ["<|startofprev|>", *[" ja"] * MOST_BEFORE, "<|startoftranscript|>", "<|language|>"]


def test_nobody_speaks_faster() -> None:
    """The limit of tokens follows the window."""
    asr, told = engine(says(" yes"), tokens_per_second=20, least_tokens=3)
    run(asr, [Utterance(noise(16_000)), Utterance(noise(48_000)), Utterance(noise(300_000))])
    assert sorted(how.longest for _, _, how in told.asked) == [3 + 20, 3 + 60, MOST_TOKENS]


def test_an_odd_answer_is_asked_again_once_in_a_full_window() -> None:
    """A decoder in a loop gets a full window; the better answer is kept; nobody else is asked twice."""

    def stuck(source: npt.NDArray[np.float32], prompt: Tokens) -> Generated:
        return Generated([" fine"] if len(source) == 40 or source[0].any() == 0 else STUCK, -0.5)

    asr, told = engine(stuck)
    (answers,) = run(asr, [Utterance(noise(8000)), Utterance(np.zeros(8000, np.float32))])
    assert [each.text for each in answers] == ["fine", "fine"]
    assert [shape[:2] for shape, _, _ in told.asked] == [(2, 2), (1, 40)]


def test_a_cut_answer_is_asked_again() -> None:
    """Who runs into the limit of tokens is not believed either."""
    asr, told = engine(says(*(f" {n}" for n in range(9))), tokens_per_second=0, least_tokens=9)
    run(asr, [Utterance(noise(100))])
    assert len(told.asked) == 2


def test_an_interim_is_asked_once() -> None:
    """An interim is not worth a second question."""
    asr, told = engine(says(*STUCK))
    run(asr, [Utterance(noise(100), is_final=False)])
    assert len(told.asked) == 1


def test_what_stays_a_loop_is_said_once() -> None:
    """Where the full window does not help either, the repetition is cut; and shorter ones are left alone."""
    assert heard(says(" oh", *STUCK)).text == "oh no"
    assert heard(says(*[" no"] * (TURNS - 1))).text == " ".join(["no"] * (TURNS - 1))


def test_words_where_nobody_spoke_are_not_believed() -> None:
    """Likely silence with unlikely words is silence; either alone is not."""
    assert heard(says(" thanks", score=-3.0, no_speech=0.9)).words == ()
    assert heard(says(" thanks", score=-0.2, no_speech=0.9)).text == "thanks"
    assert heard(says(" thanks", score=-3.0, no_speech=0.1)).text == "thanks"
    strict = {"no_speech": 0.05, "log_probability": 0.0}
    assert heard(says(" thanks", score=-0.2, no_speech=0.1), doubts=strict).words == ()


def test_the_end_counts() -> None:
    """The average log-probability is of the tokens and the end; no tokens are no accident."""
    assert heard(says(" a", " b", " c", score=-0.4)).average_log_probability == pytest.approx(-0.3)
    assert heard(says()).average_log_probability == 0


def test_words_have_times_inside_the_utterance() -> None:
    """Frames become samples, a word ends where the next begins, and none reaches beyond the sound."""

    def placed(source: npt.NDArray[np.float32], prompt: Tokens) -> Generated:
        return Generated([" a", " b"], alignment=Alignment([0, 1, 2], [0.5, 1.0]))

    (a, b) = heard(placed, Utterance(noise(12_000), times=True)).words
    assert ((a.start, a.end, a.confidence), (b.start, b.end)) == ((0, 8000, 0.5), (8000, 12_000))


def test_a_breath_before_speech_moves_no_word() -> None:
    """A model may want silence before every utterance; what it then hears later is told as early as it was said."""

    def placed(source: npt.NDArray[np.float32], prompt: Tokens) -> Generated:
        assert not source[0].any()
        return Generated([" a", " b"], alignment=Alignment([0, 1, 2], [0.5, 1.0]))

    (a, b) = heard(placed, Utterance(noise(12_000), times=True), lead_s=0.5).words
    assert ((a.start, a.end), (b.start, b.end)) == ((0, 0), (0, 8000))


def test_a_rest_after_speech_is_in_the_window() -> None:
    """A model may want silence behind every utterance: the window is longer, the sound in it the same."""
    asr, told = engine(length, rest_s=2.0)
    assert [each.text for each in run(asr, [Utterance(noise(RATE_HZ))])[0]] == ["2"]
    assert [shape[1] for shape, _, _ in told.asked] == [6]


def test_only_who_wants_times_is_aligned() -> None:
    """Finding words costs; who does not ask does not pay."""
    asr, told = engine(says(" yes"))
    run(asr, [Utterance(noise(9000), times=True), Utterance(noise(9000))])
    assert told.asked[0][2].align == [2, 0]


@pytest.mark.parametrize("wrong", [{"features": "mel"}, {"doubts": {"silence": 1}}, {"detector": "ear"}])
def test_unknown_options_are_refused(wrong: dict[str, Any]) -> None:
    """What nobody can do is said when the model is loaded."""
    with pytest.raises(BadModel, match=r"options\.(features|doubts|detector)"):
        open_engine(spec_of("asr", **{**OPTIONS, **wrong}))


def test_a_turn_is_given_away_until_it_is_taken() -> None:
    """Other utterances can take the place of those that wait, never of those that the engine has."""
    first, second, third = ([Utterance(noise(n))] for n in (1, 2, 3))
    turn = PendingJob(first)
    assert turn.swap(second)
    assert turn.take() is second
    assert not turn.swap(third)
    assert turn.take() is second


def test_guesses_can_wait() -> None:
    """Finals go first, and an interim whose turn a final took is one."""
    asr, _ = engine(says())
    interim, final = Utterance(noise(1), is_final=False), Utterance(noise(1))
    turn = PendingJob([interim])
    assert asr.rank(turn) is Rank.SOON
    turn.swap([final])
    assert asr.rank(turn) is Rank.NOW


def test_what_a_second_costs_is_measured() -> None:
    """By an utterance of usual length with words put into its mouth, because silence costs too little."""
    asr, told = engine(says(" yes"))
    clock = iter([0.0, 0.5, 1.0, 1.2])
    asr.warm_up(lambda: next(clock))
    assert asr.second_s == pytest.approx(0.2 / USUAL_S)
    (begun,) = told.asked[-1][2].begun
    assert len(begun) == round(USUAL_S * TOKENS_A_SECOND) == told.asked[-1][2].longest - 1
    assert told.asked[-1][2].beam == 3
