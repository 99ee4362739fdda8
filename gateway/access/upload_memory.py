"""How much memory uploads may hold together. Must not know where they come from."""

from contextlib import ExitStack

from parley.errors import Overloaded


class Room:
    """What all of them may hold."""

    def __init__(self, most: int) -> None:
        self.most, self.held = most, 0

    def place(self) -> "Place":
        """For one of them, until it is answered."""
        return Place(self)


class Place(ExitStack):
    """One upload's share; whatever else it holds can be given back with it."""

    def __init__(self, room: Room) -> None:
        super().__init__()
        self._room, self._mine = room, 0
        self.callback(self._leave)

    def take(self, size: int) -> None:
        """So many bytes more."""
        room = self._room
        if room.held + size > room.most:
            said = f"Uploads of {room.held} bytes are being worked on, and {room.most} is the limit; come back."
            raise Overloaded(said, retry_s=2.0)
        room.held += size
        self._mine += size

    def _leave(self) -> None:
        self._room.held -= self._mine
