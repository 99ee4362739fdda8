"""The tokenizer: byte-level subwords, and the special tokens that Whisper's decoders look for by name."""

from __future__ import annotations

import string
from collections.abc import Iterable, Sequence
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

TEXT = 1280
SPECIALS = (
    "<|endoftext|>",
    "<|startoftranscript|>",
    "<|en|>",
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
)
STAMPS = 1501
STAMP_S = 0.02


def train(texts: Sequence[str], path: Path) -> None:
    """Learn the subwords, number the specials after them as Whisper's engines expect, and save."""
    # Engines suppress a blank that stands alone: it must merge with its letter before any other two letters do.
    guaranteed = (f" {letter}" * len(texts) for letter in string.ascii_letters + "-'")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=TEXT, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([*guaranteed, *(f" {text}" for text in texts)], trainer)
    assert tokenizer.get_vocab_size() == TEXT, "too little text to learn from"
    assert not any(tokenizer.token_to_id("\u0120") in tokenizer.encode(f" {text}").ids for text in texts[:5000])
    tokenizer.add_special_tokens([*SPECIALS, *(f"<|{n * STAMP_S:.2f}|>" for n in range(STAMPS))])
    tokenizer.save(str(path))


class Tokens:
    """Text to ids and back; ids of the specials by attribute."""

    def __init__(self, path: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(path))
        self.end, self.start = self.id("<|endoftext|>"), self.id("<|startoftranscript|>")
        self.no_speech, self.no_stamps = self.id("<|nospeech|>"), self.id("<|notimestamps|>")
        self.size = self._tokenizer.get_vocab_size()

    def id(self, name: str) -> int:
        """The number of a token."""
        found = self._tokenizer.token_to_id(name)
        assert found is not None, name
        return int(found)

    def stamp(self, at_s: float) -> int:
        """A time's token, on a grid of a tenth of a second: finer ones would rarely be learned."""
        return self.no_stamps + 1 + round(min(max(at_s, 0.0), 30.0) * 10) * round(0.1 / STAMP_S)

    def encode(self, words: Sequence[str]) -> list[list[int]]:
        """The tokens of each word, its leading blank included."""
        return [self._tokenizer.encode(f" {word}").ids for word in words]

    def text(self, ids: Iterable[int]) -> str:
        """Only what is text."""
        return str(self._tokenizer.decode([i for i in ids if i < self.end])).strip()

    def begins_word(self, token: int) -> bool:
        """Whether it starts with a blank."""
        return str(self._tokenizer.id_to_token(token)).startswith("\u0120")

    def vocabulary(self) -> list[str]:
        """Every token by number."""
        return [str(self._tokenizer.id_to_token(number)) for number in range(self.size)]

    def not_for_speech(self) -> list[int]:
        """What is never to be written: all specials but the end."""
        return [self.id(name) for name in SPECIALS if name != "<|endoftext|>"]
