"""A folder with a Whisper that has learnt nothing, as faster-whisper has one."""

import json
from pathlib import Path

from tokenizers import Tokenizer

from tests.parley.backends.whisper import POSITIONS, SPECIALS, whisper_files
from tests.services.asr.model.test_spelling import DEFINITION

OPTIONS = f"full_frames = {2 * POSITIONS}\nframes_at_once = 2000\ntokens_per_second = 3.0\n"


def folder(at: Path, **files: bytes) -> Path:
    """Its files; others may take the place of some."""
    numbers: dict[str, int] = json.loads(DEFINITION)["model"]["vocab"]
    made = whisper_files(at, sorted(numbers, key=lambda token: numbers[token]))
    tokenizer = Tokenizer.from_str(DEFINITION.decode())
    tokenizer.add_special_tokens(list(SPECIALS))
    out = at / "source"
    out.mkdir()
    # It hears two seconds at most: whoever knows that of a model says so in a model.toml of their own.
    head = 'name = "small"\nversion = "7"\nstage = "asr"\nbackend = "ctranslate2"\n[options]\n'
    own = {"tokenizer.json": tokenizer.to_str().encode(), "model.toml": (head + OPTIONS).encode()}
    for name, data in (made | own | {name.replace("_", "."): data for name, data in files.items()}).items():
        (out / name).write_bytes(data)
    return out
