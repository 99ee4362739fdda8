"""What a translator's model.toml may say under [options], as docs/translation-models.md tells. Must not know text."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from parley.config import Within
from parley.engines import options
from parley.engines.model import ModelSpec


@dataclass(frozen=True, kw_only=True)
class TranslateOptions:
    """From what into what, how text becomes tokens, how answers are searched for, and where texts are cut."""

    pairs: tuple[tuple[str, str], ...] | None = None  # every language into every other

    tokens: Literal["sentencepiece", "words"] = "sentencepiece"
    pieces: str = ""  # the vocabulary's file
    target_pieces: str = ""  # the same, where the target has its own
    prefix: str = ""  # tokens around the source, and at the answer's head
    suffix: str = ""
    target_prefix: str = ""
    codes: dict[str, str] = field(default_factory=dict)  # what the model calls a language
    clean: bool = True  # one spelling of quotes, dashes and spaces

    beam: Annotated[int, Within(1, 32)] = 1
    max_pieces: Annotated[int, Within(1, 4096)] = 128  # of an answer
    repetition_penalty: Annotated[float, Within(0.1, 10)] = 1.0
    no_repeat_ngram: Annotated[int, Within(0, 64)] = 0

    max_words: Annotated[int, Within(0, 10_000)] = 0  # of a sentence in one piece; 0: any number
    max_characters: Annotated[int, Within(20, 100_000)] = 400
    context: Annotated[int, Within(0, 32)] = 0  # sentences that the model hears again with the next one
    glossary: dict[str, str] = field(default_factory=dict)  # phrases of every request, as its own glossary has them
    write_figures: bool = True  # dates, amounts and large numbers of English are put as German and French have them
    keep_names: bool = True  # where one of English is lost on the way to German or French a known one stands in for it
    write_numbers: bool = True  # numbers and dates in English words are written in digits before they are translated

    # Of a model that runs elsewhere (backend openai).
    fallback: str = ""  # name@version of a model here that translates what it does not
    deadline_s: Annotated[float, Within(0.1, 60)] = 4.0  # for a sentence, a second try included
    at_once: Annotated[int, Within(1, 256)] = 32  # sentences that it is asked for at a time
    instructions: str = ""  # more that it is told, e.g. how to address people

    @classmethod
    def of(cls, spec: ModelSpec) -> "TranslateOptions":
        """The table as it is written, checked."""
        return options.read(cls, spec)
