"""The same asked again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from prometheus_client import REGISTRY
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.testclient import TestClient

from gateway.access.rate import rate_of
from gateway.apis.app import app
from gateway.caller import CacheScope
from gateway.config import CacheConfig, Limits
from gateway.core import Core
from gateway.http.cache import CACHE, Cache, MemoryStore, RedisStore, key_of
from gateway.http.fields import Fields
from parley.errors import BadConfig, Unavailable
from tests.fakes import Clock
from tests.gateway.conftest import FakeCore, final
from tests.redis_server import running

PATH = "/v1/audio/transcriptions"
SERVED = CacheScope("k1", "{}", ("echo@1", ""))
FIELDS = Fields({"model": "whisper-1"}, b"sound", "talk.wav")


class FakeEndpoint:
    """Answers, and counts how often it was asked."""

    def __init__(self, *answers: Response) -> None:
        self.asked, self._answers = 0, answers

    async def __call__(self) -> Response:
        self.asked += 1
        return self._answers[min(self.asked, len(self._answers)) - 1]


def good(text: str = "alfa", **headers: str) -> Response:
    return PlainTextResponse(text, headers={"parley-model": "echo@1"} | headers)


async def ask(
    cache: Cache, endpoint: FakeEndpoint, path: str = PATH, fields: Fields = FIELDS, served: Any = SERVED
) -> Response:
    return await cache.answered(path, fields, lambda: served, endpoint)


async def test_the_same_is_answered_once() -> None:
    """The second answer is the first one's bytes and headers, and says that it is a hit."""
    cache, endpoint = Cache(CacheConfig()), FakeEndpoint(good())
    first, second = await ask(cache, endpoint), await ask(cache, endpoint)
    assert (first.headers[CACHE], second.headers[CACHE], endpoint.asked) == ("miss", "hit", 1)
    assert (second.body, second.headers["parley-model"]) == (b"alfa", "echo@1")
    assert second.headers["content-type"] == first.headers["content-type"]


OTHERS: list[dict[str, Any]] = [
    {"fields": Fields({"model": "whisper-1"}, b"sounds", "talk.wav")},
    {"fields": Fields({"model": "whisper-1", "language": "de"}, b"sound", "talk.wav")},
    {"path": "/v1/audio/translations"},
    {"served": CacheScope("k2", "{}", ("echo@1", ""))},
    {"served": CacheScope("k1", '{"a": 1}', ("echo@1", ""))},
    {"served": CacheScope("k1", "{}", ("echo@2", "echo@1"))},
]


@pytest.mark.parametrize("other", OTHERS)
async def test_anything_else_is_not_the_same(other: dict[str, Any]) -> None:
    """Other sound, options, endpoints, owners, routes or versions are answered anew."""
    cache, endpoint = Cache(CacheConfig()), FakeEndpoint(good())
    await ask(cache, endpoint)
    await ask(cache, endpoint, **other)
    assert endpoint.asked == 2


@pytest.mark.parametrize(
    "answer",
    [
        JSONResponse({"error": {}}, 503),
        good(**{"parley-notices": "asr UNAVAILABLE"}),
        good(**{"parley-model": "echo@9"}),
    ],
)
async def test_what_is_not_as_asked_is_not_kept(answer: Response) -> None:
    """Failures, notices, and a model that had to stand in."""
    cache, endpoint = Cache(CacheConfig()), FakeEndpoint(answer)
    for _ in range(2):
        assert CACHE not in (await ask(cache, endpoint)).headers
    assert endpoint.asked == 2


@pytest.mark.parametrize(
    ("config", "served"),
    [(CacheConfig(bytes=0), SERVED), (CacheConfig(), None)],
)
async def test_where_nothing_can_be_kept_the_endpoint_is_asked(config: CacheConfig, served: Any) -> None:
    """Switched off, and where nobody knows which version serves."""
    cache, endpoint = Cache(config), FakeEndpoint(good())
    for _ in range(2):
        await ask(cache, endpoint, served=served)
    assert endpoint.asked == 2


async def test_memory_is_bounded_and_forgets() -> None:
    """What was not asked for longest goes first; what is too old goes; what is too large never comes."""
    clock = Clock()
    memory = MemoryStore(CacheConfig(bytes=100, keep_s=10.0), clock)
    for name in "abc":
        await memory.put(name, bytes(40))
        await memory.get("a")
    assert [bool(await memory.get(name)) for name in "abc"] == [True, False, True]
    assert memory.size == 80
    clock.now += 10.0
    assert (await memory.get("a"), memory.size) == (None, 40)
    cache, endpoint = Cache(CacheConfig(bytes=100)), FakeEndpoint(good("x" * 60))
    for _ in range(2):
        await ask(cache, endpoint)
    assert endpoint.asked == 2


