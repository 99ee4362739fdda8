"""Transcripts without what identifies somebody. Pure; must not know how a transcript came about.

A final is looked through as a whole. Of an interim only that is shown which will not change any more and cannot become
part of an address or a number: so nothing is ever shown and then taken back.
"""

from collections.abc import Sequence

from gateway.pipeline import personal
from gateway.pipeline.personal import Found
from parley.errors import BadConfig, FieldInvalid
from parley.nearest import advice
from parley.v1.asr_pb2 import Transcript, Word


def configured(kinds: Sequence[str]) -> None:
    """Raises BadConfig where the operator names what is not found here."""
    try:
        Redaction(kinds)
    except FieldInvalid as error:
        raise BadConfig(str(error)) from None


class Redaction:
    """The kinds that one stream's transcripts are to be without."""

    def __init__(self, kinds: Sequence[str]) -> None:
        for kind in kinds:
            if kind not in personal.KINDS:
                message = f"`redact` has {kind!r}; {advice(kind, personal.KINDS, 'there are {}.')}"
                raise FieldInvalid(message, field="redact")
        self._kinds = tuple(kinds)

    def hide(self, transcript: Transcript) -> bool:
        """Changes the transcript; False: nothing of it may be shown yet."""
        if not transcript.is_final:
            return self._hide_interim(transcript)
        transcript.text = self._without(transcript.text)
        transcript.committed_characters = len(transcript.text)
        words = self._words(transcript.words)
        del transcript.words[:]
        transcript.words.extend(words)
        return True

    def _hide_interim(self, guess: Transcript) -> bool:
        certain = guess.text[: guess.committed_characters]
        shown = self._without(certain[: personal.decided(certain)])
        guess.text, guess.committed_characters = shown, len(shown)
        return bool(shown)

    def _without(self, text: str) -> str:
        return personal.replaced(text, personal.found(text, self._kinds))

    def _words(self, words: Sequence[Word]) -> list[Word]:
        """A piece of several words becomes one, as long as they were."""
        pieces, kept, at = personal.found(" ".join(word.text for word in words), self._kinds), list[Word](), 0
        last: Found | None = None
        for word in words:
            start, at = at, at + len(word.text) + 1
            piece = next((each for each in pieces if each.start < at - 1 and start < each.end), None)
            if piece is None:
                kept.append(word)
            elif piece is last:
                kept[-1].interval.end.CopyFrom(word.interval.end)
                kept[-1].confidence = min(kept[-1].confidence, word.confidence)
            else:
                word.text = f"[{piece.kind.upper()}]"
                kept.append(word)
            last = piece
        return kept
