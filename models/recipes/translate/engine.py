"""The exported model as the service will run it: pieces in, CTranslate2, pieces out."""

from __future__ import annotations

from pathlib import Path

import ctranslate2

from models.recipes.translate.pieces import Pieces

BEAM = 2
GUARD = 4  # no four pieces twice in one translation: stops loops, leaves real refrains alone
LONGEST = 160


class Engine:
    """One model folder on one thread."""

    def __init__(
        self, folder: Path, compute: str = "int8", beam: int = BEAM, guard: int = GUARD, longest: int = LONGEST
    ) -> None:
        self.vocabulary = Pieces(folder / "pieces.model")
        self._beam, self._guard, self._longest = beam, guard, longest
        self._translator = ctranslate2.Translator(
            str(folder), device="cpu", compute_type=compute, inter_threads=1, intra_threads=1
        )

    def pieces(self, sources: list[list[str]], batch: int = 16) -> list[list[str]]:
        """The best hypothesis for each source."""
        results = self._translator.translate_batch(
            sources,
            beam_size=self._beam,
            no_repeat_ngram_size=self._guard,
            max_decoding_length=self._longest,
            max_batch_size=batch,
        )
        return [result.hypotheses[0] for result in results]

    def translate(self, texts: list[str], target: str, batch: int = 16) -> list[str]:
        """Plain text to plain text."""
        sources = [self.vocabulary.source(text, target) for text in texts]
        return [self.vocabulary.text(pieces) for pieces in self.pieces(sources, batch)]
