"""What an asr model's model.toml may say under [options], checked when it is read. Must not know streams or sound.

The defaults are those of OpenAI's models; one of them, converted for faster-whisper, needs no more than

    [options]
    architecture = "whisper"
    features = "log-mel"
    tokenizer = "tokenizer.json"
    prompt = ["<|startoftranscript|>", "<|language|>", "<|transcribe|>", "<|notimestamps|>"]
    reads_prompts = true
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Literal

from parley.audio.pcm import RATE_HZ
from parley.config import Within
from parley.engines import options, whisper
from parley.engines.model import ModelSpec
from parley.nearest import advice

SHORTEST_S = 1.0  # for speech, at least
WHISPERS = ("ctranslate2", "openvino")  # the backends that run nothing else here


@dataclass(frozen=True)
class Doubts:
    """Thresholds beyond which an answer is doubted."""

    no_speech: Annotated[float, Within(0, 1)] = 0.6  # this likely that nobody spoke,
    # and the words less likely than this on average: there were none
    log_probability: Annotated[float, Within(-100, 0)] = -1.0
    compression: Annotated[float, Within(1, 100)] = 2.4  # text that can be packed so much repeats itself


@dataclass(frozen=True, kw_only=True)
class AsrOptions:
    """How one model is shown sound, prompted, and when its answers are doubted."""

    architecture: str = ""

    # What it is shown.
    features: str = ""
    hop: Annotated[int, Within(16, 16_000)] = 160  # samples from one row to the next
    n_fft: Annotated[int, Within(16, 16_384)] = 400
    n_mels: Annotated[int, Within(1, 1024)] = 80
    tail: Annotated[int, Within(0, 160_000)] = 160  # samples of silence, appended
    # Of silence before every utterance: some models expect people to take a breath.
    lead_s: Annotated[float, Within(0, 5)] = 0.0
    longest_s: Annotated[float, Within(2, 120)] = 30.0  # an utterance that it can hear
    detector: Literal["silero", "level"] = "silero"  # who notices speech

    # With how many frames.
    full_frames: Annotated[int, Within(1, 30_000)] = 3000  # that it was made for
    short_context: bool = False  # whether fewer do
    # But not fewer than these; without short_context: these do for what fits into them.
    least_window_s: Annotated[float, Within(0, 120)] = 0.0
    grain_s: Annotated[float, Within(0.1, 3600)] = 0.5  # windows are multiples of this
    # The same for windows of recordings, so that many are alike and share a call.
    gathered_s: Annotated[float, Within(0.1, 3600)] = 5.0
    rest_s: Annotated[float, Within(0, 30)] = 0.0  # of silence that it wants to see after the words
    frames_at_once: Annotated[int, Within(100, 1_000_000)] = 12_000  # in one call: memory has an end

    # What it writes.
    tokenizer: str = ""
    prompt: tuple[str, ...] = ()
    reads_prompts: bool = False  # whether text from before, and phrases, mean anything to it
    beam: Annotated[int, Within(1, 32)] = 5  # answers that are followed up at a time where it must be right
    tokens_per_second: Annotated[float, Within(0, 100)] = 12.0  # nobody says more
    least_tokens: Annotated[int, Within(1, 224)] = 8
    doubts: Doubts = field(default_factory=Doubts)

    @classmethod
    def of(cls, spec: ModelSpec) -> "AsrOptions":
        """The table as it is written; a key that is not known, or a wrong value, is refused."""
        options.rate(spec, RATE_HZ, RATE_HZ)
        return options.read(cls, spec)


def checked(spec: ModelSpec, features: tuple[str, ...]) -> AsrOptions:
    """The options of a model that can be opened like this."""
    declared = AsrOptions.of(spec)
    faults = _faults(declared, features) if spec.backend not in WHISPERS else _whisper_faults(spec, declared, features)
    if fault := next(faults, None):
        raise options.fault(spec, fault)
    return declared


def _faults(declared: AsrOptions, features: tuple[str, ...]) -> Iterator[str]:
    if declared.features not in features:
        yield f"options.features is {declared.features!r}; write one of {', '.join(features)}."
    if declared.n_mels > declared.n_fft // 2:
        yield f"options.n_mels is {declared.n_mels}; write at most half of n_fft, {declared.n_fft // 2}."
    if declared.lead_s + SHORTEST_S > declared.longest_s:
        yield f"options.lead_s is {declared.lead_s:g}; {declared.longest_s:g} s of sound have no room for it."


def _whisper_faults(spec: ModelSpec, declared: AsrOptions, features: tuple[str, ...]) -> Iterator[str]:
    """Every fault of a Whisper's options, the most basic first."""
    if declared.architecture != "whisper":
        yield f'options.architecture is {declared.architecture!r}; write architecture = "whisper".'
    if not declared.features:
        yield 'options.features is missing; write features = "log-mel".'
    yield from _faults(declared, features)
    if not declared.tokenizer:
        yield 'options.tokenizer is missing; write tokenizer = "tokenizer.json", and list that file under [files].'
    yield from _prompt_faults(declared.prompt, whisper.vocabulary(spec))
    yield from _language_faults(spec, declared.prompt, whisper.vocabulary(spec))


def _prompt_faults(prompt: tuple[str, ...], vocabulary: list[str]) -> Iterator[str]:
    right = whisper.written(whisper.prompt(vocabulary))
    if not prompt or whisper.START not in prompt:
        yield f"options.prompt must begin with {whisper.START}; write prompt = {right}."
    specials = [whisper.ANY, *(token for token in vocabulary if whisper.is_special(token))]
    if strange := next((token for token in prompt if token != whisper.ANY and token not in specials), None):
        yield f"options.prompt has {strange!r}, which the vocabulary lacks; {advice(strange, specials[:8])}"
    if not whisper.is_multilingual(vocabulary) and whisper.ANY in prompt:
        yield f"options.prompt has {whisper.ANY}, but the model knows English alone; write prompt = {right}."


def _language_faults(spec: ModelSpec, prompt: tuple[str, ...], vocabulary: list[str]) -> Iterator[str]:
    known = whisper.languages(vocabulary)
    if whisper.ANY in prompt and not spec.languages:
        yield f"`languages` is missing; write languages = {whisper.written(known)}, or those of them that you want."
    if strange := next((each for each in spec.languages if whisper.ANY in prompt and each not in known), None):
        yield f"`languages` has {strange!r}, which the vocabulary lacks; {advice(strange, known)}"
