"""Opens a model with the library it names, on the best device there is. Must not import a library itself.

A backend is one file here: LIBRARIES and EXTRAS say what it needs, `Options` what a model may tell it, `devices()` what
the machine has, `tensors` or `generator` opens a spec on one.
The first device of the chain (NPU -> GPU -> CPU) that is there and takes the model wins; why others did not is kept.
"""

import importlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, cast

from parley.engines.declared import BACKENDS
from parley.engines.model import ModelSpec
from parley.engines.protocols import Chat, Generator, Tensors
from parley.errors import BadConfig, BadModel
from parley.nearest import advice

log = logging.getLogger(__name__)
Opened = TypeVar("Opened", covariant=True)
Other = TypeVar("Other")


class Backend(Protocol):
    """What a file of this folder offers. One that has no graphs, or no generators, raises BadModel saying so."""

    Options: type[Any]  # a dataclass: what it knows under [options], beside what the stage knows

    def devices(self) -> Sequence[str]:
        """The device kinds of this machine, out of NPU, GPU and CPU."""

    def tensors(self, spec: ModelSpec, device: str) -> Tensors:
        """Open a graph."""

    def generator(self, spec: ModelSpec, device: str) -> Generator:
        """Open a model that writes."""


@dataclass(frozen=True)
class Placed(Generic[Opened]):
    """An opened model, where it runs, and why not elsewhere."""

    model: Opened
    device: str
    reason: str

    def holding(self, other: Other) -> "Placed[Other]":
        """The same device and reason for another object, which wraps the model."""
        return Placed(other, self.device, self.reason)


def tensors(spec: ModelSpec) -> Placed[Tensors]:
    """Open a graph on the first device that takes it."""
    backend = load(spec.backend)
    return _place(spec, backend.devices(), backend.tensors)


def generator(spec: ModelSpec) -> Placed[Generator]:
    """Open a model that writes, on the first device that takes it."""
    backend = load(spec.backend)
    return _place(spec, backend.devices(), backend.generator)


def chat(spec: ModelSpec) -> Placed[Chat]:
    """Open a model that converses; few backends have such."""
    opener: Callable[[ModelSpec, str], Chat] | None = getattr(load(spec.backend), "chat", None)
    if opener is None:
        raise BadModel(f"{spec.ref}: the backend {spec.backend} runs no model that converses; openai does.")
    return Placed(opener(spec, "CPU"), "CPU", "")


def load(name: str) -> Backend:
    """The file for a library; the library must be installed."""
    if name not in BACKENDS:
        raise BadModel(f"There is no backend {name!r}; {advice(name, BACKENDS, 'there are {}.')}")
    try:
        return cast(Backend, importlib.import_module(f"parley.engines.backends.{name}"))
    except ModuleNotFoundError as error:
        raise BadModel(f"The backend {name} needs the package {error.name}; {BACKENDS[name].hint}.") from None


def _place(spec: ModelSpec, present: Sequence[str], opener: Callable[[ModelSpec, str], Opened]) -> Placed[Opened]:
    passed_over: list[str] = []
    for device in spec.devices:
        if device not in present:
            passed_over.append(f"{device}: not on this machine")
            continue
        try:
            model = opener(spec, device)
        except BadConfig:
            raise
        except Exception as error:  # a library's own complaint: the next device may do
            passed_over.append(f"{device}: {error}")
            continue
        reason = "; ".join(passed_over)
        log.info("model opened", extra={"model": str(spec.ref), "device": device, "passed_over": reason})
        return Placed(model, device, reason)
    raise BadModel(f"{spec.ref} runs on no device here ({'; '.join(passed_over)}); allow another under `devices`.")
