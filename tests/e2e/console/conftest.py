"""One Parley with its real models, one Chromium, a page a test."""

import shutil
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import product
from pathlib import Path
from typing import Any, Literal

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Browser, Page, async_playwright

from parley.audio import media
from tests.e2e.cluster import ROOT, Cluster

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or ""
BROWSER_RATE_HZ = 48_000
PATIENCE_MS = 60_000  # machines that test are busy
SHOTS = ROOT / "build/screenshots"
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
needs_chromium = pytest.mark.skipif(not CHROMIUM, reason="no Chromium is installed here")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    cluster = Cluster(
        folder, configs="deploy/config", reports=str(folder / "sla"), routes_file=str(folder / "routes.toml")
    )
    try:
        await cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is said into the browser's microphone."""
    path = tmp_path_factory.mktemp("spoken") / "desk.wav"
    sound = media.read((ROOT / "examples/desk.flac").read_bytes(), 60, BROWSER_RATE_HZ)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(BROWSER_RATE_HZ)
        file.writeframes(sound.data)
    return path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(spoken: Path) -> AsyncIterator[Browser]:
    async with launched(
        "--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={spoken}%noloop"
    ) as browser:
        yield browser


@asynccontextmanager
async def launched(*options: str) -> AsyncIterator[Browser]:
    """Chromium, for which every name that ends in .test is this machine."""
    names = "--host-resolver-rules=MAP *.test 127.0.0.1"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", names, *options])
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, cluster: Cluster) -> AsyncIterator[Page]:
    """The page "Talk", in English; a script that fails, or that the policy stops, fails the test."""
    context = await browser.new_context(locale="en-GB", permissions=["microphone"], accept_downloads=True)
    page, wrong = await context.new_page(), list[str]()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
    await page.goto(f"http://{cluster.http}/")
    await page.wait_for_selector("#targets input")
    yield page
    await context.close()
    assert wrong == []


async def imported(page: Page, module: str, body: str, argument: Any = None) -> Any:
    """What a function says that gets one of the page's modules."""
    call = f"async (argument) => {{ const it = await import('/assets/{module}'); return (({body})(it, argument)); }}"
    return await page.evaluate(call, argument)


async def faults(page: Page) -> list[str]:
    """What axe-core calls serious or critical."""
    found = (await Axe().run(page)).response["violations"]
    return [each["id"] for each in found if each["impact"] in ("serious", "critical")]


async def shoot(page: Page, name: str) -> None:
    """Pictures in light and dark, wide and narrow; axe-core and the width are judged in each."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    for scheme, width in product(SCHEMES, (1280, 390)):
        await page.set_viewport_size({"width": width, "height": 844})
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        await page.screenshot(path=SHOTS / f"{name}-{width}-{scheme}.png")
        assert await faults(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
