"""How a model wants to be asked: what its model.toml says under [options], checked once. Must not know streams.

The defaults are those of OpenAI's models; one of them, converted for faster-whisper, needs no more than

    [options]
    architecture = "whisper"
    features = "log-mel"
    tokenizer = "tokenizer.json"
    prompt = ["<|startoftranscript|>", "<|language|>", "<|transcribe|>", "<|notimestamps|>"]
    reads_prompts = true
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from parley.audio import RATE_HZ
from parley.engine import Tokens
from parley.errors import BadModel
from parley.model import ModelSpec
from services.asr.features import FEATURES, Features
from services.asr.spelling import ByteLevel, Plain, Spelling

LANGUAGE = "<|language|>"  # in a prompt: the place of the language's token; left there, the model finds out
BEFORE = "<|startofprev|>"  # what follows is text from before
MOST_BEFORE, MOST_TOKENS = 200, 224  # Whisper's decoder has 448 places for everything


@dataclass(frozen=True)
class Doubts:
    """When an answer is not believed."""

    no_speech: float = 0.6  # this likely that nobody spoke,
    log_probability: float = -1.0  # and the words less likely than this on average: there were none
    compression: float = 2.4  # text that can be packed so much repeats itself


@dataclass(frozen=True)
class Asking:
    """One model's ways."""

    features: Features
    spelling: Spelling
    prompt: Tokens
    options: Mapping[str, Any]
    doubts: Doubts

    @property
    def beam(self) -> int:
        """How many answers are followed up at a time where it must be right."""
        return int(self.options.get("beam", 5))

    @property
    def full(self) -> int:
        """The frames that the model was made for; a window may have fewer where its card allows."""
        return int(self.options.get("full_frames", 3000))

    @property
    def frames_at_once(self) -> int:
        """In one call: memory has an end."""
        return int(self.options.get("frames_at_once", 12_000))

    @property
    def lead(self) -> int:
        """Samples of silence that it is shown before every utterance: some models expect people to take a breath."""
        return round(float(self.options.get("lead_s", 0.0)) * RATE_HZ)

    @property
    def reads_prompts(self) -> bool:
        """Whether text from before, and phrases, mean anything to it."""
        return bool(self.options.get("reads_prompts", False))

    def window(self, frames: int) -> int:
        """With how many frames an utterance is shown: by its own length alone, so that company changes nothing."""
        if not self.options.get("short_context", False):
            return self.full
        grain, rest = self._frames("grain_s", 0.5), self._frames("rest_s", 0.0)
        return min(self.full, -(-max(1, frames + rest) // grain) * grain)

    def gathered(self, frames: int) -> int:
        """The same for a window of a recording: coarser, so that many are alike and share a call, which gains more."""
        grain = self._frames("gathered_s", 5.0)
        return min(self.full, max(self.window(frames), -(-frames // grain) * grain))

    def _frames(self, option: str, default_s: float) -> int:
        return round(float(self.options.get(option, default_s)) * RATE_HZ / self.features.hop)

    def longest(self, window: int) -> int:
        """Nobody says more tokens in so many frames."""
        pace = float(self.options.get("tokens_per_second", 12)) * self.features.hop / RATE_HZ
        return min(MOST_TOKENS, int(self.options.get("least_tokens", 8)) + int(window * pace))

    def begin(self, language: str, before: Tokens) -> Tokens:
        """The prompt of one utterance."""
        spoken = f"<|{language.split('-')[0]}|>" if language else LANGUAGE
        task = [spoken if token == LANGUAGE else token for token in self.prompt]
        return [BEFORE, *before[-MOST_BEFORE:], *task] if before else task


def asking(spec: ModelSpec) -> Asking:
    """Read a model's options."""
    options = spec.options
    name = options.get("features", "")
    if name not in FEATURES:
        raise BadModel(f"{spec.ref}: options.features is {name!r}; write one of {', '.join(FEATURES)}.")
    tokenizer = options.get("tokenizer", "")
    spelling = ByteLevel(spec.bytes_of(tokenizer)) if tokenizer else Plain()
    try:
        doubts = Doubts(**options.get("doubts", {}))
    except TypeError:
        raise BadModel(f"{spec.ref}: options.doubts takes no_speech, log_probability and compression only.") from None
    return Asking(FEATURES[name](options), spelling, list(options.get("prompt", ())), options, doubts)
