"""A folder as Hugging Face's transformers has it: what a converter may see, how the result is asked. Must not run it.

Weights are taken as safetensors alone: a pickle could run any program while it is read. Nothing that is code is shown.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parley.errors import BadInput

CONFIG, TOKENIZER, SAFE = "config.json", "tokenizer_config.json", ".safetensors"
SHOWN = (".json", ".txt", ".model", ".spm", SAFE)  # suffixes
WHISPER, MARIAN, NLLB = "whisper", "marian", "m2m_100"
STAGES = {WHISPER: "asr", MARIAN: "translate", NLLB: "translate"}
ALONG = {  # what a served model needs beside what is converted; the first is what no conversion makes
    WHISPER: ("tokenizer.json", "preprocessor_config.json"),
    MARIAN: ("source.spm", "target.spm"),
    NLLB: ("sentencepiece.bpe.model",),
}


@dataclass(frozen=True)
class Checkpoint:
    """One such folder."""

    folder: Path
    kind: str

    @property
    def stage(self) -> str:
        """What it is for."""
        return STAGES[self.kind]

    @property
    def along(self) -> list[str]:
        """Files that are copied as they are."""
        return [name for name in ALONG[self.kind] if (self.folder / name).is_file()]

    def shown(self, out: Path) -> Path:
        """The files that the converter may see, by themselves."""
        out.mkdir()
        for path in self.folder.iterdir():
            if path.is_file() and path.suffix in SHOWN:
                (out / path.name).symlink_to(path.resolve())
        return out

    def options(self, languages: Sequence[str], codes: Mapping[str, str]) -> dict[str, Any]:
        """`languages` and `[options]` of a translator's model.toml; a language may come with its code: fi=fin_Latn."""
        given = dict(each.partition("=")[::2] for each in languages)
        if self.kind == MARIAN:
            return self._marian(list(given) or self._pair())
        unknown = [name for name, code in given.items() if not (code or name in codes)]
        if unknown:
            raise BadInput(f"What does the model call {unknown[0]}? Write it with its code, e.g. fi=fin_Latn.")
        known = {name: code or codes[name] for name, code in given.items()} or dict(codes)
        how = {"pieces": ALONG[NLLB][0], "prefix": "{source}", "suffix": "</s>", "target_prefix": "{target}"}
        return {"languages": list(known), "options": {**how, "codes": known, "clean": False, "beam": 4}}

    def _marian(self, pair: Sequence[str]) -> dict[str, Any]:
        if len(pair) != 2 or not all(len(each) == 2 for each in pair):
            raise BadInput("It goes from one language into another; say which, e.g. --languages en,de.")
        pieces = {"pieces": "source.spm", "target_pieces": "target.spm"}
        how = {"pairs": [list(pair)], **pieces, "clean": False, "beam": 4, "no_repeat_ngram": 4}
        return {"languages": list(pair), "options": how}

    def _pair(self) -> list[str]:
        told = _read(self.folder / TOKENIZER) if (self.folder / TOKENIZER).is_file() else {}
        return [str(told.get(key, "")) for key in ("source_lang", "target_lang")]


def is_checkpoint(folder: Path) -> bool:
    """Whether it looks like one."""
    return (folder / CONFIG).is_file() and not (folder / "model.bin").is_file()


def look(folder: Path) -> Checkpoint:
    """What it is; refuses what is not converted here, and weights that could run programs."""
    kind = str(_read(folder / CONFIG).get("model_type", ""))
    if kind not in STAGES:
        raise BadInput(f"{folder} is a model of the type {kind!r}; converted are {', '.join(STAGES)} (which is NLLB).")
    if not any(folder.glob(f"*{SAFE}")):
        raise BadInput(
            f"{folder} has no {SAFE}; other weights are pickles, which can run any program. Get those that the "
            "publisher has as safetensors."
        )
    needed = ALONG[kind][0]
    if not (folder / needed).is_file():
        raise BadInput(f"{folder} lacks {needed}; get it from where the weights come from.")
    return Checkpoint(folder, kind)


def joined(checkpoint: Checkpoint, out: Path, head: Mapping[str, Any]) -> None:
    """The model.toml of a translator that was converted into `out`, with every file's sum."""
    import hashlib

    import tomlkit

    for name in checkpoint.along:
        shutil.copyfile(checkpoint.folder / name, out / name)
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(out.iterdir())}
    options = {"options": head["options"]}
    (out / "model.toml").write_text(tomlkit.dumps({**head, "files": sums, **options}), "utf-8")


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be read ({error}); get it again.") from None
    return found if isinstance(found, dict) else {}
