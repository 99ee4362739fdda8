"""One stream's memory in translate: sentences out, translations said in order. Never awaits, never reads a clock."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from google.protobuf.message import Message

from parley.engines.model import ModelSpec
from parley.v1.translate_pb2 import Fallback, Translation
from services.translate.figures import NO_FIGURES, Figures
from services.translate.languages import ANY_LANGUAGES, Languages
from services.translate.names import NO_NAMES, Names, StandIns
from services.translate.options import TranslateOptions
from services.translate.phrases import Phrases, numbers_in, with_numbers_of
from services.translate.sentence import Instead, Said, Sentence, Translated
from services.translate.sentences import PieceLimits, Sentences
from services.translate.spoken_numbers import in_digits

AT_ONCE = 400  # characters


@dataclass(frozen=True)
class KnownText:
    """Text of which is known which language it is in, or who says it."""

    text: str
    language: str
    speaker: str = ""

    def __len__(self) -> int:
        return len(self.text)


@dataclass(frozen=True)
class _Boundary:
    """All before is whole; what follows is in this language, or in one to be found out, and said by this speaker."""

    language: str
    speaker: str


@dataclass(frozen=True)
class TranslateRequestOptions:
    """What the client and the model ask of a translation stream."""

    source: str  # empty: found out
    target: str  # empty: only find out the source
    phrases: Phrases = field(default_factory=lambda: Phrases({}))
    limits: PieceLimits = field(default_factory=PieceLimits)
    languages: Languages = ANY_LANGUAGES
    before: int = 0  # sentences that the model hears again with the next one
    in_digits: bool = True  # what is said of numbers in English words is written in digits first
    figures: Figures = NO_FIGURES  # which dates and amounts are written for the model, as they shall stand
    names: Names = NO_NAMES  # which others stand in for, where the model does not keep them

    @classmethod
    def of(cls, spec: ModelSpec, source: str, target: str, phrases: Phrases) -> "TranslateRequestOptions":
        """What a model says of its streams, and a request of its own."""
        model, languages = TranslateOptions.of(spec), Languages.of(spec)
        limits = PieceLimits(model.max_words, model.max_characters)
        figures = Figures(target) if model.write_figures else NO_FIGURES
        names = Names(target) if model.keep_names else NO_NAMES
        return cls(source, target, phrases, limits, languages, model.context, model.write_numbers, figures, names)


class TranslationPiece:
    """A sentence on its way: in one piece first; where a phrase does not survive that, the parts around it."""

    def __init__(self, text: str, source: str, speaker: str, options: TranslateRequestOptions) -> None:
        self.text, self.source, self.speaker, self._phrases = text, source, speaker, options.phrases
        self.heard: Translated | None = None  # the first answer
        self.instead: Instead | None = None  # who answered in place of the model, if anybody did
        may_be_english = not source or _is_english(source)  # other languages' numbers are no English words
        self._written = self._phrases.around(text, in_digits) if options.in_digits and may_be_english else text
        self._figures = options.figures if may_be_english else NO_FIGURES
        self._parts = self._phrases.split(self._written, figures=self._figures)
        # In one piece: with figures as they shall stand, and as they were, of which a model may make the same.
        plain = self._phrases.split(self._written)
        self._whole = list(dict.fromkeys(["".join(self._parts), "".join(plain)]))
        self._done: list[str] = []  # of its parts: what stands before the next one
        self._names = options.names
        self._stand_ins: deque[StandIns] = deque()  # the next to try
        self._without = ""  # the translation that has lost a name

    @property
    def language(self) -> str:
        """Which it was taken for; empty: not known yet."""
        return self.heard.source if self.heard else ""

    @property
    def confidence(self) -> float:
        """How sure that is."""
        return self.heard.confidence if self.heard else 0.0

    @property
    def asked(self) -> str:
        """What is to be translated next, with the space around it."""
        if self._stand_ins:
            return self._stand_ins[0].text
        return self._whole[0] if self._whole else self._parts[len(self._done)]

    @property
    def keep(self) -> tuple[str, ...]:
        """Phrases in it that stand as they shall in the translation."""
        return tuple(self._parts[1::2]) if self._whole else ()

    def answer(self, result: Translated) -> str | None:
        """The translation, once there is nothing left to ask, with the space put back."""
        self.instead = self.instead or result.instead
        self.heard = self.heard or result
        if result.instead and not result.instead.model:
            return ""
        asked = self.asked
        text = asked.replace(asked.strip(), result.text, 1) if asked.strip() else asked
        if self._whole:
            text = with_numbers_of(asked, text)
            return self._whole_answer(asked, text)
        self._done.append(asked if numbers_in(text) and not numbers_in(asked) else text)
        self._done += self._parts[len(self._done) : len(self._done) + 1]
        return "".join(self._done) if len(self._done) == len(self._parts) else None

    def _whole_answer(self, asked: str, text: str) -> str | None:
        stands = Phrases.stand(self._parts, text)
        if self._stand_ins:
            return self._named(text if stands else "")
        if not stands:
            self._go_on()
            return None
        self._without = text
        self._stand_ins.extend(self._for_lost_names(asked, text))
        return None if self._stand_ins else text

    def _for_lost_names(self, asked: str, text: str) -> Iterator[StandIns]:
        """The model is asked once more, with names that it knows. Phrases are no names."""
        if _is_english(self.language) and self._names.lost(asked, text):
            found = self._names.find(asked)
            yield from StandIns.tries(asked, [n for n in found if not any(n.text in phrase for phrase in self.keep)])

    def _named(self, text: str) -> str | None:
        """With the names put back, or the first translation where nobody's stand-in survives."""
        named = self._stand_ins.popleft().back(text)
        return named or (None if self._stand_ins else self._without)

    def _go_on(self) -> None:
        """Another whole, or its parts, numbers among them."""
        del self._whole[0]
        if not self._whole:
            self._parts = self._phrases.split(self._written, numbers=True, figures=self._figures)


