"""One stream's memory in translate: sentences out, translations said in order. Never awaits, never reads a clock."""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from google.protobuf.message import Message

from parley.v1.translate_pb2 import Translation
from services.translate.engine import Sentence
from services.translate.sentences import Sentences


@dataclass(frozen=True)
class Wishes:
    """From what into what, and what becomes of some phrases."""

    source: str
    target: str
    glossary: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Piece:
    """A sentence on its way: `parts` are translated one by one, glossary phrases between them are not."""

    text: str
    parts: list[str]
    done: list[str] = field(default_factory=list)


class TranslateSession:
    """Hears text, hands out sentences, says translations."""

    def __init__(self, wishes: Wishes) -> None:
        self._wishes = wishes
        self._sentences = Sentences()
        self._waiting: deque[Piece] = deque()
        phrases = sorted(map(re.escape, wishes.glossary), key=len, reverse=True)
        self._phrase = re.compile(f"({'|'.join(phrases)})") if phrases else None

    def feed(self, item: str) -> Iterator[Message]:
        """More text."""
        return self._queue(self._sentences.feed(item))

    def flush(self) -> Iterator[Message]:
        """What is held is a whole sentence."""
        return self._queue(self._sentences.finish())

    def finish(self) -> Iterator[Message]:
        """So is what is left at the end."""
        return self.flush()

    def _queue(self, texts: list[str]) -> Iterator[Message]:
        for text in texts:
            self._waiting.append(Piece(text, self._phrase.split(text) if self._phrase else [text]))
        return iter(())

    def next_job(self) -> Sentence | None:
        """The next part that is not a glossary phrase, without the space around it."""
        if not self._waiting:
            return None
        piece = self._waiting[0]
        return Sentence(piece.parts[len(piece.done)].strip(), self._wishes.source, self._wishes.target)

    def absorb(self, result: str) -> Iterator[Message]:
        """Put the space back, the phrases in, and say a piece when all of it is done."""
        piece = self._waiting[0]
        part = piece.parts[len(piece.done)]
        piece.done.append(part.replace(part.strip(), result, 1) if part.strip() else part)
        if len(piece.done) < len(piece.parts):
            phrase = piece.parts[len(piece.done)]
            piece.done.append(self._wishes.glossary[phrase] or phrase)
        if len(piece.done) == len(piece.parts):
            self._waiting.popleft()
            yield self._said(piece)

    def _said(self, piece: Piece) -> Translation:
        wishes, text = self._wishes, "".join(piece.done)
        return Translation(
            source_text=piece.text, text=text, source_language=wishes.source, target_language=wishes.target
        )
