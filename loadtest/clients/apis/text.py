"""A stage that takes text, over gRPC: sentences, as programs send them."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

from google.protobuf.message import Message

from loadtest.address import Where
from loadtest.clients.apis.connections import Connections
from loadtest.measured.hdr import Book
from loadtest.measured.samples import Samples
from loadtest.scenario import Scenario
from parley.client import Client
from parley.wire.stages import STAGES

TEXTS = Path(__file__).parents[2] / "texts.tsv"


class Texts:
    """A program that has sentences translated, one a call."""

    def __init__(self, where: Where, scenario: Scenario, samples: Samples) -> None:
        self._connections = Connections(partial(Client, where.grpc, where.credentials, alone=True), scenario.most)
        self._stage, given = STAGES[scenario.api], {"source_language": "en", "target_language": scenario.target}
        known = self._stage.config.DESCRIPTOR.fields_by_name
        self._config = self._stage.config(**{name: value for name, value in given.items() if name in known})
        self._pairs = [line.split("\t") for line in TEXTS.read_text("utf-8").splitlines()]
        self._samples = samples
        self._rest: dict[str, str] = {}

    async def calm(self) -> None:
        """What each sentence gives when there is time."""
        for source, _ in self._pairs:
            self._rest[source] = await self._translate(source)

    def lasts(self, n: int) -> float:
        """A sentence is sent at once."""
        return 0.0

    async def call(self, n: int, due: float, book: Book) -> None:
        """One sentence."""
        source, reference = self._pairs[n % len(self._pairs)]
        translation = await self._translate(source)
        book.late("translation", due)
        book.count("changed answers", due, translation != self._rest[source])
        self._samples.keep_translation(source, reference, translation, self._rest[source])

    async def _translate(self, source: str) -> str:
        text = ""
        with self._connections.connection() as client:
            async for answer in client.stream(self._stage.service.name, self._requests(source)):
                if answer.WhichOneof("event") == "translation":
                    text += answer.translation.text
        return text

    async def _requests(self, text: str) -> AsyncIterator[Message]:
        request: Any = self._stage.request
        yield request(config=self._config)
        yield request(text={"text": text})

    async def close(self) -> None:
        """Hang up."""
        await self._connections.close()
