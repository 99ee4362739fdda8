"""Texts -> the names of people in them, a whole batch at once. Must not know streams."""

import re
from collections.abc import Iterator, Sequence

import numpy as np
from tokenizers import Encoding, Tokenizer

from parley.engines import backends
from parley.engines.backends import Placed
from parley.engines.model import ModelSpec
from parley.engines.protocols import Array, Tensors
from parley.errors import BadModel
from services.translate.people.options import NamesOptions

Span = tuple[int, int]  # characters of a text
_WORD = re.compile(r"\w+(?:['\u2019-]\w+)*")
_POSSESSIVE = re.compile(r"['\u2019]s$")


class NamesEngine:
    """Tokens, the graph, words."""

    def __init__(self, tensors: Tensors, tokenizer: Tokenizer, options: NamesOptions) -> None:
        self._tensors, self._tokenizer, self._options = tensors, tokenizer, options

    def run(self, jobs: Sequence[str]) -> Sequence[list[Span]]:
        """The names in each text, from left to right."""
        pieces = [(n, *piece) for n, text in enumerate(jobs) for piece in self._pieces(text, 0)]
        found: list[list[Span]] = [[] for _ in jobs]
        for (n, first, encoding), chances in zip(pieces, self._chances([each for *_, each in pieces]), strict=True):
            sure = chances >= self._options.least
            found[n] += [
                (first + start, first + end)
                for (start, end), is_name in zip(encoding.offsets, sure, strict=False)
                if is_name and start < end
            ]
        return [_names(text, tokens) for text, tokens in zip(jobs, found, strict=True)]

    def _pieces(self, text: str, first: int) -> Iterator[tuple[int, Encoding]]:
        """A text that the graph cannot take at once in halves, cut between words."""
        encoding = self._tokenizer.encode(text)
        middle = text.find(" ", len(text) // 2)
        if len(encoding.ids) <= self._options.longest or middle < 0:
            encoding.truncate(self._options.longest)
            yield first, encoding
        else:
            yield from self._pieces(text[:middle], first)
            yield from self._pieces(text[middle:], first + middle)

    def _chances(self, encodings: Sequence[Encoding]) -> Iterator[Array]:
        """How likely each token belongs to a name."""
        if not encodings:
            return
        length = max(len(each.ids) for each in encodings)
        rows = [[each.ids for each in encodings], [each.attention_mask for each in encodings]]
        rows.append([each.type_ids for each in encodings])
        feeds = {
            name: np.array([[*row, *[0] * (length - len(row))] for row in of], np.int64)
            for name, of in zip(self._options.inputs, rows, strict=False)
        }
        logits = self._tensors.run(feeds)[self._options.output].astype(np.float32)
        powers = np.exp(logits - logits.max(-1, keepdims=True))
        yield from (powers / powers.sum(-1, keepdims=True))[:, :, self._options.of_people].sum(-1)


def _names(text: str, tokens: Sequence[Span]) -> list[Span]:
    """Whole words, of which a part was found; side by side they are one name."""
    found: list[Span] = []
    for word in _WORD.finditer(text):
        start, end = word.start(), word.start() + len(_POSSESSIVE.sub("", word[0]))
        if any(first < end and start < last for first, last in tokens):
            if found and not text[found[-1][1] : start].strip(" .-"):
                found[-1] = (found[-1][0], end)
            else:
                found.append((start, end))
    return found


def tokenizer_of(spec: ModelSpec) -> Tokenizer:
    """The model's own; raises BadModel where it cannot be read."""
    path = spec.folder / NamesOptions.of(spec).tokenizer
    try:
        found = Tokenizer.from_file(str(path))
    except Exception as error:  # the library's own complaint
        raise BadModel(f"{path} is no tokenizer that can be read: {error}") from None
    found.no_padding()
    found.no_truncation()
    return found


def open_engine(spec: ModelSpec) -> Placed[NamesEngine]:
    """Open it and run it, so that the first caller does not pay for it."""
    declared, placed = NamesOptions.of(spec), backends.tensors(spec)
    engine = NamesEngine(placed.model, tokenizer_of(spec), declared)
    try:
        engine.run(["Hello, my name is Ann Lee."] * 2)
    except Exception as error:  # a library's own complaint
        raise BadModel(f"{spec.folder / 'model.toml'}: the graph does not run as [options] say: {error}") from None
    return placed.holding(engine)
