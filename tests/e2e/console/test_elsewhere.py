"""Pages of other origins, in a real browser: what `cors` lists may use Parley, and nobody else's page can."""

import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from parley.wire.keys import make, write
from tests.e2e.cluster import Cluster
from tests.e2e.console.conftest import needs_chromium

pytestmark = [needs_chromium, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]
KEY, KEPT = make("ann", ["admin", "use"])
# What a page gets of Parley at an address: an answer, a refusal's reason, an event, a WebSocket's first word.
CALLS = """async ({ at, key }) => {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const call = (path, options) => fetch(`http://${at}${path}`, options);
  const model = async () => (await call("/v1/audio/denoise", { method: "POST", headers, body: "{}" })).status;
  const reason = async () => (await (await call("/v1/models")).json()).error.reason;
  const event = async () => {
    const { value } = await (await call("/v1/operations", { headers })).body.getReader().read();
    return new TextDecoder().decode(value).slice(0, 5);
  };
  const socket = () => new Promise((done, fail) => {
    const socket = new WebSocket(`ws://${at}/v1/pipeline`, ["parley", `openai-insecure-api-key.${key}`]);
    socket.onopen = () => done("open");
    socket.onclose = () => fail(new Error("closed"));
  });
  return Promise.all([model, reason, event, socket].map((each) => each().catch(() => "nothing")));
}"""


class _Page(BaseHTTPRequestHandler):
    """An empty page, whatever is asked."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()

    def log_message(self, *told: Any) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Where pages come from that are not Parley's."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory, port: int) -> AsyncIterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    write(folder / "keys.json", [KEPT])
    cluster = Cluster(folder, keys_file=str(folder / "keys.json"), cors=[f"http://app.test:{port}"])
    try:
        await cluster.start()
        yield cluster
    finally:
        cluster.stop()


async def _gets(browser: Browser, page_at: str, cluster: Cluster) -> list[Any]:
    page = await browser.new_page()
    await page.goto(page_at)
    found: list[Any] = await page.evaluate(CALLS, {"at": cluster.http, "key": KEY})
    await page.close()
    return found


async def test_a_listed_page_uses_everything(browser: Browser, cluster: Cluster, port: int) -> None:
    """Posts with a key, after a preflight; it reads refusals, events and a WebSocket."""
    assert await _gets(browser, f"http://app.test:{port}", cluster) == [400, "KEY_NEEDED", "data:", "open"]


@pytest.mark.parametrize("name", ["stranger.test", "app.test.stranger.test"])
async def test_a_strangers_page_gets_nothing(browser: Browser, cluster: Cluster, port: int, name: str) -> None:
    """Though it knows a key."""
    assert await _gets(browser, f"http://{name}:{port}", cluster) == ["nothing"] * 4


async def test_the_same_name_at_another_port_is_a_stranger(browser: Browser, cluster: Cluster, port: int) -> None:
    """An origin is scheme, name and port."""
    other = f"http://app.test:{cluster.http.rpartition(':')[2]}/healthz"
    assert (await _gets(browser, other, cluster))[:3] == ["nothing"] * 3
