"""A model's name, what its folder declares, and its files. Must not know how it is run or for whom."""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from parley.config import shown
from parley.engines import files
from parley.engines.declared import BACKENDS
from parley.engines.surroundings import Surroundings
from parley.errors import BadInput, BadModel, UnknownModel
from parley.nearest import advice

CHAIN = ("NPU", "GPU", "CPU")
KEYS: dict[str, type] = {
    **dict.fromkeys(("name", "version", "stage", "backend", "license"), str),
    **dict.fromkeys(("languages", "devices"), list),
    **dict.fromkeys(("files", "graphs", "options", "training", "metrics", "source"), dict),
    "sample_rate_hz": int,
}


# Names become folders and labels: letters that have a meaning elsewhere, and endless ones, must not.
EXACT = re.compile(r"(?P<name>[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99})@(?P<version>[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63})")


FILE = re.compile(r"[A-Za-z0-9_.+-]{1,200}")
PICKLED = (".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".npy", ".npz")  # formats that can hold programs
PICKLE = re.compile(rb"\x80[\x02-\x05]")  # how one begins, whatever it is called
SHA256 = re.compile(r"[0-9a-f]{64}")
RATE_HZ = 16_000


@dataclass(frozen=True, order=True)
class ModelRef:
    """One exact version of one model."""

    name: str
    version: str

    @classmethod
    def of(cls, text: str) -> "ModelRef":
        """Read name@version."""
        found = EXACT.fullmatch(text)
        if not found or ".." in text:
            raise BadInput(f"{text[:80]!r} is not an exact model; write name@version, e.g. whisper-base@3.")
        return cls(found["name"], found["version"])

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


@dataclass(frozen=True)
class ModelSpec:
    """What model.toml declares, and where it lies."""

    ref: ModelRef
    stage: str
    backend: str
    folder: Path
    sample_rate_hz: int = RATE_HZ
    languages: tuple[str, ...] = ()
    license: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    graphs: Mapping[str, str] = field(default_factory=dict)  # of a model that has several: what for, and its file
    options: Mapping[str, Any] = field(default_factory=dict)
    devices: tuple[str, ...] = CHAIN
    source: Mapping[str, Any] = field(default_factory=dict)  # where it comes from, as whoever fetched it wrote down
    digest: str = ""  # the sha256 of its model.toml, which has those of all files: of the whole version
    around: Surroundings = field(default_factory=Surroundings, repr=False, compare=False)  # of who opens it
    known: dict[type, Any] = field(default_factory=dict, init=False, repr=False, compare=False)  # options, once read

    def graph(self, name: str) -> "ModelSpec":
        """The same model with one of its graphs alone; a model that declares none has only that one."""
        if not self.graphs:
            return self
        if name not in self.graphs:
            raise BadModel(f"{self.folder / 'model.toml'} lacks `{name}` under [graphs].")
        stem = self.graphs[name].rpartition(".")[0]
        return replace(self, files={each: found for each, found in self.files.items() if each.startswith(f"{stem}.")})

    def bytes_of(self, name: str) -> bytes:
        """A file's bytes, after checking that they are the ones declared: what is checked is what is loaded."""
        if name not in self.files:
            raise BadModel(f"{self.folder / 'model.toml'} does not list {name} under [files].")
        data = files.read(self.folder / name)
        if hashlib.sha256(data).hexdigest() != self.files[name]:
            raise BadModel(
                f"{self.folder / name} is not the file that model.toml declares (sha256 differs); restore it."
            )
        if PICKLE.match(data) and data.endswith(b"."):
            raise BadModel(f"{self.folder / name} is a Python pickle, which can run any program; convert the model.")
        return data


def read_spec(folder: Path) -> ModelSpec:
    """Read a version's model.toml."""
    path = folder / "model.toml"
    text = files.read(path, files.LARGEST_TEXT)
    try:
        table = tomllib.loads(text.decode())
    except (ValueError, RecursionError) as error:  # of TOML, of UTF-8, and of numbers without end
        raise BadModel(f"{path} is not TOML: {error}.") from None
    missing = [key for key in ("name", "version", "stage", "backend") if not isinstance(table.get(key), str)]
    if missing:
        raise BadModel(f'{path} lacks {missing[0]} = "...".')
    wrong = [key for key, value in table.items() if not isinstance(value, KEYS.get(key, ()))]
    if wrong:
        known = wrong[0] in KEYS
        must = f"must be a {KEYS[wrong[0]].__name__}." if known else f"is not known; {advice(wrong[0], KEYS)}"
        raise BadModel(f"{path}: `{wrong[0]}` {must}")
    for fault in _faults(table):
        raise BadModel(f"{path}: {fault}")
    return ModelSpec(
        ref=ModelRef(table["name"], table["version"]),
        stage=table["stage"],
        backend=table["backend"],
        folder=folder,
        sample_rate_hz=table.get("sample_rate_hz", RATE_HZ),
        languages=tuple(table.get("languages", ())),
        license=table.get("license", ""),
        files=table.get("files", {}),
        graphs=table.get("graphs", {}),
        options=table.get("options", {}),
        devices=tuple(table.get("devices", CHAIN)),
        source=table.get("source", {}),
        digest=hashlib.sha256(text).hexdigest(),
    )


def _faults(table: Mapping[str, Any]) -> Iterator[str]:
    """What is of the right kind and cannot be meant."""
    if table["backend"] not in BACKENDS:
        yield f"backend {shown(table['backend'])} is not known; write one of {', '.join(BACKENDS)}."
    if wrong := next((each for each in table.get("devices", ()) if each not in CHAIN), None):
        yield f"`devices` has {shown(wrong)}; write some of {', '.join(CHAIN)}."
    if not table.get("devices", CHAIN):
        yield f"`devices` is empty; write some of {', '.join(CHAIN)}, or leave it out."
    if any(not isinstance(each, str) or not each.isprintable() for each in table.get("languages", ())):
        yield '`languages` must be a list of tags, e.g. ["en", "de"].'
    for name, found in table.get("files", {}).items():
        if not FILE.fullmatch(name) or ".." in name:
            yield f"`files` has {shown(name)}; name a file of this folder, by letters, digits and ._+-."
        if name.lower().endswith(PICKLED):
            yield f"`files` has {name}: it may run any program when it is read; convert it to ONNX or CTranslate2."
        if not isinstance(found, str) or not SHA256.fullmatch(found):
            yield f"`files` has {shown(found)} for {name}; write the file's sha256 (sha256sum {name})."
    for name, found in table.get("graphs", {}).items():
        if not isinstance(found, str) or found not in table.get("files", {}):
            yield f"`graphs` has {shown(found)} for {shown(name)}; name one of the [files]."


def locate(roots: Sequence[Path], stage: str, ref: ModelRef) -> ModelSpec:
    """A version of a stage: root/stage/name/version/model.toml. What is wrong with its neighbours is their affair."""
    places = [root / stage for root in roots]
    folders = [place / ref.name / ref.version for place in places]
    folder = next((each for each in folders if (each / "model.toml").is_file()), None)
    if folder is None:
        found = sorted(toml for place in places for toml in place.glob("*/*/model.toml"))
        have = ", ".join(f"{toml.parts[-3]}@{toml.parts[-2]}" for toml in found) or "none"
        raise UnknownModel(f"{' and '.join(map(str, places))} has no {ref}; it has {have}.")
    spec = read_spec(folder)
    if (spec.stage, spec.ref) != (stage, ref):
        raise BadModel(f"{folder / 'model.toml'} says {spec.stage} {spec.ref}; its folder says {stage} {ref}.")
    return spec
