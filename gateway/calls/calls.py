"""Every telephone call that is heard, over whichever contract: who may have it, and who is told. Must not know one."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager, suppress
from functools import partial

from gateway.calls import options
from gateway.calls.call import Call, CallStart, Read
from gateway.calls.options import CallOptions
from gateway.calls.rooms import Event, Rooms
from gateway.calls.telling import Teller
from gateway.config import GatewayConfig
from gateway.core import Caller, Core
from gateway.pipeline.plan import hide
from parley.errors import BadConfig, BadInput, FieldInvalid, Overloaded, TooManyStreams
from parley.nearest import advice
from parley.wire import webhooks
from parley.wire.keys import Key

log = logging.getLogger(__name__)
TELLERS_MOST = 1000  # streams whose webhook is still being told
GUESSES = ("opened", "speech_started", "speech_ended")  # with interims: what only who listens now wants to know


class Calls:
    """What the contracts of telephony call."""

    def __init__(self, core: Core, config: GatewayConfig) -> None:
        self._core, self.limits, self.config = core, config.limits, config.telephony
        self._redact, self.audit = config.redact, core.audit
        self._rooms = Rooms(config.limits.streams_per_key)
        secret = self.config.webhook_secret
        self._signing = webhooks.signing(secret) if secret else None
        self._tellers: set[asyncio.Task[None]] = set()
        self._open = Counter[str]()  # streams of each key
        self._ended, self._closing = asyncio.Event(), asyncio.Event()
        self._check()

    def _check(self) -> None:
        """Of the config's options: all but whether there is such a model, which may come later."""
        try:
            asked = self._checked(self.config.options, str)
        except BadInput as error:
            raise BadConfig(f"`telephony.options`: {error}") from None
        if asked.ignored:
            name = asked.ignored[0]
            raise BadConfig(f"`telephony.options` has {name!r}; {advice(name, options.NAMES, 'there are {}.')}")

    def asked(self, given: Mapping[str, object]) -> CallOptions:
        """What a call's parameters ask for, over what the config says."""
        return self._checked({**self.config.options, **given}, partial(self._core.named, "asr"))

    def _checked(self, given: Mapping[str, object], named: Callable[[str], str]) -> CallOptions:
        asked = options.asked(given, named)
        if asked.webhook and not self._signing:
            message = "Nobody is told here: `[telephony] webhook_secret` in gateway.toml signs what webhooks are sent."
            raise FieldInvalid(message, field="webhook")
        hide(asked.config, self._redact)
        return asked

    async def listen(self, name: str, caller: Caller) -> AsyncGenerator[Event]:
        """What is said in a call of this caller's key, from its beginning to its end."""
        async with aclosing(self._rooms.listen(self._core.key_for(caller, "asr"), name)) as events:
            async for event in events:
                yield event

    async def heard(self, start: CallStart, asked: CallOptions, caller: Caller, read: Read) -> None:
        """One stream of a call, to its last words."""
        key = self._core.key_for(caller, "asr")
        hide(asked.config, key.redact)
        with self._counted(key), self._told(start, asked) as teller, self._rooms.call(key.id, start.call) as room:

            def tell(event: Event) -> None:
                named = {**event, "call": start.call, "stream": start.stream}
                is_sure = event["type"] not in GUESSES and bool(event.get("is_final", True))
                numbered = room.tell(named, keep=is_sure)
                if teller and is_sure:
                    teller.tell(numbered)

            await Call(start, asked, self._core, caller, self.limits, tell).run(read, self._closing)

    @contextmanager
    def _told(self, start: CallStart, asked: CallOptions) -> Iterator[Teller | None]:
        """Who tells the webhook, which goes on when the call has ended."""
        if not (asked.webhook and self._signing):
            yield None
            return
        if len(self._tellers) >= TELLERS_MOST:
            raise Overloaded(f"{TELLERS_MOST} webhooks are being told already; come back.", retry_s=1.0)
        teller = Teller(asked.webhook, start.stream, self.config, self._signing)
        task = asyncio.create_task(teller.run())
        self._tellers.add(task)
        task.add_done_callback(self._tellers.discard)
        try:
            yield teller
        finally:
            teller.end()

    @contextmanager
    def _counted(self, key: Key) -> Iterator[None]:
        """One more stream, which may be silent and hold no place; of one key as many as it may have places."""
        limits, open_ = self.limits, self._open
        own = key.streams or (limits.streams_per_key if key.id else 0) or limits.streams
        if open_.total() >= limits.streams or open_[key.id] >= own:
            most = own if open_[key.id] >= own else limits.streams
            raise TooManyStreams(f"{most} calls are open, which is the limit; end some.", retry_s=1.0)
        open_[key.id] += 1
        try:
            yield
        finally:
            open_[key.id] -= 1
            if not open_[key.id]:
                del open_[key.id]
            self._ended.set()

    async def close(self, within_s: float) -> None:
        """No more is heard; what was said is answered, and told, for so long each at most."""
        self._closing.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while self._open.total():
                    self._ended.clear()
                    await self._ended.wait()
        if self._tellers:
            _, late = await asyncio.wait(self._tellers, timeout=within_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
            if late:
                log.error("webhooks of calls were not told all", extra={"calls": len(late)})
