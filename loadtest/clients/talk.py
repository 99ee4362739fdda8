"""One scenario's talking, from the first calm question to the last answer. Must not know Locust."""

import asyncio
import gc
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from loadtest.address import Where
from loadtest.clients.apis import ApiClient
from loadtest.clients.apis.deepgram import DeepgramStreamClient
from loadtest.clients.apis.grpc import GrpcStreamClient
from loadtest.clients.apis.live import LiveClient, StreamClient
from loadtest.clients.apis.realtime import RealtimeStreamClient, SpeachesStreamClient
from loadtest.clients.apis.rest import RestFiles
from loadtest.clients.apis.riva import RivaStreamClient
from loadtest.clients.apis.text import Texts
from loadtest.clients.apis.translations import TranslationsStreamClient
from loadtest.clients.apis.twilio import TwilioStreamClient
from loadtest.clients.apis.whisper_live import WhisperLiveStreamClient
from loadtest.clients.apis.whisperlivekit import WhisperLiveKitStreamClient
from loadtest.clients.apis.wyoming import WyomingStreamClient
from loadtest.clients.crowd import Crowd
from loadtest.clients.lateness import watch
from loadtest.clients.pace import until
from loadtest.measured import clips
from loadtest.measured.clips import Clip
from loadtest.measured.hdr import Book, OnMeasured
from loadtest.measured.measures import Measures
from loadtest.measured.samples import Samples
from loadtest.scenario import TEXTS, Scenario

LEAD_S = 0.2


def recordings(scenario: Scenario) -> list[Clip]:
    """The scenario's recordings."""
    found = clips.folder(clips.SPEECH if scenario.clips == "bundled" else Path(scenario.clips), scenario.pause_s)
    if scenario.flush_s is not None:
        found = [clips.flushed(each, scenario.flush_s) for each in found]
    return found if scenario.snr_db is None else [clips.noisy(each, scenario.snr_db) for each in found]


def open_client(scenario: Scenario, where: Where, samples: Samples) -> ApiClient:
    """The client for the scenario's API."""
    if scenario.api in TEXTS:
        return Texts(where, scenario, samples)
    clips = recordings(scenario)
    if scenario.api == "rest":
        return RestFiles(where, clips, samples)
    return LiveClient(stream_client_of(scenario, where), clips, samples, scenario.held_ms)


def stream_client_of(scenario: Scenario, where: Where) -> StreamClient:
    """The client that streams sound over the scenario's API."""
    clients: dict[str, Callable[[], StreamClient]] = {
        "realtime": lambda: RealtimeStreamClient(where, scenario.flush_s is not None),
        "speaches": lambda: SpeachesStreamClient(where),
        "whisper-live": lambda: WhisperLiveStreamClient(where),
        "whisperlivekit": lambda: WhisperLiveKitStreamClient(where),
        "translations": lambda: TranslationsStreamClient(where),
        "deepgram": lambda: DeepgramStreamClient(where),
        "twilio": lambda: TwilioStreamClient(where),
        "wyoming": lambda: WyomingStreamClient(where),
        "riva": lambda: RivaStreamClient(where, scenario.most),
    }
    return clients.get(scenario.api, lambda: GrpcStreamClient(where, scenario))()


class Talk:
    """One process's share of a scenario. Make it, `begin`, let people in, `end`."""

    def __init__(self, scenario: Scenario, where: Where, tell: OnMeasured = lambda what, ms: None) -> None:
        self._scenario, self._tell = scenario, tell
        self.measures = Measures()
        self._samples = Samples(self.measures.samples)
        self._client = open_client(scenario, where, self._samples)
        self._tasks: list[asyncio.Task[None]] = []
        self.began = 0.0

    async def begin(self) -> None:
        """Hear what comes back when there is time; from then on the clock runs."""
        await self._client.calm()
        gc.collect()
        gc.freeze()
        scenario = self._scenario
        self.began = time.monotonic() + LEAD_S
        book = Book(self.measures, self.began, self._tell)
        every_s = scenario.crowd / scenario.rate if scenario.rate else 0.0
        self._crowd = Crowd(self._client, book, every_s, self.began + scenario.ramp_s + scenario.seconds)
        self._beside(watch(book))
        self._beside(self._crowd.tell())
        for fault in scenario.faults:
            if fault.what == "hang-up":
                self._beside(_later(self.began + fault.at_s, partial(self._crowd.hang_up, fault.share)))

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def person(self) -> None:
        """One more who talks, from now until the scenario's end."""
        await self._crowd.person()

    async def leave(self) -> None:
        """Starts no more calls."""
        self._crowd.leave()

    async def end(self) -> None:
        """Give up what is still open, and hang up."""
        self._crowd.give_up()
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self._client.close()
        self._samples.score()

    async def alone(self) -> Measures:
        """The whole scenario in this process: for tests, and where nobody needs a table."""
        await self.begin()
        scenario = self._scenario
        gap_s = scenario.ramp_s / scenario.crowd
        people = [asyncio.create_task(self._after(self.began + n * gap_s)) for n in range(scenario.crowd)]
        await asyncio.wait(people, timeout=scenario.ramp_s + scenario.seconds + scenario.grace_s)
        await self.end()
        await asyncio.gather(*people, return_exceptions=True)
        return self.measures

    async def _after(self, moment: float) -> None:
        await until(moment)
        await self.person()


async def _later(moment: float, act: Callable[[], None]) -> None:
    await until(moment)
    act()
