"""A folder of Whisper's files -> how it is to be asked: the model.toml that nobody wants to write. Must not run it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from parley.engines import weights, whisper
from parley.engines.model import ModelRef, ModelSpec
from parley.engines.weights import Weights
from parley.errors import BadModel
from parley.store.contents import NEEDED, VOCABULARIES, WEIGHTS

KIND = "WhisperSpec"
NOWHERE: Mapping[str, Any] = {}
SIZES = {(384, 4): "tiny", (512, 6): "base", (768, 12): "small", (1024, 24): "medium", (1280, 32): "large"}
DISTILLED, TURBO = 2, 4  # layers that are left of a decoder
THIRD = 128  # mel bands of large-v3 and what is made from it; all others have 80


@dataclass(frozen=True)
class ModelFiles:
    """What a model's files say about it."""

    spec: ModelSpec
    width: int
    mels: int
    encoders: int
    decoders: int
    is_multilingual: bool

    @property
    def name(self) -> str:
        """The usual name of a Whisper of this shape, e.g. small."""
        size = SIZES.get((self.width, self.encoders), f"{self.width}x{self.encoders}")
        distilled = "distil-" if self.decoders == DISTILLED < self.encoders else ""
        third = "-v3" if size == "large" and self.mels == THIRD else ""
        turbo = "-turbo" if self.decoders == TURBO < self.encoders else ""
        return f"{distilled}whisper-{size}{third}{turbo}{'' if self.is_multilingual else '.en'}"


def look(folder: Path) -> ModelFiles:
    """Reads the files; raises BadModel where they do not belong together."""
    found = weights.read(folder / WEIGHTS)
    if found.kind != KIND:
        raise BadModel(f"{found.path} is a {found.kind or 'nameless model'}; a recogniser is a {KIND}.")
    spec = ModelSpec(ModelRef("model", "1"), "asr", "ctranslate2", folder, files=_sums(folder))
    vocabulary = whisper.vocabulary(spec)
    _check(folder, spec, found, vocabulary)
    width, mels, _ = found.shape("encoder/conv1/weight")
    many = whisper.is_multilingual(vocabulary)
    return ModelFiles(spec, width, mels, found.layers("encoder"), found.layers("decoder"), many)


def _sums(folder: Path) -> dict[str, str]:
    return {name: _sum(folder / name) for name in (*NEEDED, *VOCABULARIES, WEIGHTS) if (folder / name).is_file()}


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(folder: Path, spec: ModelSpec, found: Weights, vocabulary: list[str]) -> None:
    """The files must be of one model."""
    names, rows = (
        next(n for n in spec.files if n.startswith("vocabulary.")),
        found.shape("decoder/embeddings/weight")[0],
    )
    if len(vocabulary) != rows:
        fault = f"has {len(vocabulary)} tokens, and {WEIGHTS} knows {rows}"
        raise BadModel(f"{folder / names} {fault}; they are of different models.")
    try:
        json.loads(spec.bytes_of("config.json"))
    except ValueError:
        raise BadModel(f"{folder / 'config.json'} is not JSON; get the file again.") from None
    try:
        spelt = Tokenizer.from_buffer(spec.bytes_of("tokenizer.json"))
    except Exception as error:  # the library raises nothing narrower
        raise BadModel(f"{folder / 'tokenizer.json'} cannot be read ({error}); get the file again.") from None
    if spelt.token_to_id(whisper.END) != vocabulary.index(whisper.END):
        raise BadModel(f"{folder / 'tokenizer.json'} numbers its tokens otherwise than {names}; get the right one.")


def options(found: ModelFiles) -> dict[str, Any]:
    """The `[options]` for model.toml."""
    vocabulary = whisper.vocabulary(found.spec)
    # The first distilled models were taught on single pieces without the text before them.
    reads = found.decoders != DISTILLED or found.mels == THIRD
    return {
        "architecture": "whisper",
        "features": "log-mel",
        "n_mels": found.mels,
        "tokenizer": "tokenizer.json",
        "prompt": whisper.prompt(vocabulary),
        "reads_prompts": reads,
        "short_context": False,  # nobody's weights bear it unless they were taught it
    }


def written(
    ref: ModelRef,
    found: ModelFiles,
    more: Mapping[str, Any],
    metrics: Mapping[str, Any],
    provenance: Mapping[str, Any] = NOWHERE,
) -> str:
    """The model.toml; `provenance` is its licence, and the table that says where it comes from."""
    known = whisper.languages(whisper.vocabulary(found.spec))
    head = {"name": ref.name, "version": ref.version, "stage": "asr", "backend": "ctranslate2", "languages": known}
    head |= {key: value for key, value in provenance.items() if key == "license"}
    origin = provenance.get("source", {})
    tables = {"source": origin, "files": found.spec.files, "options": {**options(found), **more}, "metrics": metrics}
    return _lines(head) + "".join(f"\n[{name}]\n{_lines(table)}" for name, table in tables.items() if table)


def _lines(table: Mapping[str, Any]) -> str:
    """Texts, numbers, truths and lists are in TOML as they are in JSON."""
    return "".join(f"{_key(key)} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in table.items())


def _key(key: str) -> str:
    return key if key.replace("_", "").isalnum() else json.dumps(key)
