"""What the model.toml of a model that finds names may say under [options], checked when it is read.

A BERT for token classification, as exported to ONNX, needs no more than

    [options]
    finds = "names"
    labels = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC"]
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from parley.config import Within
from parley.engines import options
from parley.engines.model import ModelSpec


@dataclass(frozen=True, kw_only=True)
class NamesOptions:
    """What the graph is fed, and which of its labels are names of people."""

    finds: Literal["names"] = "names"
    labels: tuple[str, ...] = ()  # of each token, as the graph orders them: O, B-X, I-X
    people: tuple[str, ...] = ("PER", "PERSON")  # the X that are names of people
    least: Annotated[float, Within(0.01, 0.99)] = 0.5  # as likely as this, a token belongs to one
    longest: Annotated[int, Within(16, 8192)] = 512  # tokens that the graph takes at once
    tokenizer: str = "tokenizer.json"
    inputs: tuple[str, ...] = ("input_ids", "attention_mask", "token_type_ids")  # tokens, which count, which sentence
    output: str = "logits"

    @classmethod
    def of(cls, spec: ModelSpec) -> "NamesOptions":
        """Of this model."""
        return options.read(cls, spec)

    @property
    def of_people(self) -> list[int]:
        """Places of the labels that are names of people."""
        return [n for n, label in enumerate(self.labels) if label.partition("-")[2] in self.people]


def finds_names(spec: ModelSpec) -> bool:
    """Whether a model of the translate folder is one of these."""
    return "finds" in spec.options
