"""What pipecat's Deepgram service hears, as JSON on stdout. Must not know Parley but its address.

python -m tests.compat.deepgram_pipecat HOST:PORT FOLDER; in it one talk as talk.pcm (16 kHz)
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from pipecat.frames.frames import (
    EndFrame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineParams, PipelineTask
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.deepgram.stt import DeepgramSTTService

RATE_HZ = 16_000


class Heard(FrameProcessor):
    """Notes the transcripts that pass."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[dict[str, Any]] = []

    async def process_frame(self, frame: Any, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            self.frames.append({"text": frame.text, "final": True, "finalized": frame.finalized})
        elif isinstance(frame, InterimTranscriptionFrame):
            self.frames.append({"text": frame.text, "final": False})
        await self.push_frame(frame, direction)

    async def finals(self, count: int) -> None:
        while sum(each["final"] for each in self.frames) < count:
            await asyncio.sleep(0.01)


async def asked(url: str, folder: Path) -> dict[str, Any]:
    """Two turns: somebody else's voice activity ends each, and pipecat waits for what was finalized."""
    pcm, heard = (folder / "talk.pcm").read_bytes(), Heard()
    stt = DeepgramSTTService(api_key="none", base_url=url, sample_rate=RATE_HZ)
    task = PipelineTask(Pipeline([stt, heard]), params=PipelineParams(audio_in_sample_rate=RATE_HZ))
    running = asyncio.create_task(PipelineRunner(handle_sigint=False).run(task))
    for number, part in enumerate((pcm[: 2 * RATE_HZ], pcm[6 * RATE_HZ : 8 * RATE_HZ]), 1):  # no pause ends them
        await task.queue_frame(VADUserStartedSpeakingFrame())
        for at in range(0, len(part), 1600):
            await task.queue_frame(InputAudioRawFrame(part[at : at + 1600], RATE_HZ, 1))
        await task.queue_frame(VADUserStoppedSpeakingFrame())
        await heard.finals(number)
    await task.queue_frame(EndFrame())
    await running
    return {"frames": heard.frames}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(asked(f"ws://{sys.argv[1]}", Path(sys.argv[2])))))