def test_a_key_hides_what_was_asked() -> None:
    """Neither sound nor words stand in the key, nor whose it is."""
    key = key_of(PATH, FIELDS, SERVED)
    assert (len(key), "k1" in key) == (16 + 1 + 48, False)


def test_a_store_that_is_none_does_not_start() -> None:
    """The config is told what would be right."""
    with pytest.raises(BadConfig, match="redis://"):
        Cache(CacheConfig(store="disk://"))


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("parley_cache_total", {"outcome": outcome, "path": PATH}) or 0.0


def test_the_header_says_what_is_a_hit(client: TestClient, core: FakeCore, talk: bytes) -> None:
    """Through the real endpoint: the second upload of one recording asks nobody."""
    core.answers, core.served = [final("alfa")], SERVED
    before = counted("hit")
    ask = {"files": {"file": talk}, "data": {"model": "whisper-1"}}
    told = [client.post(PATH, **ask) for _ in range(2)]  # type: ignore[arg-type]
    assert [answer.headers.get(CACHE) for answer in told] == ["miss", "hit"]
    assert told[0].json() == told[1].json()
    assert counted("hit") == before + 1  # as what was asked again there


@pytest.mark.parametrize(("room", "second"), [(32 << 20, "hit"), (1000, "miss")])
def test_sound_sent_as_it_comes_is_kept_whole(
    core: FakeCore, limits: Limits, talk: bytes, room: int, second: str
) -> None:
    """The second answer has the first one's bytes, and asks nobody; what is too large to keep is asked for anew."""
    core.served, client = SERVED, TestClient(app(cast(Core, core), limits, CacheConfig(bytes=room)))
    answers = [client.post("/v1/audio/denoise", files={"file": talk}) for _ in range(2)]
    assert [answer.headers[CACHE] for answer in answers] == ["miss", second]
    assert answers[0].content == answers[1].content == talk


def test_a_streamed_transcript_is_not_kept(client: TestClient, core: FakeCore, talk: bytes) -> None:
    """What became of it stands in its events."""
    core.answers, core.served = [final("alfa")], SERVED
    ask = {"files": {"file": talk}, "data": {"model": "whisper-1", "stream": "true"}}
    told = [client.post(PATH, **ask) for _ in range(2)]  # type: ignore[arg-type]
    assert [answer.headers.get(CACHE) for answer in told] == [None, None]
    assert told[0].text == told[1].text != ""


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    """A real one, where there is one."""
    with running(tmp_path) as (socket, _):
        yield f"unix://{socket}"


async def test_a_redis_keeps_what_memory_would(redis: str) -> None:
    """Two gateways share it."""
    one, other = (Cache(CacheConfig(store=redis)) for _ in range(2))
    endpoint = FakeEndpoint(good())
    await ask(one, endpoint)
    assert (await ask(other, endpoint)).headers[CACHE] == "hit"
    strangers = CacheScope("k2", "{}", ("echo@1", ""))
    await ask(one, endpoint, served=strangers)
    assert (await other.count("k1"), await other.forget("k1"), await one.count("k1")) == (1, 1, 0)
    assert (await ask(one, endpoint)).headers[CACHE] == "miss"
    assert (await ask(other, endpoint, served=strangers)).headers[CACHE] == "hit"


async def test_a_redis_that_is_away_does_not_pass_for_an_empty_one(tmp_path: Path) -> None:
    """Who wants to have answers removed learns that they were not."""
    with pytest.raises(Unavailable, match="does not answer"):
        await Cache(CacheConfig(store=f"unix://{tmp_path}/none.sock")).forget("k1")


async def test_a_redis_that_is_away_costs_a_fresh_answer(tmp_path: Path) -> None:
    """No error, no wait: the endpoint is asked."""
    store = RedisStore(CacheConfig(store=f"unix://{tmp_path}/none.sock"))
    await store.put("k", b"v")
    assert await store.get("k") is None


async def test_a_rate_can_be_counted_in_a_redis(redis: str) -> None:
    """Two gateways count together."""
    rates = [rate_of("1/minute", f"redis+{redis}") for _ in range(2)]
    assert [bool(await rate.wait_s("k")) for rate in rates] == [False, True]


def test_what_changes_by_itself_is_never_kept(client: TestClient, core: FakeCore) -> None:
    """Only endpoints that say so keep their answers: a list of models is asked for anew."""
    core.served = SERVED
    assert [CACHE in client.get("/v1/models").headers for _ in range(2)] == [False, False]
