"""One stream's memory in translate: sentences out, translations said in order. Never awaits, never reads a clock."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from google.protobuf.message import Message

from parley.v1.translate_pb2 import Translation
from services.translate.engine import Sentence, Translated
from services.translate.languages import ANY_LANGUAGES, Languages
from services.translate.phrases import Phrases, numbers_in, with_numbers_of
from services.translate.sentences import PieceLimits, Sentences

AT_ONCE = 400  # characters


@dataclass(frozen=True)
class KnownText:
    """Text whose language was heard."""

    text: str
    language: str

    def __len__(self) -> int:
        return len(self.text)


@dataclass(frozen=True)
class _Boundary:
    """All before is whole; what follows is in this language, or in one to be found out."""

    language: str


@dataclass(frozen=True)
class TranslateRequestOptions:
    """What the client and the model ask of a translation stream."""

    source: str  # empty: found out
    target: str  # empty: only find out the source
    phrases: Phrases = field(default_factory=lambda: Phrases({}))
    limits: PieceLimits = field(default_factory=PieceLimits)
    languages: Languages = ANY_LANGUAGES
    before: int = 0  # sentences that the model hears again with the next one


class TranslationPiece:
    """A sentence on its way: in one piece first; where a phrase does not survive that, the parts around it."""

    def __init__(self, text: str, phrases: Phrases, source: str) -> None:
        self.text, self.source, self._phrases = text, source, phrases
        self.heard = Translated("", "", 0.0)  # the first answer
        self._parts = phrases.split(text)
        self._done: list[str] | None = None  # what stands before the next part; None: asked in one piece

    @property
    def asked(self) -> str:
        """What is to be translated next, with the space around it."""
        return "".join(self._parts) if self._done is None else self._parts[len(self._done)]

    def answer(self, result: Translated) -> str | None:
        """The translation, once there is nothing left to ask, with the space put back."""
        asked = self.asked
        text = asked.replace(asked.strip(), result.text, 1) if asked.strip() else asked
        if self._done is None:
            self.heard, self._done = result, []
            text = with_numbers_of(asked, text)
            if Phrases.stand(self._parts, text):
                return text
            self._parts = self._phrases.split(self.text, numbers=True)
            return None
        self._done.append(asked if numbers_in(text) and not numbers_in(asked) else text)
        self._done += self._parts[len(self._done) : len(self._done) + 1]
        return "".join(self._done) if len(self._done) == len(self._parts) else None


class TranslateSession:
    """Hears text, hands out sentences, says translations."""

    def __init__(self, options: TranslateRequestOptions) -> None:
        self._options = options
        self._sentences = Sentences(options.limits, options.phrases)
        self._unread: deque[str | _Boundary] = deque()  # no sentence was looked for in it yet
        self._language = ""  # of the text that comes; and of the text that is read
        self._source = options.source
        self._waiting: deque[TranslationPiece] = deque()
        self._before: deque[tuple[str, str]] = deque(maxlen=options.before)
        self._spoken = ""

    def feed(self, item: str | KnownText) -> Iterator[Message]:
        """More text."""
        text, language = (item, "") if isinstance(item, str) else (item.text, item.language)
        if language != self._language:
            self._language = language
            self._unread.append(_Boundary(language))
        self._unread.extend(text[at : at + AT_ONCE] for at in range(0, len(text), AT_ONCE))
        return iter(())

    def flush(self) -> Iterator[Message]:
        """Treat the held text as a whole sentence."""
        self._unread.append(_Boundary(self._language))
        return iter(())

    def finish(self) -> Iterator[Message]:
        """Treat the rest of the text as a whole sentence."""
        return self.flush()

    def _read(self) -> None:
        """Look for sentences, in a little text at a time: meanwhile every other stream waits."""
        while self._unread and not self._waiting:
            next_ = self._unread.popleft()
            found = self._sentences.feed(next_) if isinstance(next_, str) else self._sentences.finish()
            self._waiting.extend(TranslationPiece(each, self._options.phrases, self._source) for each in found)
            if isinstance(next_, _Boundary):
                self._source = self._options.source or self._options.languages.named(next_.language)

    def next_job(self) -> Sentence | None:
        """The next text, without the space around it."""
        self._read()
        if not self._waiting:
            return None
        options, piece = self._options, self._waiting[0]
        source = piece.source or piece.heard.source
        return Sentence(piece.asked.strip(), source, options.target, self._spoken, tuple(self._before))

    def absorb(self, result: Translated) -> Iterator[Message]:
        """Say a piece when all of it is done."""
        piece = self._waiting[0]
        text = piece.answer(result)
        self._spoken = result.source or self._spoken
        if text is not None:
            self._waiting.popleft()
            if text.strip() and self._reaches(piece):
                self._before.append((piece.text.strip(), text.strip()))
            yield self._event(piece, text)

    def _reaches(self, piece: TranslationPiece) -> bool:
        """Whether the model goes from the piece's language to the one wanted."""
        return self._options.languages.way(piece.heard.source, self._options.target) is not None

    def _event(self, piece: TranslationPiece, text: str) -> Translation:
        return Translation(
            source_text=piece.text,
            text=text if self._options.target and self._reaches(piece) else "",
            source_language=piece.heard.source,
            target_language=self._options.target,
            source_confidence=piece.heard.confidence,
        )
