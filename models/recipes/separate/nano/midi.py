"""Writes notes as a standard MIDI file of one track. Knows nothing of music."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS_A_BEAT, TICKS_A_SECOND = 480, 960  # a file that names no tempo has two beats a second
PROGRAM, NOTE_ON, NOTE_OFF, CONTROL = 0xC0, 0x90, 0x80, 0xB0
PAN = 10
LAST = b"\x00\xff\x2f\x00"


@dataclass(frozen=True)
class Note:
    """In seconds; `pitch` 60 is the middle c, or a drum on channel 9."""

    start_s: float
    length_s: float
    pitch: int
    velocity: int
    channel: int


@dataclass(frozen=True)
class Piece:
    """Notes, and which instrument each channel has from when the piece begins."""

    notes: Sequence[Note]
    programs: dict[int, int]
    pans: dict[int, int]


Event = tuple[int, int, bytes]


def write(path: Path, pieces: Sequence[tuple[float, Piece]]) -> None:
    """Pieces, each from its second on."""
    events = sorted(event for start_s, piece in pieces for event in piece_events(start_s, piece))
    track, now = bytearray(), 0
    for tick, _, message in events:
        track += variable(tick - now) + message
        now = tick
    track += LAST
    head = b"MThd" + struct.pack(">IHHH", 6, 0, 1, TICKS_A_BEAT)
    path.write_bytes(head + b"MTrk" + struct.pack(">I", len(track)) + bytes(track))


def piece_events(start_s: float, piece: Piece) -> list[Event]:
    """(tick, order among those of one tick, message) of one piece."""
    tick = round(start_s * TICKS_A_SECOND)
    found: list[Event] = [(tick, 1, bytes([PROGRAM | c, program])) for c, program in piece.programs.items()]
    found += [(tick, 1, bytes([CONTROL | c, PAN, pan])) for c, pan in piece.pans.items()]
    for note in piece.notes:
        begins = tick + round(note.start_s * TICKS_A_SECOND)
        ends = begins + max(1, round(note.length_s * TICKS_A_SECOND))
        found.append((begins, 2, bytes([NOTE_ON | note.channel, note.pitch, note.velocity])))
        found.append((ends, 0, bytes([NOTE_OFF | note.channel, note.pitch, 0])))
    return found


def variable(number: int) -> bytes:
    """Seven bits a byte, the highest first; all but the last have their eighth bit set."""
    parts = [number & 0x7F]
    while number := number >> 7:
        parts.append(0x80 | number & 0x7F)
    return bytes(reversed(parts))
