"""The Models service that every stage offers: list, describe, load, retire. Must not know a stage's work."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from google.protobuf.message import Message
from prometheus_client import Histogram

from parley import telemetry
from parley.engines import files
from parley.engines.model import ModelRef, ModelSpec
from parley.errors import NotFound, UnknownModel
from parley.serving.commanded import CommandedFile
from parley.serving.provenance import provenance
from parley.serving.registry import Model, Registry
from parley.serving.stage import Stage
from parley.v1 import models_pb2 as v1

CARD = "CARD.md"
Answer = Callable[[Any], Awaitable[Message]]


class ModelsAdmin:
    """Lists, describes, loads and retires model versions."""

    def __init__(
        self,
        stage: Stage,
        located: Callable[[ModelRef], ModelSpec],
        registry: Registry,
        changed: Callable[[], Awaitable[None]],
        commanded: CommandedFile,
        always: Sequence[str] = (),
    ) -> None:
        self._stage, self._located, self._registry, self._changed = stage, located, registry, changed
        self._commanded, self._always = commanded, always  # what is loaded at every start anyway

    def methods(self) -> dict[str, tuple[Answer, type[Message]]]:
        """Each method's name, what answers it, and what it is sent."""
        return {
            "List": (self._list, v1.ModelsListRequest),
            "Card": (self._card, v1.ModelsCardRequest),
            "Load": (self._load, v1.ModelsLoadRequest),
            "Retire": (self._retire, v1.ModelsRetireRequest),
        }

    async def _list(self, request: v1.ModelsListRequest) -> v1.ModelsListResponse:
        return v1.ModelsListResponse(models=map(self._info, self._registry.models), stage=self._stage.name)

    async def _card(self, request: v1.ModelsCardRequest) -> v1.ModelsCardResponse:
        ref = ModelRef.of(request.model)
        try:
            spec = self._located(ref)
        except UnknownModel:  # which names the folders: that is for who may load
            raise UnknownModel(f"There is no {ref} here; `parley status` lists what there is.") from None
        if not (spec.folder / CARD).is_file():
            raise NotFound(f"{spec.ref} has no card; write {CARD} beside its model.toml.")
        text = files.read(spec.folder / CARD, files.LARGEST_TEXT).decode("utf-8", "replace")
        return v1.ModelsCardResponse(text=text)

    async def _load(self, request: v1.ModelsLoadRequest) -> v1.ModelsLoadResponse:
        spec = self._located(ModelRef.of(request.model))
        model = await self._registry.load(spec, make_default=request.make_default)
        if request.make_default or str(spec.ref) not in self._always:
            self._commanded.loaded(spec.ref, is_default=request.make_default)
        await self._changed()
        return v1.ModelsLoadResponse(model=self._info(model))

    async def _retire(self, request: v1.ModelsRetireRequest) -> v1.ModelsRetireResponse:
        model = self._registry.retire(ModelRef.of(request.model))
        self._commanded.retired(model.spec.ref)
        await self._changed()
        return v1.ModelsRetireResponse(model=self._info(model))

    def _info(self, model: Model) -> v1.ModelInfo:
        spec = model.spec
        return v1.ModelInfo(
            model=str(spec.ref),
            state=v1.ModelState.Name(model.state.value),
            backend=spec.backend,
            device=model.device,
            device_reason=model.device_reason,
            streams=model.streams,
            is_default=spec.ref == self._registry.default,
            languages=spec.languages,
            license=spec.license,
            pairs=[v1.LanguagePair(source=a, target=b) for a, b in self._stage.pairs(spec)],
            waiting=model.waiting,
            queue=self._spread(telemetry.QUEUE_WAIT, model),
            engine=self._spread(telemetry.ENGINE_TIME, model),
            provenance=v1.Provenance(**provenance(spec)),
        )

    def _spread(self, histogram: Histogram, model: Model) -> v1.Spread:
        bounds_s, counts = telemetry.spread(histogram, self._stage.name, str(model.spec.ref))
        return v1.Spread(bounds_us=[round(1e6 * bound) for bound in bounds_s], counts=counts)
