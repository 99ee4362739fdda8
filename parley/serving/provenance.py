"""Where a version that is served comes from, and how sure its bytes are. Must not know what it is for."""

from functools import lru_cache
from pathlib import Path

from parley.engines import trust
from parley.engines.model import ModelSpec
from parley.engines.trust import TrustConfig
from parley.errors import BadInput
from parley.places import EMBEDDED, places

OURS = "parley"


@lru_cache(maxsize=256)
def ships(folder: Path) -> bool:
    """Whether it lies where Parley's own models are."""
    try:
        return folder.resolve().is_relative_to((places().tree / EMBEDDED).resolve())
    except BadInput:  # no tree here
        return False


def check(spec: ModelSpec, asked: TrustConfig) -> None:
    """Refuse a version that the policy does not allow."""
    trust.check(spec, asked, ships=ships(spec.folder))


def provenance(spec: ModelSpec) -> dict[str, str]:
    """For lists and spans: source, revision, trust, digest."""
    given, is_ours = spec.source.get("from", ""), ships(spec.folder)
    source = OURS if is_ours else " ".join(map(str, given)) if isinstance(given, list) else str(given)
    found = {"source": source, "revision": str(spec.source.get("revision", ""))}
    return found | {"trust": trust.of(spec, ships=is_ours), "digest": spec.digest}
