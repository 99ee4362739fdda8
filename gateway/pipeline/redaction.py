"""Transcripts without what identifies somebody. Pure; must not know how a transcript came about.

A final is looked through as a whole. Of an interim only that is shown which will not change any more and cannot become
part of an address or a number: so nothing is ever shown and then taken back.
"""

import re
from collections.abc import Iterator, Sequence

from gateway.pipeline import personal
from gateway.pipeline.personal import Found
from gateway.pipeline.split_numbers import SplitNumbers, apart
from parley.errors import BadConfig, FieldInvalid
from parley.nearest import advice
from parley.v1.asr_pb2 import Transcript, Word
from parley.v1.audio_pb2 import Interval

NAME = "name"
KINDS = (*personal.KINDS, NAME)
WORD_NS, LETTER_NS = 200_000_000, 100_000_000  # a word of n letters is said in less than WORD_NS + n * LETTER_NS


def configured(kinds: Sequence[str]) -> None:
    """Raises BadConfig where the operator names what is not found here."""
    try:
        Redaction(kinds)
    except FieldInvalid as error:
        raise BadConfig(str(error)) from None


class Redaction:
    """The kinds that one stream's transcripts are to be without."""

    def __init__(self, kinds: Sequence[str], *, keep_words: bool = True) -> None:
        for kind in kinds:
            if kind not in KINDS:
                message = f"`redact` has {kind!r}; {advice(kind, KINDS, 'there are {}.')}"
                raise FieldInvalid(message, field="redact")
        self._numbers, self._keep_words = SplitNumbers(tuple(kinds)), keep_words
        self.finds_names = NAME in kinds
        self.times_ns: list[tuple[int, int]] = []  # of what the last final is without

    def hide(self, transcript: Transcript, names: Sequence[Found] = ()) -> bool:
        """Changes the transcript, a final with the names in it; False: nothing of it may be shown yet."""
        if not transcript.is_final:
            return self._hide_interim(transcript)
        start_ns, end_ns = _span(transcript.interval)
        pieces = apart([*self._numbers.found(transcript.text, start_ns, is_final=True), *names])
        spoken = " ".join(word.text for word in transcript.words)
        same = pieces if spoken == transcript.text else self._numbers.found(spoken, start_ns, is_final=True)
        if spoken != transcript.text:
            same = apart([*same, *_again(spoken, [transcript.text[each.start : each.end] for each in names])])
        words = _words(transcript.words, same)
        self._numbers.remember(transcript.text, start_ns, end_ns)
        transcript.text = personal.replaced(transcript.text, pieces)
        transcript.committed_characters = len(transcript.text)
        self.times_ns = _times(transcript.interval, words, len(pieces))
        del transcript.words[:]
        transcript.words.extend(word for word, _ in words if self._keep_words)
        return True

    def _hide_interim(self, guess: Transcript) -> bool:
        if self.finds_names:
            return False  # more words may make another name of those that came
        certain = guess.text[: guess.committed_characters]
        shown = certain[: personal.decided(certain)]
        pieces = self._numbers.found(shown, guess.interval.start.ToNanoseconds(), is_final=False)
        shown = personal.replaced(shown, pieces)
        guess.text, guess.committed_characters = shown, len(shown)
        return bool(shown)


def _again(text: str, names: Sequence[str]) -> Iterator[Found]:
    """The same names in another text."""
    for name in names:
        yield from (Found(*match.span(), NAME) for match in re.finditer(rf"\b{re.escape(name)}\b", text))


def _words(words: Sequence[Word], pieces: Sequence[Found]) -> list[tuple[Word, bool]]:
    """A piece of several words becomes one, as long as they were; whether each word is a piece."""
    kept, marks, at, last = list[Word](), list[bool](), 0, None
    for word in words:
        start, at = at, at + len(word.text) + 1
        piece = next((each for each in pieces if each.start < at - 1 and start < each.end), None)
        if piece is None or piece is not last:
            word.text = f"[{piece.kind.upper()}]" if piece else word.text
            kept.append(word)
            marks.append(piece is not None)
        else:
            kept[-1].interval.end.CopyFrom(word.interval.end)
            kept[-1].confidence = min(kept[-1].confidence, word.confidence)
        last = piece
    return list(zip(kept, marks, strict=True))


def _times(whole: Interval, words: Sequence[tuple[Word, bool]], count: int) -> list[tuple[int, int]]:
    """From the word before a piece to the word behind it: a recogniser may have heard its first words too late.

    Where words are missing, or are not those of the text, nobody knows when a piece was said.
    """
    spans = [_span(word) for word, _ in words]
    # A word that lasts longer than it can be said has swallowed some of the piece.
    longest = [WORD_NS + LETTER_NS * len(word.text) for word, _ in words]
    ends = [_span(whole)[0], *(min(end, start + most) for (start, end), most in zip(spans, longest, strict=True))]
    starts = [*(max(start, end - most) for (start, end), most in zip(spans, longest, strict=True)), _span(whole)[1]]
    times = [(ends[n], starts[n + 1]) for n, (_, is_piece) in enumerate(words) if is_piece]
    return times if len(times) == count else [_span(whole)]


def _span(said: Interval | Word) -> tuple[int, int]:
    interval = said if isinstance(said, Interval) else said.interval
    return interval.start.ToNanoseconds(), interval.end.ToNanoseconds()
