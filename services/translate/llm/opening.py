"""Opens a model that runs elsewhere, with the one here that stands in for it. Must not know sentences."""

import logging
from dataclasses import replace

from parley.engines import backends, options
from parley.engines.backends import Placed
from parley.engines.model import ModelRef, ModelSpec, locate
from parley.engines.protocols import Engine
from parley.errors import DeadlinePassed, Unavailable
from services.translate.engine import open_engine
from services.translate.languages import Languages
from services.translate.llm.circuit import Circuit
from services.translate.llm.engine import LlmEngine, LocalModel
from services.translate.options import TranslateOptions
from services.translate.sentence import Sentence, Translated

log = logging.getLogger(__name__)
BACKEND, OPEN_S = "openai", 5.0


def opened(spec: ModelSpec) -> Placed[Engine[Sentence, Translated]]:
    """The way to it. A server that is not there yet is no fault of the model: it may come."""
    wanted, placed = TranslateOptions.of(spec), backends.chat(spec)
    local = _local(spec, wanted.fallback) if wanted.fallback else None
    circuit = Circuit("The server")
    try:
        placed.model.check(OPEN_S)
    except (Unavailable, DeadlinePassed) as error:
        log.warning("the model's server is not there", extra={"model": str(spec.ref), "why": str(error)})
    engine = LlmEngine(placed.model, Languages.of(spec), wanted, circuit, local)
    return Placed(engine, placed.device, f"it runs at the server {spec.options['server']}")


def fallback_of(spec: ModelSpec, name: str) -> ModelSpec:
    """The version that stands in, which lies where the service finds its models."""
    ref = ModelRef.of(name)
    roots = spec.around.roots or (spec.folder.parents[2],)
    found = locate(roots, spec.stage, ref)
    if found.backend == BACKEND:
        raise options.fault(spec, f"`options.fallback` is {ref}, which runs elsewhere too; name one that runs here.")
    return replace(found, around=spec.around)


def _local(spec: ModelSpec, name: str) -> LocalModel:
    found = fallback_of(spec, name)
    return LocalModel(found, open_engine(found).model)
