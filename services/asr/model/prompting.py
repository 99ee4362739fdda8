"""How a model is prompted: what its options come to for one utterance. Must not know streams."""

from dataclasses import dataclass

from parley.audio.pcm import RATE_HZ
from parley.engines.model import ModelSpec
from parley.engines.protocols import Tokens
from parley.errors import BadModel
from services.asr.model.features import FEATURES, Features
from services.asr.model.spelling import ByteLevel, PlainSpelling, Spelling
from services.asr.options import AsrOptions, checked

LANGUAGE = "<|language|>"  # in a prompt: the place of the language's token; left there, the model finds out
BEFORE = "<|startofprev|>"  # what follows is text from before
COARSER = 2  # times
MOST_BEFORE, MOST_TOKENS = 200, 224  # Whisper's decoder has 448 places for everything


@dataclass(frozen=True)
class Prompting:
    """How one ASR model is prompted and when its answers are doubted (`[options]` of its model.toml)."""

    features: Features
    spelling: Spelling
    options: AsrOptions

    @property
    def lead(self) -> int:
        """Samples of silence put before every utterance; some models expect them."""
        return round(self.options.lead_s * RATE_HZ)

    def window(self, frames: int, *, is_interim: bool = False) -> int:
        """With how many frames an utterance is shown: by its own length alone, so that company changes nothing.

        Interims get coarser windows, so that more of them share a call: that gains more than it costs.
        """
        wanted, least = frames + self._frames(self.options.rest_s), self._frames(self.options.least_window_s)
        if not self.options.short_context:
            return min(self.options.full_frames, least) if wanted <= least else self.options.full_frames
        grain = self._frames(self.options.grain_s) * (COARSER if is_interim else 1)
        return min(self.options.full_frames, max(least, -(-max(1, wanted) // grain) * grain))

    def gathered(self, frames: int) -> int:
        """The same for a window of a recording: in coarser steps, so that more windows share a call."""
        grain = self._frames(self.options.gathered_s)
        return min(self.options.full_frames, max(self.window(frames), -(-frames // grain) * grain))

    def _frames(self, seconds: float) -> int:
        return round(seconds * RATE_HZ / self.features.hop)

    def longest(self, window: int) -> int:
        """The most tokens to decode for so many frames: more than anybody says in that time."""
        pace = self.options.tokens_per_second * self.features.hop / RATE_HZ
        return min(MOST_TOKENS, self.options.least_tokens + int(window * pace))

    def begin(self, language: str, before: Tokens) -> Tokens:
        """The prompt of one utterance."""
        spoken = f"<|{language.split('-')[0]}|>" if language else LANGUAGE
        task = [spoken if token == LANGUAGE else token for token in self.options.prompt]
        return [BEFORE, *before[-MOST_BEFORE:], *task] if before else task


def prompting(spec: ModelSpec) -> Prompting:
    """Read a model's options."""
    options = checked(spec, tuple(FEATURES))
    spelling = _spelling(spec, options.tokenizer) if options.tokenizer else PlainSpelling()
    return Prompting(FEATURES[options.features](options), spelling, options)


def _spelling(spec: ModelSpec, tokenizer: str) -> Spelling:
    """Loads the tokenizer at start, so that no caller waits for it or finds it broken."""
    spelling = ByteLevel(spec.bytes_of(tokenizer))
    try:
        spelling.tokens("")
    except Exception as error:  # the library raises nothing narrower
        raise BadModel(f"{spec.folder / tokenizer} is no tokenizer ({error}); get the right one.") from None
    return spelling
