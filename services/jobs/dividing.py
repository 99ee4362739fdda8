"""A long recording becomes parts: its pieces as files, and what is to be done with each. Must not know the queue."""

import asyncio
import io
from collections.abc import Callable
from pathlib import Path

from google.protobuf import json_format

from parley.jobs.files import JobFiles
from parley.jobs.job import Job
from parley.jobs.parts import NewPart, name
from parley.v1.pipeline_pb2 import PipelineConfig
from services.jobs.config import WorkerConfig
from services.jobs.cutting import Cutting, begun
from services.jobs.division import divided

Note = Callable[[str, float, float], None]


async def parts_of(job: Job, source: Path, files: JobFiles, config: WorkerConfig, note: Note) -> list[NewPart]:
    """What the job goes on as; none: it is short, or has no words, and is done at once."""
    division = divided(job.pipeline)
    if job.parent or not config.piece_s or not division.words:
        return []
    mixed = not json_format.Parse(job.pipeline, PipelineConfig()).per_channel

    def begin(file: io.RawIOBase) -> Cutting | None:
        return begun(file, config.audio_s, config.piece_s, mixed=mixed, filtered=division.filters_words)

    with source.open("rb", buffering=0) as file:
        if (cutting := await asyncio.to_thread(begin, file)) is None:
            return []
        pieces = await _kept(cutting, job, files, note)
    if len(pieces) == 1:
        await asyncio.to_thread(files.forget_parts, job.id)
        return []
    if division.whole:
        await asyncio.to_thread(files.make, name(job, len(pieces)), None)
    return list(division.parts(job, pieces))


async def _kept(cutting: Cutting, job: Job, files: JobFiles, note: Note) -> list[tuple[float, float]]:
    """Each piece is the recording of its part."""
    pieces: list[tuple[float, float]] = []
    while piece := await cutting.next():
        await asyncio.to_thread(files.make, name(job, len(pieces)), piece.file)
        pieces.append((piece.start_s, piece.duration_s))
        note("cut", 0.0, max(cutting.read_s, cutting.claimed_s))
    return pieces
