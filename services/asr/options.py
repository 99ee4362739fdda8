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

from parley import config
from parley.engines import whisper
from parley.engines.model import ModelSpec
from parley.errors import BadConfig, BadModel
from parley.nearest import advice

WHISPERS = ("ctranslate2", "openvino")  # the backends that run nothing else here
ABOVE_ZERO = (
    "hop",
    "n_fft",
    "n_mels",
    "beam",
    "threads",
    "full_frames",
    "frames_at_once",
    "grain_s",
    "gathered_s",
    "longest_s",
)


@dataclass(frozen=True)
class Doubts:
    """When an answer is not believed."""

    no_speech: float = 0.6  # this likely that nobody spoke,
    log_probability: float = -1.0  # and the words less likely than this on average: there were none
    compression: float = 2.4  # text that can be packed so much repeats itself


@dataclass(frozen=True, kw_only=True)
class AsrOptions:
    """How one model is opened, shown sound, prompted, and when its answers are doubted."""

    # The backend's own.
    architecture: str = ""
    compute_type: str = "int8"
    threads: int = 1
    suppress_blank: bool = True
    alignment_median: int = 7
    busy_s: float = 0.0  # echo takes so long for one utterance

    # What it is shown.
    features: str = ""
    hop: int = 160  # samples from one row to the next
    n_fft: int = 400
    n_mels: int = 80
    tail: int = 160  # samples of silence, appended
    lead_s: float = 0.0  # of silence before every utterance: some models expect people to take a breath
    longest_s: float = 30.0  # an utterance that it can hear
    detector: str = "silero"  # who notices speech: silero, or level

    # With how many frames.
    full_frames: int = 3000  # that it was made for
    short_context: bool = False  # whether fewer do
    least_window_s: float = 0.0  # but not fewer than these; without short_context: these do for what fits into them
    grain_s: float = 0.5  # windows are multiples of this
    gathered_s: float = 5.0  # the same for windows of recordings, so that many are alike and share a call
    rest_s: float = 0.0  # of silence that it wants to see after the words
    frames_at_once: int = 12_000  # in one call: memory has an end

    # What it writes.
    tokenizer: str = ""
    prompt: tuple[str, ...] = ()
    reads_prompts: bool = False  # whether text from before, and phrases, mean anything to it
    beam: int = 5  # answers that are followed up at a time where it must be right
    tokens_per_second: float = 12.0  # nobody says more
    least_tokens: int = 8
    doubts: Doubts = field(default_factory=Doubts)

    @classmethod
    def of(cls, spec: ModelSpec) -> "AsrOptions":
        """The table as it is written; a key that is not known, or a wrong kind of value, is refused."""
        try:
            return config.build(cls, spec.options, "options")
        except BadConfig as error:
            raise _fault(spec, str(error)) from None


def checked(spec: ModelSpec, features: tuple[str, ...]) -> AsrOptions:
    """The options of a model that can be opened like this."""
    options = AsrOptions.of(spec)
    faults = _faults(options, features) if spec.backend not in WHISPERS else _whisper_faults(spec, options, features)
    if fault := next(faults, None):
        raise _fault(spec, fault)
    return options


def _fault(spec: ModelSpec, fault: str) -> BadModel:
    return BadModel(f"{spec.folder / 'model.toml'}: {fault}")


def _faults(options: AsrOptions, features: tuple[str, ...]) -> Iterator[str]:
    if options.features not in features:
        yield f"options.features is {options.features!r}; write one of {', '.join(features)}."
    if low := next((name for name in ABOVE_ZERO if getattr(options, name) <= 0), None):
        yield f"options.{low} is {getattr(options, low)}; write a number above 0."


def _whisper_faults(spec: ModelSpec, options: AsrOptions, features: tuple[str, ...]) -> Iterator[str]:
    """In the order in which a person would mend them."""
    if options.architecture != "whisper":
        yield f'options.architecture is {options.architecture!r}; write architecture = "whisper".'
    if not options.features:
        yield 'options.features is missing; write features = "log-mel".'
    yield from _faults(options, features)
    if not options.tokenizer:
        yield 'options.tokenizer is missing; write tokenizer = "tokenizer.json", and list that file under [files].'
    yield from _prompt_faults(options.prompt, whisper.vocabulary(spec))
    yield from _language_faults(spec, options.prompt, whisper.vocabulary(spec))


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
