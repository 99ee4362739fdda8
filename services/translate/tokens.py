"""Text <-> a model's tokens, as its model.toml says. Must not know streams.

[options] of a SentencePiece model; {source} and {target} stand for languages, or for what [options.codes] calls them:
    pieces         the vocabulary's file; target_pieces where the target has one of its own
    prefix suffix  tokens around the source, e.g. "<2{target}>" or ">>{target}<<", and "</s>"
    target_prefix  tokens that the answer begins with, e.g. "{target}"
    clean          true: one spelling of quotes, dashes and spaces, as the embedded model learnt it
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from parley.engines import options
from parley.engines.model import ModelSpec
from parley.engines.protocols import Tokens
from parley.errors import BadModel
from parley.extras import install
from services.translate.options import TranslateOptions
from services.translate.spelling import clean

if TYPE_CHECKING:
    from sentencepiece import SentencePieceProcessor


class Tokenizer(Protocol):
    """How a model's text becomes tokens and comes back."""

    def source(self, text: str, source: str, target: str) -> Tokens:
        """What the model is fed."""

    def prompt(self, text: str, source: str, target: str) -> Tokens:
        """What its answer begins with. said: what has been said already."""

    def text(self, tokens: Tokens) -> str:
        """What it wrote, its prompt left out."""


class WordTokenizer:
    """A token is what stands between spaces."""

    def source(self, text: str, source: str, target: str) -> Tokens:
        """The words."""
        return text.split(" ")

    def prompt(self, text: str, source: str, target: str) -> Tokens:
        """What was said."""
        return text.split()

    def text(self, tokens: Tokens) -> str:
        """The words again."""
        return " ".join(tokens)


@dataclass(frozen=True)
class Frame:
    """The tokens that a model wants around the text's own."""

    prefix: str = ""
    suffix: str = ""
    target_prefix: str = ""


class PieceTokenizer:
    """SentencePiece."""

    def __init__(
        self,
        pieces: "tuple[SentencePieceProcessor, SentencePieceProcessor]",
        frame: Frame,
        codes: Mapping[str, str],
        spell: Callable[[str], str],
    ) -> None:
        self._source, self._target = pieces
        self._frame, self._codes, self._spell = frame, codes, spell

    def source(self, text: str, source: str, target: str) -> Tokens:
        """The text's pieces between prefix and suffix."""
        pieces = self._source.encode(self._spell(text), out_type=str)
        return [*self._fill(self._frame.prefix, source, target), *pieces, *self._fill(self._frame.suffix, "", "")]

    def prompt(self, text: str, source: str, target: str) -> Tokens:
        """The language wanted, where the model is told it in the answer, and the pieces said."""
        pieces = self._target.encode(text, out_type=str) if text else []
        return [*self._fill(self._frame.target_prefix, source, target), *pieces]

    def text(self, tokens: Tokens) -> str:
        """Pieces put together."""
        return str(self._target.decode(tokens))

    def _fill(self, template: str, source: str, target: str) -> Tokens:
        return _filled(template, self._codes.get(source, source), self._codes.get(target, target)).split()


def _filled(template: str, source: str, target: str) -> str:
    """No more than that: a format could make a text without end of a few letters."""
    return template.replace("{source}", source).replace("{target}", target)


def words(spec: ModelSpec) -> Tokenizer:
    """For the echo model."""
    return WordTokenizer()


def sentencepiece(spec: ModelSpec) -> Tokenizer:
    """From the files and options of a model."""
    try:
        from sentencepiece import SentencePieceProcessor
    except ModuleNotFoundError:
        raise BadModel(f"SentencePiece needs the package sentencepiece; {install('serve')}.") from None

    declared = TranslateOptions.of(spec)
    if not declared.pieces:
        raise options.fault(spec, 'options.pieces is missing; name the vocabulary, e.g. pieces = "source.spm".')

    def opened(file: str) -> SentencePieceProcessor:
        try:
            return SentencePieceProcessor(model_proto=spec.bytes_of(file))
        except RuntimeError:
            raise BadModel(f"{spec.folder / file} is no SentencePiece model; get the file again.") from None

    source = opened(declared.pieces)
    target = opened(declared.target_pieces) if declared.target_pieces else source
    return PieceTokenizer((source, target), _frame(spec, declared), declared.codes, clean if declared.clean else str)


def _frame(spec: ModelSpec, declared: TranslateOptions) -> Frame:
    templates = {"prefix": declared.prefix, "suffix": declared.suffix, "target_prefix": declared.target_prefix}
    for name, template in templates.items():
        if set("{}") & set(_filled(template, "", "")):
            raise options.fault(spec, f"options.{name} is {template!r}; only {{source}} and {{target}} are known.")
    return Frame(**templates)


TOKENIZERS: Mapping[str, Callable[[ModelSpec], Tokenizer]] = {"sentencepiece": sentencepiece, "words": words}


def open_tokenizer(spec: ModelSpec) -> Tokenizer:
    """The one that options.tokens names."""
    return TOKENIZERS[TranslateOptions.of(spec).tokens](spec)
