"""Which models may be loaded: how sure it must be that their bytes are the ones that were meant. Must not know a stage.

`open` takes what lies there. `pinned` takes what the catalogue, or whoever added it, knew the sums of before it was
fetched. `signed` takes what somebody has signed whose key or certificate is named. What ships with Parley is as
trusted as Parley itself. That the bytes are the ones that model.toml declares is checked always (`bytes_of`).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from parley.engines.model import ModelSpec
from parley.engines.signature import SIGNATURE, verify
from parley.errors import BadConfig, BadModel

Trust = Literal["ships", "pinned", "first-use", "signed"]
FIRST_USE = "first-use"  # the sums are those of what came when it was fetched first
PINNED = "pinned"  # the sums were known before
KEY = "trust"  # under [source] of model.toml


@dataclass(frozen=True)
class TrustConfig:
    """What is asked of a model before it is loaded."""

    policy: Literal["open", "pinned", "signed"] = "open"
    keys: tuple[Path, ...] = ()  # public keys of signers, PEM: one of them must have signed
    certificates: tuple[Path, ...] = ()  # the same, roots of their certificates
    licenses: tuple[str, ...] = ()  # of weights, as SPDX calls them; no other may be used; none here: any may

    def __post_init__(self) -> None:
        if self.policy == "signed" and not (self.keys or self.certificates):
            raise BadConfig('`trust.policy` is "signed"; name whose signatures count under `trust.keys`.')


def check(spec: ModelSpec, trust: TrustConfig, *, ships: bool = False) -> None:
    """Refuse a version that the policy does not allow."""
    if ships:
        return
    check_license(str(spec.ref), spec.license, trust)
    if trust.policy == "open":
        return
    if trust.policy == "signed":
        verify(spec, trust.keys, trust.certificates)
    elif of(spec) != PINNED:
        way = "add it with `parley models add`, or pull it once the catalogue has its sums"
        raise BadModel(f'{spec.ref} was believed when it came first, and `trust.policy` is "pinned"; {way}.')


def check_license(model: str, license_: str, trust: TrustConfig) -> None:
    """Refuse terms that are not listed. Of `A AND B` both must be, of `A OR B` one."""
    listed = {each.lower() for each in trust.licenses}
    ways = license_.lower().split(" or ")
    if listed and not any(set(way.strip(" ()").split(" and ")) <= listed for way in ways):
        told = f"has the licence {license_}" if license_ else "does not say its licence"
        raise BadModel(f"{model} {told}, and `trust.licenses` lists {', '.join(trust.licenses)}; take another model.")


def of(spec: ModelSpec, *, ships: bool = False) -> str:
    """In a word, for people and spans."""
    if ships:
        return "ships"
    if (spec.folder / SIGNATURE).is_file():
        return "signed"
    return str(spec.source.get(KEY, FIRST_USE))
