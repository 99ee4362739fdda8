"""Small files that would cost much memory or time."""

import io
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from parley.audio import media
from parley.errors import UndecodableMedia
from tests.contract.source import ROOT

MOST_MB = 250
MEASURED = """
import sys
from parley.audio import media
from parley.errors import UndecodableMedia
try:
    heard = media.read(open(sys.argv[1], "rb").read(), 3600.0).data
except UndecodableMedia:
    heard = b""
# Not getrusage: a child inherits the peak of whoever started it.
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(peak) // 1024, len(heard))
"""


def encoded(container: str, codec: str, rate_hz: int, layout: str, samples: int) -> bytes:
    """Silence in a file."""
    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        stream: Any = file.add_stream(codec, rate=rate_hz)
        stream.layout = layout
        planar, channels = codec == "aac", stream.layout.nb_channels
        shape = (channels, samples) if planar else (1, samples * channels)
        sound = np.zeros(shape, np.float32 if planar else np.int16)
        frame = av.AudioFrame.from_ndarray(sound, format="fltp" if planar else "s16", layout=layout)
        frame.sample_rate = rate_hz
        for packet in (*stream.encode(frame), *stream.encode(None)):
            file.mux(packet)
    return out.getvalue()


def mp4(samples: int, tracks: int = 1) -> bytes:
    """A kilobyte whose tables claim so many samples of a byte each, in each track."""
    file = bytearray(encoded("mp4", "aac", 16_000, "mono", 16_000))
    struct.pack_into(">II", file, file.index(b"stsz") + 8, 1, samples)
    struct.pack_into(">I", file, file.index(b"stsc") + 16, samples)
    struct.pack_into(">I", file, file.index(b"stts") + 12, samples)
    movie, at = file.index(b"moov") - 4, file.index(b"trak") - 4
    (whole,), (size,) = struct.unpack_from(">I", file, movie), struct.unpack_from(">I", file, at)
    struct.pack_into(">I", file, movie, whole + size * (tracks - 1))
    return bytes(file[:at] + file[at : at + size] * tracks + file[at + size :])


@pytest.mark.parametrize(("samples", "tracks"), [(170_000_000, 1), (40_000_000, 16), (1_300_000, 16), (1_300_000, 200)])
def test_a_file_that_claims_many_samples_fills_no_memory(tmp_path: Path, samples: int, tracks: int) -> None:
    """Its index alone would have taken gigabytes; nothing is heard of it, in a process that stays small."""
    file = tmp_path / "talk.m4a"
    file.write_bytes(mp4(samples, tracks))
    command = (sys.executable, "-c", MEASURED, str(file))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    megabytes, heard = map(int, done.stdout.split())
    assert megabytes < MOST_MB
    assert heard == 0


def test_many_channels_of_many_samples_are_refused() -> None:
    """A hundred kilobytes of such silence cost six seconds of work; studio rates and surround are heard as before."""
    with pytest.raises(UndecodableMedia, match="8 channels of 655350 samples a second"):
        media.read(encoded("flac", "flac", 655_350, "7.1", 65_535), 10.0)
    assert media.read(encoded("flac", "flac", 192_000, "stereo", 192_000), 10.0).duration_s == pytest.approx(1.0, 0.01)
    assert media.read(encoded("flac", "flac", 48_000, "7.1", 48_000), 10.0).duration_s == pytest.approx(1.0, 0.01)
