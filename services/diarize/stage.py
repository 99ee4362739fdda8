"""What the diarize folder declares."""

from dataclasses import dataclass

import numpy as np

from parley.audio.pcm import RATE_HZ, Format, PcmDecoder, Samples
from parley.engines.model import ModelSpec
from parley.errors import BadInput
from parley.serving.stage import ServiceConfig, Stage, read_audio
from parley.v1 import diarize_pb2 as v1
from services.diarize.clustering import ClusterConfig, Voices
from services.diarize.contract import contract, golden
from services.diarize.conversion import CONVERSION
from services.diarize.engine import open_engine, shape_of
from services.diarize.options import DiarizeOptions
from services.diarize.pieces import Cutter, enrolment
from services.diarize.segments import Segments
from services.diarize.session import DiarizeSession

SHORTEST_S, LONGEST_S = 2, 30


@dataclass(frozen=True, kw_only=True)
class DiarizeServiceConfig(ServiceConfig):
    """Beside what every service has."""

    most_speakers: int = 16  # in one stream


def begin(config: v1.DiarizeConfig, spec: ModelSpec, settings: DiarizeServiceConfig) -> DiarizeSession:
    """Check what is asked, and open a stream's memory."""
    form, shape = Format.of(config.format), shape_of(spec)
    most = min(config.max_speakers or settings.most_speakers, settings.most_speakers)
    pieces = [p for each in config.enrolments for p in enrolment(each.name, _voice(each, form), shape.size)]
    voices = Voices(ClusterConfig(shape.same, shape.ward_height, most))
    return DiarizeSession(PcmDecoder(form), cutter(spec), voices, pieces, open_turns=config.open_turns)


def cutter(spec: ModelSpec) -> Cutter | Segments:
    """How a model is shown sound: in segments if it has a segmentation, else in windows alone."""
    shape, declared = shape_of(spec), DiarizeOptions.of(spec)
    if not spec.graphs:
        return Cutter(shape.size, shape.hop)
    seconds = (declared.segment_s, declared.segment_hop_s, declared.segment_delay_s)
    size, hop, delay = (round(each * RATE_HZ) for each in seconds)
    return Segments(size, hop, delay, shape.size)


def _voice(enrolled: v1.Enrolment, form: Format) -> Samples:
    decoder = PcmDecoder(form)
    samples = np.concatenate((decoder.feed(enrolled.audio), decoder.finish()))
    if not enrolled.name or not SHORTEST_S <= len(samples) / RATE_HZ <= LONGEST_S:
        raise BadInput(f"An enrolment needs a name and {SHORTEST_S} to {LONGEST_S} s of audio in the stream's format.")
    return samples


STAGE = Stage(
    v1.DESCRIPTOR.services_by_name["Diarize"],
    DiarizeServiceConfig,
    open_engine,
    begin,
    read_audio,
    contract=contract,
    golden=golden,
    conversion=CONVERSION,
)
