"""The page "Tracks", in a real browser: a recording in, a fader for each of its tracks."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.e2e.cluster import ROOT, Cluster
from tests.e2e.console.conftest import PATIENCE_MS, imported, needs_chromium, shoot

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300), needs_chromium]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def separating(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    cluster = Cluster(
        tmp_path_factory.mktemp("cluster"), ("separate",), configs="deploy/config", ready={"needs": ["separate"]}
    )
    try:
        await cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def tracks(browser: Browser, separating: Cluster) -> AsyncIterator[Page]:
    """The page; a script that fails fails the test."""
    context = await browser.new_context(locale="en-GB", accept_downloads=True)
    page, wrong = await context.new_page(), list[str]()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
    await page.goto(f"http://{separating.http}/tracks")
    yield page
    await context.close()
    assert wrong == []


async def test_the_voice_is_heard_without_the_music(tracks: Page) -> None:
    """One click on the example; a fader a track; what a fader says is how loud its track is."""
    await tracks.click("#example")
    await expect(tracks.locator(".fader")).to_have_count(2, timeout=PATIENCE_MS)
    await expect(tracks.locator("#time")).to_have_text("0.0 / 15.8 s")
    await tracks.click('[data-track="voice"] button:has-text("Only this")')
    assert await tracks.input_value("#fader-music") == "0"
    await tracks.click("#play")
    await expect(tracks.locator("#time")).not_to_have_text("0.0 / 15.8 s")
    await expect(tracks.locator("#play")).to_have_text("Pause")
    await tracks.fill("#fader-music", "0.5")
    await tracks.click("#play")
    await expect(tracks.locator("#play")).to_have_text("Play")
    await shoot(tracks, "tracks")


async def test_a_track_is_saved_as_a_file(tracks: Page) -> None:
    await tracks.set_input_files("#file", ROOT / "examples/two-speakers.flac")
    await expect(tracks.locator(".fader")).to_have_count(2, timeout=PATIENCE_MS)
    async with tracks.expect_download() as waiting:
        await tracks.click('[data-track="voice"] button:has-text("FLAC")')
    saved = await (await waiting.value).path()
    assert saved.read_bytes()[:4] == b"fLaC"


async def test_what_is_no_sound_is_said(tracks: Page) -> None:
    """In the server's words, which say what is taken."""
    await tracks.set_input_files("#file", ROOT / "README.md")
    await expect(tracks.locator("#problem")).to_contain_text("Parley refused", timeout=PATIENCE_MS)


async def test_each_track_has_its_own_level(tracks: Page) -> None:
    """Faders set gains; going elsewhere while nothing plays is kept."""
    await tracks.click("#example")
    await expect(tracks.locator(".fader")).to_have_count(2, timeout=PATIENCE_MS)
    found = await imported(
        tracks,
        "mixer.js",
        """async ({ Mixer }) => {
            const answer = await fetch("/assets/recordings/over-music.flac");
            const bytes = await answer.arrayBuffer();
            const mixer = await Mixer.of({ a: bytes.slice(0), b: bytes });
            mixer.set("b", 0.25);
            mixer.seek(3);
            return [mixer.names, mixer.level("a"), mixer.level("b"), mixer.at_s, mixer.isPlaying];
        }""",
    )
    assert found == [["a", "b"], 1, 0.25, 3, False]
