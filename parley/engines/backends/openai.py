"""Asks a model behind an OpenAI-compatible API: vLLM, Ollama, llama.cpp, TensorRT-LLM. Must not know what it is asked.

Answers are read as they are written: one that breaks off, goes on for ever or comes too late is found out meanwhile,
and the server is told to stop by the end of the connection.
"""

import asyncio
import json
import logging
import re
import ssl
import threading
import weakref
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, TypeVar

import httpx

from parley.config import Within, shown
from parley.engines import options
from parley.engines.model import ModelSpec
from parley.engines.protocols import Chat, ChatMessage, Generator, Tensors
from parley.engines.surroundings import RemoteServer
from parley.errors import AnswerUnusable, BadModel, DeadlinePassed, RateLimited, Unavailable

logging.getLogger("httpx").setLevel(logging.WARNING)  # else it writes a line a sentence
LIBRARIES = ()  # httpx is everybody's
EXTRAS = ("services",)
Answer = TypeVar("Answer")
OURS = ("messages", "model", "stream", "n")
NEVER = {401: "refuses the key", 403: "refuses the key", 404: "does not know the model, or the address is wrong"}
UNWELL = (408, 409, 425, 500, 502, 503, 504)
RETRY_S, LONGEST_RETRY_S = 1.0, 300.0  # after a 429 that does not say when; what is believed of one that does
LARGEST = 1 << 20  # bytes of an answer, thoughts included
THOUGHT = re.compile(r"\s*<think>.*?(?:</think>|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Options:
    """Which model of which server, and how it shall choose its words."""

    server: str = ""  # its name in the service's config
    model: str = ""  # as the server calls it
    temperature: Annotated[float, Within(0, 2)] = 0.0
    top_p: Annotated[float, Within(0, 1)] = 1.0
    max_tokens: Annotated[int, Within(16, 65_536)] = 1024  # of an answer, thoughts included
    body: dict[str, str] = field(default_factory=dict)  # more fields of a request, each as JSON


def devices() -> Sequence[str]:
    """It runs elsewhere; what is here is a caller."""
    return ("CPU",)


def tensors(spec: ModelSpec, device: str) -> Tensors:
    """There are none."""
    raise BadModel(f"{spec.ref}: the openai backend runs chat models only; a graph needs onnx or openvino.")


def generator(spec: ModelSpec, device: str) -> Generator:
    """There are none: a chat model takes no tokens."""
    raise BadModel(f"{spec.ref}: the openai backend runs chat models only; tokens need ctranslate2.")


def chat(spec: ModelSpec, device: str) -> Chat:
    """A connection to the server that the model names."""
    how = options.part(Options, spec)
    if not (how.server and how.model):
        missing = "model" if how.server else "server"
        raise options.fault(spec, f"`options.{missing}` is missing; a model of the backend openai needs it.")
    return OpenAiChat(_server(spec, how.server), how, _fields(spec, how))


def _server(spec: ModelSpec, name: str) -> RemoteServer:
    if server := spec.around.servers.get(name):
        return server
    there = ", ".join(spec.around.servers) or "none"
    wanted = f'write [servers.{shown(name)[1:-1]}] with base_url = "http://..." into deploy/config/{spec.stage}.toml'
    raise options.fault(spec, f"`options.server` is {shown(name)}, and the service's config has {there}; {wanted}.")


def _fields(spec: ModelSpec, how: Options) -> Mapping[str, Any]:
    """The request's body, but for the messages."""
    more: dict[str, Any] = {}
    for name, text in how.body.items():
        if name in OURS:
            raise options.fault(spec, f"`options.body` has {shown(name)}, which is not its own to say.")
        try:
            more[name] = json.loads(text)
        except ValueError:
            raise options.fault(spec, f"`options.body.{shown(name)[1:-1]}` is {shown(text)}; write JSON.") from None
    own = {"model": how.model, "stream": True, "max_tokens": how.max_tokens}
    return {"temperature": how.temperature, "top_p": how.top_p, **own, **more}


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """One thread of a process for all that is asked elsewhere: it only waits."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="elsewhere", daemon=True).start()
    return loop


def _closed(client: httpx.AsyncClient) -> None:
    """The model was retired: nobody keeps its connections."""
    asyncio.run_coroutine_threadsafe(client.aclose(), _loop())


class OpenAiChat:
    """One model of one server."""

    def __init__(self, server: RemoteServer, how: Options, fields: Mapping[str, Any]) -> None:
        self._name, self._model, self._fields = f"the server {how.server}", how.model, fields
        keyed = {"authorization": f"Bearer {server.api_key}"} if server.api_key else {}
        verify = ssl.create_default_context() if server.base_url.startswith("https") else True
        # What stands in the environment of a process (a proxy, a .netrc) does not choose to whom texts go.
        self._client = httpx.AsyncClient(
            base_url=server.base_url.rstrip("/") + "/",
            headers={"user-agent": "parley", **keyed},
            timeout=None,  # a call's own bound holds for all of it
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=32),
            verify=verify,
            trust_env=False,
        )
        weakref.finalize(self, _closed, self._client).atexit = False

    def say(self, messages: Sequence[ChatMessage], longest: int, within_s: float) -> str:
        """Its answer."""
        told = [{"role": each.role, "content": each.text} for each in messages]
        return self._within(within_s, self._say({**self._fields, "messages": told}, longest))

    def check(self, within_s: float) -> None:
        """Whether it is there, takes the key and has the model, as far as it says."""
        self._within(within_s, self._check())

    def _within(self, seconds: float, work: Coroutine[Any, Any, Answer]) -> Answer:
        async def bounded() -> Answer:
            try:
                async with asyncio.timeout(seconds):
                    return await work
            except TimeoutError:
                raise DeadlinePassed(f"{self._name} did not answer within {seconds:.3g} s.") from None

        return asyncio.run_coroutine_threadsafe(bounded(), _loop()).result()

    async def _check(self) -> None:
        with self._in_words():
            answer = await self._client.get("models")
        if answer.status_code in (401, 403):
            raise BadModel(f"{self._name} {NEVER[answer.status_code]} ({answer.status_code}); set its api_key.")
        if answer.status_code in UNWELL or answer.status_code == 429:
            raise Unavailable(f"{self._name} answers {answer.status_code}.")
        listed = _listed(answer) if answer.status_code == 200 else ()  # some do not list their models
        if listed and self._model not in listed and f"{self._model}:latest" not in listed:
            there = ", ".join(map(shown, listed[:10]))
            raise BadModel(f"{self._name} has no model {shown(self._model)}; it has {there}.")

    async def _say(self, body: Mapping[str, Any], longest: int) -> str:
        with self._in_words():
            async with self._client.stream("POST", "chat/completions", json=body) as answer:
                self._check_status(answer)
                return await self._read(answer, longest)

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """What goes wrong on the way; a library's own words may quote what was sent."""
        try:
            yield
        except httpx.ConnectError:
            raise Unavailable(f"{self._name} cannot be reached.") from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise Unavailable(f"the connection to {self._name} broke off ({type(error).__name__}).") from None

    def _check_status(self, answer: httpx.Response) -> None:
        status = answer.status_code
        if status == 200:
            return
        if status == 429:
            retry_s = _retry_s(answer.headers.get("retry-after", ""))
            raise RateLimited(f"{self._name} has no room (429); it wants {retry_s:g} s.", retry_s=retry_s)
        if status in UNWELL:
            raise Unavailable(f"{self._name} answers {status}.")
        raise AnswerUnusable(f"{self._name} {NEVER.get(status, 'refuses the request')} ({status}).")

    async def _read(self, answer: httpx.Response, longest: int) -> str:
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            return self._whole(await answer.aread(), longest)
        text, ended = "", ""
        async for delta, reason in self._pieces(answer):
            text, ended = text + delta, ended or reason
            self._check_length(text, longest)
        if not ended:
            raise Unavailable(f"the connection to {self._name} broke off in the middle of its answer.")
        return self._finished(text, ended)

    async def _pieces(self, answer: httpx.Response) -> AsyncIterator[tuple[str, str]]:
        """What each event adds, and why it is the last one."""
        size = 0
        async for line in answer.aiter_lines():
            size += len(line)
            if size > 64 * LARGEST:  # each event is a hundred times as long as the word in it
                raise AnswerUnusable(f"{self._name} does not come to an end.")
            kind, _, data = line.partition(":")
            if kind != "data":
                continue
            if data.strip() == "[DONE]":
                yield "", "done"
                return
            yield self._parsed(data, "delta")

    def _whole(self, data: bytes, longest: int) -> str:
        """Of a server that does not stream."""
        text, ended = self._parsed(data, "message")
        self._check_length(text, longest)
        return self._finished(text, ended)

    def _parsed(self, data: str | bytes, part: str) -> tuple[str, str]:
        try:
            found = json.loads(data)
            if "error" in found:
                raise Unavailable(f"{self._name} failed in the middle of its answer.")
            choices = found.get("choices") or [{}]
            text, reason = (choices[0].get(part) or {}).get("content") or "", choices[0].get("finish_reason") or ""
            if isinstance(text, str) and isinstance(reason, str):
                return text, reason
        except (ValueError, TypeError, AttributeError, KeyError, IndexError, RecursionError):
            pass
        raise AnswerUnusable(f"{self._name} does not speak OpenAI's chat completions; check its base_url.")

    def _check_length(self, text: str, longest: int) -> None:
        if len(text) > LARGEST or len(THOUGHT.sub("", text, count=1)) > longest:
            raise AnswerUnusable(f"{self._name} answers with more than can be right.")

    def _finished(self, text: str, ended: str) -> str:
        if ended == "length":
            raise AnswerUnusable(f"{self._name} stopped in the middle of its answer, at `max_tokens`.")
        return THOUGHT.sub("", text, count=1).strip()


def _listed(answer: httpx.Response) -> Sequence[str]:
    try:
        return [str(each["id"]) for each in answer.json()["data"]]
    except (ValueError, TypeError, KeyError):
        return ()


def _retry_s(asked: str) -> float:
    """Retry-After in seconds; a date would need the server's clock."""
    asked = asked.strip()
    return min(float(asked), LONGEST_RETRY_S) if asked.isdecimal() else RETRY_S
