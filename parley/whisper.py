"""What every Whisper has in common, whatever library runs it: its special tokens and its vocabulary."""

import json
from collections.abc import Sequence

from parley.engine import Tokens
from parley.errors import BadModel
from parley.model import ModelSpec

START, END, NO_TIMES = "<|startoftranscript|>", "<|endoftext|>", "<|notimestamps|>"
ANY = "<|language|>"  # in a prompt: fill in the language that is heard
STRIDE = 2  # frames in one position of the encoder


def vocabulary(spec: ModelSpec) -> list[str]:
    """Every token by its number."""
    names = [name for name in spec.files if name.startswith("vocabulary.")]
    if len(names) != 1:
        raise BadModel(f"{spec.folder / 'model.toml'} must list one vocabulary.json or vocabulary.txt under [files].")
    text = spec.bytes_of(names[0]).decode()
    tokens: list[str] = json.loads(text) if names[0].endswith(".json") else text.splitlines()
    if END not in tokens:
        raise BadModel(f"{spec.folder / names[0]} lacks {END}, which a Whisper model has.")
    return tokens


def task(prompt: Sequence[str]) -> Tokens:
    """What a prompt says of the task: text before it, and how times are written, do not matter to an alignment."""
    return [token for token in prompt[list(prompt).index(START) :] if token != NO_TIMES]


def bare(language: str) -> str:
    """`<|en|>` -> `en`."""
    return language.strip("<|>")
