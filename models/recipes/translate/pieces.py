"""The piece vocabulary: one SentencePiece unigram model for three languages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import sentencepiece

from models.recipes.translate.corpus import Pair

PAD, UNKNOWN, START, END = 0, 1, 2, 3
PREFIXES = {"en": "<2en>", "de": "<2de>", "fr": "<2fr>"}


def train(pairs: list[Pair], size: int, model: Path) -> None:
    """Learn `size` pieces from the training part alone."""
    sentences = dict.fromkeys(side for pair in pairs for side in (pair.english, pair.foreign))
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences),
        model_prefix=str(model.with_suffix("")),
        vocab_size=size,
        model_type="unigram",
        byte_fallback=True,
        # Figures are copied digit by digit, so any number can be.
        split_digits=True,
        character_coverage=0.9998,
        normalization_rule_name="nmt_nfkc",
        # Control symbols cannot be typed: a user's "<2de>" stays text.
        control_symbols=",".join(PREFIXES.values()),
        pad_id=PAD,
        unk_id=UNKNOWN,
        bos_id=START,
        eos_id=END,
        num_threads=1,
        minloglevel=1,
    )
    model.with_suffix(".vocab").unlink()


class Pieces:
    """Text to ids and back."""

    def __init__(self, model: Path) -> None:
        self.processor = sentencepiece.SentencePieceProcessor(model_file=str(model))
        self.prefix = {language: self.processor.piece_to_id(token) for language, token in PREFIXES.items()}

    def __len__(self) -> int:
        return int(self.processor.get_piece_size())

    def vocabulary(self) -> list[str]:
        """Every piece, by id."""
        return [self.processor.id_to_piece(index) for index in range(len(self))]

    def encode(self, texts: list[str]) -> list[np.ndarray]:
        """Ids of each text, without prefix or end."""
        return [np.array(ids, dtype=np.uint16) for ids in self.processor.encode(texts)]

    def source(self, text: str, target: str) -> list[str]:
        """What the engine is fed: the wanted language, the pieces, the end."""
        return [PREFIXES[target], *self.processor.encode(text, out_type=str), "</s>"]

    def text(self, pieces: list[str]) -> str:
        """Pieces back to text."""
        return str(self.processor.decode(pieces))
