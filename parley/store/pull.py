"""An entry of the catalogue -> a version in the folder of models. Must not know a stage, nor how a library runs it.

Sources are tried in their order; what comes must have the entry's sums. A file whose sum nobody knows is believed the
first time, which is said, and must be the same from then on.
"""

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from parley.engines.model import SHA256, read_spec
from parley.engines.trust import FIRST_USE, PINNED, TrustConfig, check_license
from parley.errors import BadInput, OtherBytes, ParleyError, Unavailable
from parley.store import describe, pins
from parley.store.catalogue import Entry
from parley.store.download import Downloads
from parley.store.files import check_disk, verify
from parley.store.incoming import MODEL, incoming, put
from parley.store.pick import names, pick
from parley.store.sources import Fetched, Fetching, source, without_secrets

MEGABYTE, SPARE = 1_000_000, 64_000_000  # bytes; a catalogue's sizes are rounded


class Steps(Protocol):
    """Who is told how it goes."""

    def say(self, doing: str) -> None:
        """The next step begins."""

    def warn(self, text: str) -> None:
        """Something that people should know stays on the screen."""

    def progress(self, done: int, total: int | None) -> None:
        """So many bytes have come."""


@dataclass(frozen=True)
class Pulled:
    """A version that is in its place."""

    place: Path
    origin: describe.Origin
    sums: Mapping[str, str]
    is_new: bool = True


def pull(name: str, entry: Entry, root: Path, trust: TrustConfig, steps: Steps, given: Sequence[str] = ()) -> Pulled:
    """Fetch, check, describe, and only then put it where a service finds it. `given` are sources of the user's own."""
    allow(name, entry, trust)
    models = root / entry.stage
    place = models / entry.ref.name / entry.ref.version
    with incoming(
        models, entry.model, lambda: steps.say(f"waiting for another process that fetches {entry.model}")
    ) as at:
        if place.exists():
            return _present(name, entry, place, steps)
        (at / MODEL).mkdir()
        origin = obtained(name, entry, root, trust, at, steps, given)
        put(at / MODEL, place)
    return Pulled(place, origin, read_spec(place).files)


def obtained(
    name: str, entry: Entry, root: Path, trust: TrustConfig, at: Path, steps: Steps, given: Sequence[str] = ()
) -> describe.Origin:
    """Its files and model.toml in the folder `model`, checked, and what is believed of them remembered."""
    allow(name, entry, trust)
    wanted = _wanted(entry, pins.read(root).get(entry.model, {}))
    origin, sums = _from_any(name, entry, given or entry.sources, wanted, at, steps)
    describe.write(at / MODEL, entry, sums, origin)
    read_spec(at / MODEL)  # what is in it must be what model.toml may say
    if origin.trust == FIRST_USE:
        pins.believe(root, entry.model, sums)
    return origin


def allow(name: str, entry: Entry, trust: TrustConfig) -> None:
    """Refuse before anything is fetched what the policy would refuse afterwards."""
    check_license(name, entry.license, trust)
    unknown = [each for each, total in entry.sha256.items() if not total]
    if trust.policy == "pinned" and unknown:
        why = f'the catalogue has no sha256 of {", ".join(unknown)}, and `trust.policy` is "pinned"'
        raise BadInput(f"{name} cannot be pulled: {why}; write the sums into the catalogue, or take another model.")


def _present(name: str, entry: Entry, place: Path, steps: Steps) -> Pulled:
    """It is here already: the same bytes."""
    steps.say("checking the files that are here")
    spec = read_spec(place)
    verify(place, spec.files, str(place))
    for each, total in entry.sha256.items():
        if total and not any(spec.files.get(option) == total for option in names(each)):
            raise BadInput(f"{place} holds another {each} than the catalogue has; `parley models rm` it first.")
    line, trust = str(spec.source.get("from", place)), str(spec.source.get("trust", FIRST_USE))
    return Pulled(place, describe.Origin(name, line, str(spec.source.get("revision", "")), trust), spec.files, False)


def _wanted(entry: Entry, believed: Mapping[str, str]) -> dict[str, str]:
    """The sums that are known, here or everywhere."""
    wanted = {}
    for each, total in entry.sha256.items():
        known = next((believed[option] for option in names(each) if option in believed), "")
        wanted[each] = total or known
    return wanted


def _from_any(
    name: str, entry: Entry, lines: Sequence[str], wanted: Mapping[str, str], at: Path, steps: Steps
) -> tuple[describe.Origin, dict[str, str]]:
    """From the first source that gives the right bytes."""
    faults: list[ParleyError] = []
    for line in lines:
        try:
            return _from(name, entry, line, wanted, at, steps)
        except ParleyError as error:
            faults.append(error)
            if isinstance(error, OtherBytes) and line != lines[-1]:
                steps.warn(f"{without_secrets(line)} gives other bytes than it should, and is not taken: {error}")
    if len(faults) == 1:
        raise faults[0]
    told = "; ".join(f"{without_secrets(line)}: {error}" for line, error in zip(lines, faults, strict=True))
    kind = BadInput if all(isinstance(each, BadInput) for each in faults) else Unavailable
    raise kind(f"No source gives {name}. {told}")


def _from(
    name: str, entry: Entry, line: str, wanted: Mapping[str, str], at: Path, steps: Steps
) -> tuple[describe.Origin, dict[str, str]]:
    size = entry.megabytes * MEGABYTE
    check_disk(2 * size, at)  # what comes, and what is in it
    steps.say(f"fetching {name}")
    with Downloads(steps.progress) as downloads, _in(at, line) as place:
        how = Fetching(place, downloads, steps.progress, size, 2 * size + SPARE)
        fetched = source(line).fetch(wanted, how)
        steps.say("checking the files")
        sums = pick(fetched.held, wanted, at / MODEL, how.most_bytes)
        _compare(fetched, sums, line)
    unknown = [each for each, total in entry.sha256.items() if not total]
    trust = FIRST_USE if unknown else PINNED
    if unknown and not all(wanted.values()):
        steps.warn(_loud(name, sums, fetched.revision))
    return describe.Origin(name, without_secrets(line), fetched.revision, trust), sums


@contextmanager
def _in(at: Path, line: str) -> Iterator[Path]:
    """What has come of one source lies by itself; gone when it is picked."""
    place = at / hashlib.sha256(line.encode()).hexdigest()[:8]
    place.mkdir(exist_ok=True)
    try:
        yield place
    except BadInput:
        shutil.rmtree(place, ignore_errors=True)  # the wrong bytes would come again
        raise


def _compare(fetched: Fetched, sums: Mapping[str, str], line: str) -> None:
    """What the publisher says of large files is a sum of theirs."""
    for name, total in fetched.sums.items():
        if SHA256.fullmatch(total) and sums.get(name, total) != total:
            raise OtherBytes(f"{name} came from {line} with sha256 {sums[name]}, and the hub says {total}.")


def _loud(name: str, sums: Mapping[str, str], revision: str) -> str:
    told = ", ".join(f"{each} {total}" for each, total in sums.items())
    of = f" of revision {revision}" if revision else ""
    return (
        f"TRUST ON FIRST USE: nobody had written down the sums of {name}. Believed from now on{of}: {told}. "
        f"Compare them with the publisher's, or set trust.policy to pinned."
    )