def _is_english(language: str) -> bool:
    return language == "en" or language.startswith("en-")


class TranslateSession:
    """Hears text, hands out sentences, says translations."""

    def __init__(self, options: TranslateRequestOptions) -> None:
        self._options = options
        self._sentences = Sentences(options.limits, options.phrases)
        self._unread: deque[str | _Boundary] = deque()  # no sentence was looked for in it yet
        self._language = self._speaker = ""  # of the text that comes; and of the text that is read
        self._source, self._said_by = options.source, ""
        self._waiting: deque[TranslationPiece] = deque()
        self._before: deque[Said] = deque(maxlen=options.before)
        self._spoken = ""

    def feed(self, item: str | KnownText) -> Iterator[Message]:
        """More text."""
        known = KnownText(item, "") if isinstance(item, str) else item
        text = known.text
        if (known.language, known.speaker) != (self._language, self._speaker):
            self._language, self._speaker = known.language, known.speaker
            self._unread.append(_Boundary(known.language, known.speaker))
        self._unread.extend(text[at : at + AT_ONCE] for at in range(0, len(text), AT_ONCE))
        return iter(())

    def flush(self) -> Iterator[Message]:
        """Treat the held text as a whole sentence."""
        self._unread.append(_Boundary(self._language, self._speaker))
        return iter(())

    def finish(self) -> Iterator[Message]:
        """Treat the rest of the text as a whole sentence."""
        return self.flush()

    def _read(self) -> None:
        """Look for sentences, in a little text at a time: meanwhile every other stream waits."""
        while self._unread and not self._waiting:
            next_ = self._unread.popleft()
            found = self._sentences.feed(next_) if isinstance(next_, str) else self._sentences.finish()
            self._waiting.extend(TranslationPiece(each, self._source, self._said_by, self._options) for each in found)
            if isinstance(next_, _Boundary):
                self._source = self._options.source or self._options.languages.named(next_.language)
                self._said_by = next_.speaker

    def next_job(self) -> Sentence | None:
        """The next text, without the space around it."""
        self._read()
        if not self._waiting:
            return None
        options, piece = self._options, self._waiting[0]
        source = piece.source or piece.language
        return Sentence(
            piece.asked.strip(),
            source,
            options.target,
            self._spoken,
            tuple(self._before),
            piece.speaker,
            piece.keep,
            by_fallback=piece.instead is not None,
        )

    def absorb(self, result: Translated) -> Iterator[Message]:
        """Say a piece when all of it is done."""
        piece = self._waiting[0]
        text = piece.answer(result)
        self._spoken = result.source or self._spoken
        if text is not None:
            self._waiting.popleft()
            if text.strip() and self._reaches(piece):
                self._before.append(Said(piece.text.strip(), text.strip(), piece.speaker))
            yield self._event(piece, text)

    def _reaches(self, piece: TranslationPiece) -> bool:
        """Whether the model goes from the piece's language to the one wanted."""
        return self._options.languages.way(piece.language, self._options.target) is not None

    def _event(self, piece: TranslationPiece, text: str) -> Translation:
        return Translation(
            source_text=piece.text,
            text=text if self._options.target and self._reaches(piece) else "",
            source_language=piece.language,
            target_language=self._options.target,
            source_confidence=piece.confidence,
            fallback=Fallback(**vars(piece.instead)) if piece.instead else None,
        )
