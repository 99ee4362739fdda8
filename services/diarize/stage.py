"""What the diarize folder declares."""

from dataclasses import dataclass

import numpy as np

from parley.audio.pcm import RATE_HZ, Format, PcmDecoder, Samples
from parley.engines.model import ModelSpec
from parley.errors import BadInput
from parley.serving.stage import ServiceConfig, Stage, read_audio
from parley.v1 import diarize_pb2 as v1
from services.diarize.clustering import ClusterConfig, Embedding, Voices
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
    voices = Voices(ClusterConfig(shape.same, shape.ward_height, most, shape.apart))
    ref, heard = str(spec.ref), [each for each in config.enrolments if not each.HasField("voiceprint")]
    for each in config.enrolments:
        # One of another version is left out: a stream that this replica took over must not end for it.
        if each.HasField("voiceprint") and each.voiceprint.model == ref:
            voices.enrol_print(each.name, print_of(each, DiarizeOptions.of(spec).width))
    pieces = [p for each in heard for p in enrolment(each.name, _voice(each, form), shape.size)]
    told = ref if config.report_voiceprints else ""
    return DiarizeSession(
        PcmDecoder(form), cutter(spec), voices, pieces, open_turns=config.open_turns, print_model=told
    )


def print_of(enrolled: v1.Enrolment, width: int | None) -> Embedding:
    """The numbers of a voiceprint."""
    data = enrolled.voiceprint.values
    values = np.frombuffer(data, "<f4") if data and len(data) % 4 == 0 else np.zeros(0, np.float32)
    if not enrolled.name or not len(values) == (width or len(values)) or not _says_something(values):
        raise BadInput(
            f"The voiceprint of {enrolled.name!r} is not one of {enrolled.voiceprint.model}: it needs a name and "
            f"{width or 'finite'} 32-bit floats, not all zero; enrol the voice again."
        )
    return values.astype(np.float32)


def _says_something(values: Embedding) -> bool:
    return bool(len(values) and np.isfinite(values).all() and np.abs(values).max() > 0)


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
