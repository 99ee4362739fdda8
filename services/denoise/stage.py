"""What the denoise folder declares."""

import numpy as np

from parley.audio.pcm import Format, PcmDecoder
from parley.engines.model import ModelSpec
from parley.errors import BadInput
from parley.serving.stage import ServiceConfig, Stage, read_audio
from parley.v1 import denoise_pb2 as v1
from services.denoise.adapters import adapter_of
from services.denoise.contract import contract, golden
from services.denoise.conversion import CONVERSION
from services.denoise.engine import open_engine
from services.denoise.session import BypassSession, DenoiseSession


def begin(config: v1.DenoiseConfig, spec: ModelSpec, settings: ServiceConfig) -> DenoiseSession | BypassSession:
    """Check what is asked, and open a stream's memory."""
    form, limit_db = Format.of(config.format), config.attenuation_limit_db
    if not (0 <= limit_db <= 200) or np.isnan(limit_db):
        raise BadInput(f"attenuation_limit_db is {limit_db}; give 0 (no limit) to 200.")
    if config.bypass:
        return BypassSession(form)
    shape = adapter_of(spec).shape
    return DenoiseSession(PcmDecoder(form, shape.rate_hz), shape, 10 ** (-limit_db / 20) if limit_db else 0.0)


STAGE = Stage(
    v1.DESCRIPTOR.services_by_name["Denoise"],
    ServiceConfig,
    open_engine,
    begin,
    read_audio,
    contract=contract,
    golden=golden,
    conversion=CONVERSION,
)
