"""How much memory uploads may hold together. Must not know where they come from."""

from contextlib import ExitStack

from parley.errors import Overloaded


class UploadMemory:
    """The bytes that all uploads may hold at a time."""

    def __init__(self, most: int) -> None:
        self.most, self.held = most, 0

    def reserve(self) -> "Reservation":
        """Reserves memory for one upload as it comes; freed on exit."""
        return Reservation(self)


class Reservation(ExitStack):
    """What one upload holds; other things that it holds can be freed with it by `callback`."""

    def __init__(self, memory: UploadMemory) -> None:
        super().__init__()
        self._memory, self._mine = memory, 0
        self.callback(self._free)

    def take(self, size: int) -> None:
        """So many bytes more; refuses what would go beyond the limit of all uploads."""
        memory = self._memory
        if memory.held + size > memory.most:
            message = f"Uploads of {memory.held} bytes are being worked on, and {memory.most} is the limit; come back."
            raise Overloaded(message, retry_s=2.0)
        memory.held += size
        self._mine += size

    def _free(self) -> None:
        self._memory.held -= self._mine
