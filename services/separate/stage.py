"""What the separate folder declares."""

from collections.abc import Iterator

from google.protobuf.message import Message

from parley.audio.pcm import Format
from parley.engines.model import ModelSpec
from parley.errors import FieldInvalid
from parley.nearest import advice
from parley.serving.stage import ServiceConfig, Stage, read_audio
from parley.v1 import separate_pb2 as v1
from services.separate.adapters import Stream
from services.separate.contract import contract, golden
from services.separate.engine import open_engine
from services.separate.live import LiveSession
from services.separate.options import STREAM, SeparateOptions
from services.separate.quality import Judge
from services.separate.session import SeparateSession
from services.separate.tracks import Tracks, Wanted

MOST_KEPT = 2  # channels
ABSENT_DB = -15.0  # a track so far below the others is not there


def begin(config: v1.SeparateConfig, spec: ModelSpec, settings: ServiceConfig) -> SeparateSession | LiveSession:
    """Check what is asked, and open a stream's memory."""
    form, declared = Format.of(config.format), SeparateOptions.of(spec)
    wanted = _wanted(config, spec, form, declared)
    judge = Judge(form, declared.channels, declared.tracks, frozenset(config.refuse))
    tracks = Tracks(form, declared.tracks, wanted, judge)
    if declared.adapter == STREAM:
        return LiveSession(form, Stream(spec).shape, wanted.channels, tracks)
    return SeparateSession(form, declared, spec.sample_rate_hz, wanted.channels, tracks)


def _wanted(config: v1.SeparateConfig, spec: ModelSpec, form: Format, declared: SeparateOptions) -> Wanted:
    track = config.track or declared.tracks[0]
    if track not in declared.tracks:
        raise FieldInvalid(
            f"{spec.ref} gives no track {track!r}; {advice(track, declared.tracks, 'it gives {}.')}", field="track"
        )
    if config.keep_channels and form.channels > MOST_KEPT:
        raise FieldInvalid(
            f"{form.channels} channels are not kept; send {MOST_KEPT}, or take their mix.", field="keep_channels"
        )
    return Wanted(track, config.others, form.channels if config.keep_channels else 1)


def measures(event: Message) -> Iterator[tuple[str, float]]:
    """What a judgement says, by the names under which operators watch it."""
    if isinstance(event, v1.SeparationQuality):
        yield "consistency_db", event.consistency_db
        yield "clipped_share", event.clipped_share
        # In a pause of its own a track is what is left of the others: that says nothing of how it is found.
        for track in (each for each in event.tracks if each.snr_db > ABSENT_DB and not event.silent):
            yield f"{track.name}_snr_db", track.snr_db
            yield f"{track.name}_sdr_db", track.sdr_db


STAGE = Stage(
    v1.DESCRIPTOR.services_by_name["Separate"],
    ServiceConfig,
    open_engine,
    begin,
    read_audio,
    contract=contract,
    golden=golden,
    keeps_channels=lambda config: config.keep_channels,
    measures=measures,
)
