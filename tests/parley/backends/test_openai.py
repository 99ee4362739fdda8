"""A model behind OpenAI's API, asked over real connections."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from parley.engines import backends
from parley.engines.protocols import Chat, ChatMessage
from parley.engines.surroundings import RemoteServer, Surroundings
from parley.errors import (
    AnswerUnusable,
    BadModel,
    DeadlinePassed,
    ParleyError,
    RateLimited,
    Unavailable,
)
from tests.fakes import PATIENCE_S
from tests.llm import KEY, MODEL, Llm, Reply

HELLO = (ChatMessage("system", "Be brief."), ChatMessage("user", "Hello!"))
LONGEST = 100


@pytest.fixture(scope="module")
def llm() -> Iterator[Llm]:
    with Llm() as server:
        yield server


@pytest.fixture(scope="module")
def chat(llm: Llm) -> Chat:
    return backends.chat(llm.spec()).model


def say(llm: Llm, chat: Chat, reply: Reply, within_s: float = PATIENCE_S) -> str:
    llm.rule = lambda messages: reply
    return chat.say(HELLO, LONGEST, within_s)


@pytest.mark.parametrize("streams", [True, False])
def test_an_answer_comes_whole(llm: Llm, chat: Chat, streams: bool) -> None:
    """Whether the server streams or not; thoughts before it are left out."""
    assert say(llm, chat, Reply("Hello to you, too!", streams=streams)) == "Hello to you, too!"
    assert say(llm, chat, Reply(f"<think>{'hm ' * 100}</think>\n\nHi!", streams=streams)) == "Hi!"


def test_what_is_asked(llm: Llm) -> None:
    """The messages, the model, and what model.toml says; JSON of its own goes along."""
    spec = llm.spec(temperature=0.5, max_tokens=99, body={"chat_template_kwargs": '{"enable_thinking": false}'})
    say(llm, backends.chat(spec).model, Reply("Hi"))
    assert llm.asked[-1] == {
        "model": MODEL,
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello!"}],
        "temperature": 0.5,
        "top_p": 1.0,
        "max_tokens": 99,
        "stream": True,
        "chat_template_kwargs": {"enable_thinking": False},
    }


WRONG: dict[str, tuple[Reply, type[ParleyError], str]] = {
    "an error": (Reply(status=500), Unavailable, "the server test answers 500"),
    "another key": (Reply(status=401), AnswerUnusable, "refuses the key"),
    "no such model": (Reply(status=404), AnswerUnusable, "does not know the model, or the address is wrong"),
    "a request that is too long": (Reply(status=400), AnswerUnusable, "refuses the request"),
    "a connection that breaks off": (Reply("Hello to you", cut=True), Unavailable, "broke off"),
    "an answer that is cut": (Reply("Hello to", ended="length"), AnswerUnusable, "stopped in the middle"),
    "the same, not streamed": (Reply("Hello to", ended="length", streams=False), AnswerUnusable, "stopped"),
    "an endless answer": (Reply("blah " * LONGEST), AnswerUnusable, "more than can be right"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_goes_wrong_is_said(llm: Llm, chat: Chat, what: str) -> None:
    """In words that quote neither the question nor the address nor the key."""
    reply, kind, told = WRONG[what]
    with pytest.raises(kind, match=told) as raised:
        say(llm, chat, reply)
    assert type(raised.value) is kind
    assert not any(secret in str(raised.value) for secret in (KEY, "Hello!", "127.0.0.1"))


def test_a_server_without_room_says_when_to_come_back(llm: Llm, chat: Chat) -> None:
    """Retry-After in seconds; what cannot be read is a second."""
    for written, seconds in (("7", 7.0), ("999999999", 300.0), ("Thu, 01 Jan 2026 00:00:00 GMT", 1.0)):
        with pytest.raises(RateLimited) as raised:
            say(llm, chat, Reply(status=429, headers={"retry-after": written}))
        assert raised.value.retry_s == seconds


def test_nobody_waits_for_ever() -> None:
    """A server that takes the question and says nothing has its time."""
    with Llm(lambda messages: Reply(hangs=True)) as slow, pytest.raises(DeadlinePassed, match=r"within 0\.05 s"):
        backends.chat(slow.spec()).model.say(HELLO, LONGEST, 0.05)


def test_whoever_is_not_openai_is_found_out(llm: Llm, chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON of another shape is no answer, and no crash."""
    shapes: tuple[Any, ...] = ([], {"choices": 3}, {"choices": [{"message": {"content": ["x"]}}]}, "x")
    for odd in shapes:
        monkeypatch.setattr("tests.llm._whole", lambda reply, odd=odd: odd)
        with pytest.raises(AnswerUnusable, match="does not speak OpenAI's chat completions"):
            say(llm, chat, Reply(streams=False))


def test_a_look_at_the_server(llm: Llm) -> None:
    """It is there and has the model; else whoever loads it is told what to mend."""
    spec = llm.spec()
    backends.chat(spec).model.check(PATIENCE_S)
    with pytest.raises(BadModel, match=f"has no model 'other'; it has '{MODEL}'"):
        backends.chat(llm.spec(model="other")).model.check(PATIENCE_S)
    keyless = replace(spec, around=Surroundings((), {"test": RemoteServer(llm.url)}))
    with pytest.raises(BadModel, match=r"refuses the key \(401\); set its api_key"):
        backends.chat(keyless).model.check(PATIENCE_S)
    nowhere = replace(spec, around=Surroundings((), {"test": RemoteServer("http://127.0.0.1:9/v1")}))
    with pytest.raises(Unavailable, match="cannot be reached"):
        backends.chat(nowhere).model.check(PATIENCE_S)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            {"server": "other"},
            r"`options\.server` is 'other', and the service's config has test; write \[servers\.other\]",
        ),
        ({"server": ""}, r"`options\.server` is missing"),
        ({"model": ""}, r"`options\.model` is missing"),
        ({"body": {"messages": "[]"}}, "which is not its own to say"),
        ({"body": {"seed": "{"}}, r"`options\.body\.seed` is '\{'; write JSON"),
    ],
)
def test_a_model_that_says_too_little_is_refused(llm: Llm, options: dict[str, Any], told: str) -> None:
    """With what to write where."""
    with pytest.raises(BadModel, match=told):
        backends.chat(llm.spec(**options))


def test_only_one_backend_converses(llm: Llm) -> None:
    """Another one says so, and this one runs nothing else."""
    with pytest.raises(BadModel, match="the backend echo runs no model that converses; openai does"):
        backends.chat(replace(llm.spec(), backend="echo", options={}))
    for opener in (backends.generator, backends.tensors):
        with pytest.raises(BadModel, match="runs chat models only"):
            opener(replace(llm.spec(), folder=Path("x")))
