"""A model that knows a few names: each word's label is looked up in a table."""

from hashlib import sha256
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from parley.engines.backends import echo
from parley.engines.model import ModelSpec, read_spec
from tests.parley.backends import tiny

LABELS = ["O", "B-PER", "I-PER", "B-LOC"]
WORDS = {"ann": 1, "lee": 2, "bob": 1, "peter": 1, "miller": 2, "maria": 1, "garcia": 2, "paris": 3}
WORDS |= dict.fromkeys(echo.WORDS[::2], 1)  # so that what the echo hears has names
TOML = """
name = "lookup"
version = "1"
stage = "translate"
backend = "onnx"
license = "Apache-2.0"

[files]
"model.onnx" = "{graph}"
"tokenizer.json" = "{tokenizer}"

[options]
finds = "names"
labels = {labels}
inputs = ["input_ids"]
longest = 16
"""


def write(root: Path) -> ModelSpec:
    """Into a folder of models."""
    folder = root / "translate" / "lookup" / "1"
    folder.mkdir(parents=True)
    tokenizer = Tokenizer(models.WordLevel({"?": 0} | {word: n + 1 for n, word in enumerate(WORDS)}, unk_token="?"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    table = np.zeros((len(WORDS) + 1, len(LABELS)), np.float32)
    table[np.arange(len(table)), [0, *WORDS.values()]] = 5.0
    look_up = tiny.node("Gather", "table input_ids", "logits")
    ids, logits = {"input_ids": ("texts", "tokens")}, {"logits": ("texts", "tokens", len(LABELS))}
    (folder / "model.onnx").write_bytes(tiny.written([look_up], ids, logits, {"table": table}, takes="int64"))
    sums = {name: sha256((folder / name).read_bytes()).hexdigest() for name in ("model.onnx", "tokenizer.json")}
    told = TOML.format(graph=sums["model.onnx"], tokenizer=sums["tokenizer.json"], labels=LABELS)
    (folder / "model.toml").write_text(told.replace("'", '"'))
    return read_spec(folder)
