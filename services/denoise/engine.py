"""Opens an enhancer. Must not know streams."""

from parley.engines.backends import Placed
from parley.engines.model import ModelSpec
from parley.engines.protocols import Engine
from parley.engines.stateful.engine import Frames, open_stateful
from services.denoise.adapters import adapter_of


def open_engine(spec: ModelSpec) -> Placed[Engine[Frames, Frames]]:
    """The graphs that the model's adapter asks for."""
    return open_stateful(spec, adapter_of(spec))
