"""Which files make up a model for CTranslate2, found in a folder or an archive. Must not know a network."""

import shutil
import stat
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from parley.errors import BadInput

WEIGHTS = "model.bin"
VOCABULARIES = ("vocabulary.json", "vocabulary.txt")
NEEDED = ("config.json", "tokenizer.json")
WANTED = ("preprocessor_config.json", "model.toml")
KNOWN = (*NEEDED, *VOCABULARIES, *WANTED, WEIGHTS)  # the small ones first: what is missing shows early
HUGGING_FACE = ("model.safetensors", "pytorch_model.bin", "model.safetensors.index.json")
PIECE = 1 << 20


def check(names: Iterable[str], where: str) -> None:
    """Refuse what is no whole model, and say what is missing."""
    have = set(names)
    if WEIGHTS not in have and have & set(HUGGING_FACE):
        how = (
            "ct2-transformers-converter --model IT --output_dir OUT --copy_files tokenizer.json --quantization float16"
        )
        raise BadInput(f"{where} is a model for Hugging Face transformers; convert it first: {how}")
    if WEIGHTS not in have:
        raise BadInput(f"{where} holds no {WEIGHTS}; name a folder, wheel or zip with a faster-whisper model.")
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


def gather(source: Path, out: Path, most_bytes: int) -> None:
    """Copy a model's files out of a folder or an archive."""
    if source.is_dir():
        _from_folder(source, out, most_bytes)
    elif source.is_file() and zipfile.is_zipfile(source):
        _from_archive(source, out, most_bytes)
    else:
        what = "is no wheel or zip" if source.exists() else "does not exist"
        raise BadInput(f"{source} {what}; name a folder, a wheel, a zip or an http(s) address.")


def _from_folder(source: Path, out: Path, most_bytes: int) -> None:
    """The folder itself, or the one folder below it that has weights."""
    found = [source] if (source / WEIGHTS).exists() else [path.parent for path in sorted(source.rglob(WEIGHTS))]
    folder = _only([str(path) for path in found], str(source)) or str(source)
    paths = {path.name: path for path in Path(folder).iterdir() if path.is_file()}
    check(paths, folder)
    wanted = [paths[name] for name in chosen(paths)]
    check_size(sum(path.stat().st_size for path in wanted), most_bytes, folder)
    check_disk(sum(path.stat().st_size for path in wanted), out)
    for path in wanted:
        shutil.copyfile(path, out / path.name)


def _from_archive(source: Path, out: Path, most_bytes: int) -> None:
    try:
        with zipfile.ZipFile(source) as archive:
            _unpack(archive, source, out, most_bytes)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise BadInput(f"{source} cannot be unpacked ({error}); get the file again.") from None


def _unpack(archive: zipfile.ZipFile, source: Path, out: Path, most_bytes: int) -> None:
    members = [each for each in archive.infolist() if not each.is_dir() and not _is_link(each)]
    inside = [str(PurePosixPath(each.filename).parent) for each in members if _name(each) == WEIGHTS]
    folder = _only(inside, str(source))
    beside = {_name(each): each for each in members if str(PurePosixPath(each.filename).parent) == (folder or ".")}
    check(beside, str(source))
    wanted = [beside[name] for name in chosen(beside)]
    check_size(sum(each.file_size for each in wanted), most_bytes, str(source))
    check_disk(sum(each.file_size for each in wanted), out)
    for member in wanted:
        _extract(archive, member, out / _name(member))


def _extract(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> None:
    """No more than its header says, whatever is packed; its checksum is the archive's affair."""
    with archive.open(member) as packed, path.open("wb") as file:
        while piece := packed.read(PIECE):
            file.write(piece)


def _name(member: zipfile.ZipInfo) -> str:
    return PurePosixPath(member.filename).name


def _is_link(member: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(member.external_attr >> 16)


def _only(folders: list[str], where: str) -> str:
    if len(folders) > 1:
        raise BadInput(f"{where} holds {len(folders)} models ({', '.join(folders[:5])}); name one of them.")
    return folders[0] if folders else ""


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
