"""AudioSocket's port: sound in, a frame of error or nothing out. No decisions in it.

The protocol knows no keys: `audiosocket.key` is the one that its calls count as. One side of a call is heard, and its
times go by when sound came, for the protocol has none.
"""

import asyncio
import time
from functools import partial

from gateway.apis.audiosocket import wire
from gateway.apis.audiosocket.wire import Frame
from gateway.apis.tcp import TcpPort
from gateway.calls.call import HANG_UP, Call, CallStart
from gateway.calls.calls import Calls
from gateway.core import Caller
from parley.budget import Budget, Clock
from parley.errors import ConfigExpected, ConfigRepeated, ParleyError
from parley.wire import idle

CONNECTIONS_MOST = 256  # at a time
TRACK = "inbound"  # from the telephone; Asterisk sends no other
TOLERANCE_MS = 500  # what the network may hold back


class AudioSocketServer:
    """Listens where `telephony.audiosocket.listen` says; nowhere without it."""

    def __init__(self, calls: Calls, clock: Clock = time.monotonic) -> None:
        self._calls, self._clock = calls, clock
        self._limits, self._config = calls.limits, calls.config.audiosocket
        listen, name = self._config.listen, "telephony.audiosocket"
        self._port = TcpPort(name, listen, CONNECTIONS_MOST, self._serve, _refusal, calls.audit)

    async def start(self) -> None:
        """Serves connections from now on."""
        await self._port.start(wire.LONGEST)

    async def stop(self) -> None:
        """Takes no new connections, and ends those that are open."""
        await self._port.stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name = await idle.message(_name(reader), self._limits.first_message_s)
        if name is None:
            return
        peer = writer.get_extra_info("peername")
        shown = {"authorization": f"Bearer {self._config.key}"} if self._config.key else {}
        caller = Caller(shown, Budget.of(None), peer=str(peer[0]) if peer else "")
        start = CallStart(name, name, (TRACK,), TOLERANCE_MS)
        await self._calls.heard(start, self._calls.asked({}), caller, partial(self._read, reader))

    async def _read(self, reader: asyncio.StreamReader, call: Call) -> str:
        """Hand on what Asterisk sends, until somebody hangs up."""
        began = self._clock()
        with idle.IdleTimer(self._limits.sound_s) as timer:
            while frame := await timer.message(wire.read(reader)):
                if frame.kind in (wire.HANG_UP, wire.ERROR):
                    break
                if frame.kind == wire.NAME:
                    raise ConfigRepeated("A connection has one UUID; open another for another call.")
                if frame.kind == wire.DIGIT:
                    call.digit(TRACK, wire.digit_of(frame))
                else:
                    await self._sound(call, frame, self._clock() - began)
        return HANG_UP

    async def _sound(self, call: Call, frame: Frame, now_s: float) -> None:
        form = wire.form_of(frame)
        lasts_s = len(frame.payload) / (2 * form.sample_rate_hz)
        await call.hear(TRACK, form, max(0, round(1000 * (now_s - lasts_s))), frame.payload)


async def _name(reader: asyncio.StreamReader) -> str | None:
    """The call's name; None: nobody has said anything."""
    frame = await wire.read(reader)
    if frame and frame.kind != wire.NAME:
        raise ConfigExpected(f"A connection begins with the call's UUID (0x01); a frame 0x{frame.kind:02x} came.")
    return wire.name_of(frame) if frame else None


def _refusal(error: ParleyError) -> bytes:
    return wire.written(Frame(wire.ERROR, error.reason.encode()))
