"""The services of parley.v1, and what each stage's proto declares of it. Must not know who runs a stage.

A file `<stage>_pb2.py` in parley/v1 is all that makes a stage known: nothing here, or elsewhere, lists them.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from parley import v1
from parley.errors import BadConfig
from parley.v1 import stage_pb2
from parley.v1.audio_pb2 import Track
from parley.v1.stage_pb2 import StageContinuity, StageRole, StageTraits


@dataclass(frozen=True)
class StageContract:
    """One stage's row: its service, and the traits that its proto declares."""

    service: ServiceDescriptor
    traits: StageTraits

    @property
    def name(self) -> str:
        """One word: of the folder, the config section, spans and metric labels."""
        return self.service.name.lower()

    @property
    def command(self) -> str:
        """The `parley` command that runs it alone."""
        return self.traits.command or self.name

    @property
    def path(self) -> str:
        """Of its stream, in gRPC."""
        return f"/{self.service.full_name}/Stream"

    @property
    def is_filter(self) -> bool:
        """Audio to audio."""
        return self.traits.role == StageRole.STAGE_ROLE_FILTER

    @property
    def is_listener(self) -> bool:
        """Audio to events."""
        return self.traits.role == StageRole.STAGE_ROLE_LISTENER

    @property
    def is_rewriter(self) -> bool:
        """Text to text."""
        return self.traits.role == StageRole.STAGE_ROLE_REWRITER

    @property
    def gives_words(self) -> bool:
        """Its events are transcripts."""
        return self.traits.continuity == StageContinuity.STAGE_CONTINUITY_WORDS

    @property
    def gives_turns(self) -> bool:
        """Its events say who spoke when."""
        return self.traits.continuity == StageContinuity.STAGE_CONTINUITY_TURNS

    @property
    def gives_tracks(self) -> bool:
        """Its sound is one of several that it can give."""
        kinds = [field.message_type for field in self.answer.DESCRIPTOR.fields]
        return Track.DESCRIPTOR in kinds and "others" in self.config.DESCRIPTOR.fields_by_name

    def stall_s(self, config: Message) -> float:
        """How long it may owe something and not move."""
        traits = self.traits
        waits = traits.HasField("recording_stall") and getattr(config, "recording", False)
        stall = traits.recording_stall if waits else traits.stall
        return float(stall.ToTimedelta().total_seconds())

    @property
    def longest_stall_s(self) -> float:
        """The longest that it may owe something and not move, whatever it was asked for."""
        return float(max(self.traits.stall.ToTimedelta(), self.traits.recording_stall.ToTimedelta()).total_seconds())

    @cached_property
    def request(self) -> type[Message]:
        """The class of what clients send."""
        return GetMessageClass(self.service.methods_by_name["Stream"].input_type)

    @cached_property
    def answer(self) -> type[Message]:
        """The class of what it says."""
        return GetMessageClass(self.service.methods_by_name["Stream"].output_type)

    @cached_property
    def config(self) -> type[Message]:
        """The class of what a stream begins with."""
        kind: Any = self.request.DESCRIPTOR.fields_by_name["config"].message_type
        return GetMessageClass(kind)


def _services() -> Iterator[ServiceDescriptor]:
    names = sorted(found.name for found in pkgutil.iter_modules(v1.__path__) if found.name.endswith("_pb2"))
    for name in names:
        yield from importlib.import_module(f"{v1.__name__}.{name}").DESCRIPTOR.services_by_name.values()


def _stages(services: Mapping[str, ServiceDescriptor]) -> Iterator[StageContract]:
    for service in services.values():
        options: Any = service.GetOptions()
        if stage_pb2.stage in options.Extensions:
            contract = StageContract(service, options.Extensions[stage_pb2.stage])
            check(contract)
            yield contract


def check(contract: StageContract) -> None:
    """Refuse a row with holes: everybody who reads it would have to guess."""
    traits = contract.traits
    row: dict[str, object] = {"role": traits.role, "continuity": traits.continuity, "stall": traits.HasField("stall")}
    row |= {"notices.instead": traits.notices.instead, "notices.meanwhile": traits.notices.meanwhile}
    holes = [name for name, value in row.items() if not value]
    if holes:
        raise BadConfig(f"protos/parley/v1/{contract.name}.proto: its (parley.v1.stage) lacks {', '.join(holes)}.")
    sends = "text" if contract.is_rewriter else "audio"
    if sends not in contract.request.DESCRIPTOR.fields_by_name:
        raise BadConfig(f"protos/parley/v1/{contract.name}.proto: with its role it is sent `{sends}`; declare that.")


SERVICES: dict[str, ServiceDescriptor] = {service.name: service for service in _services()}
# In the order in which sound passes them.
STAGES: dict[str, StageContract] = {
    contract.name: contract for contract in sorted(_stages(SERVICES), key=lambda each: (each.traits.role, each.name))
}
