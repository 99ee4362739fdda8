"""Tokens -> words and text -> tokens. Must not know which model wrote them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from tokenizers import Tokenizer

from parley.engines.protocols import Tokens

UNSPACED = frozenset(("zh", "yue", "ja", "th", "lo", "my"))  # written without blanks: what can be read alone is a word


@dataclass(frozen=True)
class WordPiece:
    """One word with the blank before it, and its tokens: from `first` to before `last`."""

    text: str
    first: int
    last: int


class Spelling(Protocol):
    """Tokens <-> words, for one kind of vocabulary."""

    def pieces(self, tokens: Tokens, language: str) -> list[WordPiece]:
        """The words of these tokens; joined, they are the text."""

    def tokens(self, text: str) -> Tokens:
        """The tokens of a text."""

    def raw(self, token: str) -> bytes:
        """What a token writes; a letter may need several."""


class PlainSpelling:
    """Each token is a word, blank included."""

    def pieces(self, tokens: Tokens, language: str) -> list[WordPiece]:
        """One word a token; an empty one is none."""
        return [WordPiece(token, n, n + 1) for n, token in enumerate(tokens) if token]

    def tokens(self, text: str) -> Tokens:
        """One token a word."""
        return [f" {word}" for word in text.split()]

    def raw(self, token: str) -> bytes:
        """The token itself."""
        return token.encode()


class ByteLevel:
    """GPT-2's subwords, whose letters stand for bytes, as a tokenizer.json defines them."""

    def __init__(self, definition: bytes) -> None:
        self._definition = definition

    def pieces(self, tokens: Tokens, language: str) -> list[WordPiece]:
        """A token with a blank begins a word; where none are written, one that completes a letter ends a word."""
        pieces: list[WordPiece] = []
        first, written = 0, b""
        for n, token in enumerate(tokens):
            written += self.raw(token)
            following = _BLANK if n + 1 == len(tokens) else tokens[n + 1]
            if following.startswith(_BLANK) or (language in UNSPACED and _is_whole(written)):
                pieces.append(WordPiece(written.decode(errors="replace"), first, n + 1))
                first, written = n + 1, b""
        return pieces

    def tokens(self, text: str) -> Tokens:
        """The text cut into the model's own tokens."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).tokens)

    def raw(self, token: str) -> bytes:
        """The bytes that the token's letters stand for."""
        return bytes(_BYTES[letter] for letter in token)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        return Tokenizer.from_buffer(self._definition)


def _letters() -> dict[str, int]:
    """Bytes that print stand for themselves; the others are moved to where letters are that do."""
    kept = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    moved = [byte for byte in range(256) if byte not in kept]
    return {chr(byte): byte for byte in kept} | {chr(256 + n): byte for n, byte in enumerate(moved)}


_BYTES = _letters()
_BLANK = chr(256 + 0x20)


def _is_whole(written: bytes) -> bool:
    return "\ufffd" not in written.decode(errors="replace")
