"""The names in a pipeline's finals, as a stream to a model that finds them says. Must not know what becomes of them."""

import asyncio
from collections.abc import Sequence

from gateway.pipeline.branch import Branch
from gateway.pipeline.personal import Found
from gateway.pipeline.redaction import NAME
from parley.errors import ParleyError, Unavailable
from parley.v1.asr_pb2 import Transcript
from parley.v1.translate_pb2 import NamesFound


class Naming:
    """One stream's; its finals come one at a time, each once the one before is answered."""

    def __init__(self, branch: Branch) -> None:
        self.branch = branch
        self._answers: asyncio.Queue[NamesFound] = asyncio.Queue(1)

    async def of(self, final: Transcript) -> Sequence[Found]:
        """The names in it, once they are found."""
        if not final.text.strip():
            return ()
        await self.branch.text(final)
        found = await self._answers.get()
        return [Found(each.start, each.end, NAME) for each in found.names]

    async def take(self, found: NamesFound) -> None:
        """An answer has come."""
        self.branch.complete(found)
        await self._answers.put(found)


def unnamed(error: ParleyError) -> ParleyError:
    """The error of a stream whose names nobody finds."""
    return Unavailable(f"{error} Nobody finds the names in what is said, so it cannot be shown.")
