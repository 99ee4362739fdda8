"""Which language a stream speaks: the one that was given, or the one that it is heard to speak. Pure.

People stay in a language, and a second of speech sounds like several: so a stream is taken to stay in the one that it
has spoken until another is clearly likelier. Interims do not waver once there was enough to hear.
"""

from collections.abc import Mapping, Sequence

from parley.audio.pcm import RATE_HZ
from services.asr.utterance import Recognition

STAYS = 40.0  # times as likely as the language so far another must be
SURE = 0.7  # an utterance that is less sure says nothing of the next
ENOUGH = 2 * RATE_HZ  # samples: a sure interim of so much sound decides for those behind it; of twice as much, any


def weights(candidates: Sequence[str], stays: str = "") -> dict[str, float]:
    """How likely each language is, before anything is heard."""
    return {each: STAYS if each == stays else 1.0 for each in candidates}


class Spoken:
    """The language of one stream."""

    def __init__(self, given: str, candidates: Sequence[str]) -> None:
        self.given, self._candidates = given, tuple(candidates)
        self._stream = ""  # of the finals so far
        self._utterance, self._is_heard = "", False  # of the open utterance's interims, and whether it stays

    def begin(self) -> None:
        """Another utterance."""
        self._utterance, self._is_heard = "", False

    @property
    def is_settled(self) -> bool:
        """Whether interims will stay in their language, so that words of them may be promised."""
        is_stream = bool(self._stream) and self._utterance == self._stream
        return bool(self.given) or not self._candidates or self._is_heard or is_stream

    @property
    def any_of(self) -> Mapping[str, float]:
        """The languages that may be, whatever was spoken before; none where it is given, or nobody knows which."""
        return {} if self.given else weights(self._candidates)

    @property
    def of_final(self) -> Mapping[str, float]:
        """The languages that a final may be in, and how likely each is."""
        return {} if self.given else weights(self._candidates, self._stream)

    @property
    def of_interim(self) -> tuple[str, Mapping[str, float]]:
        """The language of an interim, once it is settled; until then, which it may be."""
        if self.given or self._is_heard:
            return self.given or self._utterance, {}
        return "", weights(self._candidates, self._utterance or self._stream)

    def heard_interim(self, heard: Recognition, samples: int) -> None:
        """An interim of so much sound was heard."""
        if heard.text and not self._is_heard:
            self._utterance = heard.language
            self._is_heard = samples >= (ENOUGH if heard.language_confidence >= SURE else 2 * ENOUGH)

    def heard_final(self, heard: Recognition) -> None:
        """A final was heard."""
        if heard.text and heard.language_confidence >= SURE:
            self._stream = heard.language

    def doubts(self, heard: Recognition) -> bool:
        """Whether what was heard without knowing the language so far may be in that all the same."""
        differs = bool(self._stream) and bool(heard.text) and heard.language != self._stream
        return differs and not self.given and heard.language_confidence < STAYS / (1 + STAYS)
