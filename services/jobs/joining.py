"""What the parts of a job have heard -> what the job has heard, in the recording's time. Must not know the queue."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from parley.jobs import events
from parley.jobs.files import JobFiles
from parley.jobs.job import EVENTS, Job
from parley.v1.pipeline_pb2 import PipelineOpened, PipelineResponse
from parley.wire.times import shift


def joined(job: Job, parts: Sequence[Job], files: JobFiles) -> dict[str, str]:
    """The results of the job."""
    with files.adding(job.id) as file:
        for answer in _in_order(parts, files):
            events.write(answer, file)
    results = {EVENTS: files.keep(job.id, Path(file.name))}
    for part in parts:
        for kind in part.results.keys() - {EVENTS}:
            with files.path(part.id, part.results[kind]).open("rb") as sound, files.adding(job.id) as copy:
                shutil.copyfileobj(sound, copy)
            results[kind] = files.keep(job.id, Path(copy.name))
    return results


def _in_order(parts: Sequence[Job], files: JobFiles) -> Iterator[PipelineResponse]:
    """Opened once, by all of them; each notice once, since what is missing is missing in every part."""
    said = [list(events.read(files.path(part.id, part.results[EVENTS]))) for part in parts]
    opened, notices = PipelineOpened(), set[tuple[str, str, str]]()
    for answer in (answer for each in said for answer in each if answer.HasField("opened")):
        opened.MergeFrom(answer.opened)
    yield PipelineResponse(opened=opened)
    for part, answers in zip(parts, said, strict=True):
        for answer in (each for each in answers if not each.HasField("opened")):
            notice = (answer.notice.stage, answer.notice.reason, answer.notice.message)
            if answer.HasField("notice") and notice in notices:
                continue
            notices.add(notice)
            shift(answer, round(part.start_s * 1e9))
            yield answer
