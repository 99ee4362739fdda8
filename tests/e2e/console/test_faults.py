"""What can be wrong with a microphone, a file, a key or the address, each told in a sentence; models are echoes."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from parley.wire.keys import make, write
from tests.e2e.cluster import Cluster
from tests.e2e.console.conftest import PATIENCE_MS, faults, launched, needs_chromium

pytestmark = [needs_chromium, pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]
ADMIN, ADMINS = make("ann", ["admin", "use"])
USE, USERS = make("ben", ["use"])
TEXTS, TRANSLATORS = make("cem", ["translate"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    """Anybody may come in, by a name that browsers take for another machine's too."""
    cluster = Cluster(tmp_path_factory.mktemp("cluster"), allow={"hosts": ["parley.test"]})
    try:
        await cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def locked(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    """Nobody comes in without a key."""
    folder = tmp_path_factory.mktemp("locked")
    write(folder / "keys.json", [ADMINS, USERS, TRANSLATORS])
    cluster = Cluster(folder, keys_file=str(folder / "keys.json"))
    try:
        await cluster.start()
        yield cluster
    finally:
        cluster.stop()


async def _opened(browser: Browser, address: str) -> Page:
    page = await browser.new_page(locale="en-GB")
    await page.goto(f"http://{address}")
    return page


async def _done(page: Page, example: str = "One reader") -> None:
    await page.click(f"text={example}")
    await expect(page.locator("#state")).not_to_have_text("Done", timeout=PATIENCE_MS)
    await expect(page.locator("#state")).to_have_text("Done", timeout=PATIENCE_MS)


async def _says(page: Page, sentence: str) -> None:
    await expect(page.locator("#problem")).to_contain_text(sentence, timeout=PATIENCE_MS)


async def test_a_microphone_that_is_refused_is_explained(browser: Browser, cluster: Cluster) -> None:
    """One sentence says what to do, and the button is ready again."""
    page = await _opened(browser, cluster.http)  # without the permission, which nobody gives here
    await page.click("#microphone")
    await _says(page, "did not allow the microphone")
    await expect(page.locator("#microphone")).to_have_text("Speak")
    await page.close()


async def test_a_machine_without_a_microphone_is_told(cluster: Cluster) -> None:
    """A recording does as well."""
    async with launched() as bare:
        context = await bare.new_context(locale="en-GB", permissions=["microphone"])
        page = await context.new_page()
        await page.goto(f"http://{cluster.http}/")
        await page.click("#microphone")
        await _says(page, "No microphone was found. Choose a recording or an example instead.")
        await _done(page)
        await expect(page.locator("#problem")).to_be_hidden()


async def test_a_microphone_that_is_pulled_out_is_told(browser: Browser, cluster: Cluster) -> None:
    """The talk ends as if it had been stopped, and what was said stays."""
    context = await browser.new_context(locale="en-GB", permissions=["microphone"])
    page = await context.new_page()
    await page.goto(f"http://{cluster.http}/")
    keep = "async () => (window.given = await give.call(navigator.mediaDevices, { audio: true }))"
    await page.evaluate(
        f"window.give = navigator.mediaDevices.getUserMedia; navigator.mediaDevices.getUserMedia = {keep}"
    )
    await page.click("#microphone")
    await page.wait_for_selector(".guess, .row", timeout=PATIENCE_MS)
    await page.evaluate("given.getTracks()[0].dispatchEvent(new Event('ended'))")
    await _says(page, "The microphone is gone")
    await expect(page.locator("#state")).to_have_text("Done", timeout=PATIENCE_MS)
    await expect(page.locator(".row").first).to_be_visible()
    await context.close()


async def test_over_plain_http_from_elsewhere_files_are_offered(browser: Browser, cluster: Cluster) -> None:
    """Browsers give no microphone there, which is said before anybody tries; all else works, the clipboard too."""
    page = await _opened(browser, f"parley.test:{cluster.http.rpartition(':')[2]}")
    assert await page.evaluate("isSecureContext") is False
    await _says(page, "only to https pages and to localhost")
    await expect(page.locator("#microphone")).to_be_disabled()
    await expect(page.locator("label[for=file]")).to_have_class("button primary")
    assert await faults(page) == []
    await _done(page)
    await expect(page.locator(".row").first).to_be_visible()
    await page.click("#code summary")
    await page.click("#copy")
    await expect(page.locator("#copy")).to_have_text("Copied")
    await page.close()


async def test_a_file_without_sound_costs_nothing_that_is_shown(browser: Browser, cluster: Cluster) -> None:
    """It is named, and the captions of before stay and can be saved."""
    page = await _opened(browser, cluster.http)
    await _done(page)
    rows = await page.locator(".row").count()
    await page.set_input_files("#file", {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no sound"})
    await _says(page, "notes.txt holds no sound that this browser can read.")
    assert await page.locator(".row").count() == rows > 0
    async with page.expect_download():
        await page.click("#exports button:text-is('TXT')")
    await page.close()


async def test_a_talk_goes_on_beside_a_file_without_sound(browser: Browser, cluster: Cluster) -> None:
    """What runs is ended by what takes its place, not by what cannot."""
    page = await _opened(browser, cluster.http)
    await page.click("text=One reader")
    await expect(page.locator("#state")).to_have_text("Listening", timeout=PATIENCE_MS)
    await page.set_input_files("#file", {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no sound"})
    await _says(page, "notes.txt holds no sound")
    await expect(page.locator("#state")).to_have_text("Done", timeout=PATIENCE_MS)
    await expect(page.locator(".row").first).to_be_visible()
    await page.close()


async def test_a_gateway_that_is_away_is_told_of(browser: Browser, cluster: Cluster) -> None:
    """Neither a script's error nor silence."""
    page = await _opened(browser, cluster.http)
    await _done(page)
    cluster.kill("gateway")
    try:
        for source in ("text=Two readers", "#exports button:text-is('FLAC')"):
            await page.click(source)
            await _says(page, "Parley does not answer")
        await expect(page.locator(".row").first).to_be_visible()
    finally:
        cluster.start_again("gateway")
        await cluster.ready()
    await _done(page)
    await expect(page.locator("#problem")).to_be_hidden()
    await page.close()


async def test_a_key_is_asked_for_and_then_taken(browser: Browser, locked: Cluster) -> None:
    """Without one, and with one that nobody has given out, the page says so; with a right one it works."""
    page = await _opened(browser, locked.http)
    await expect(page.locator("#key-field")).to_be_visible()
    for key in ("", "nobodys-key"):
        await page.fill("#key", key)
        await page.click("text=One reader")
        await _says(page, "asks for an API key")
    await page.fill("#key", USE)
    await page.press("#key", "Enter")
    await _done(page)
    await expect(page.locator(".row").first).to_be_visible()
    await page.close()


async def test_a_key_without_the_scope_is_told_so(browser: Browser, locked: Cluster) -> None:
    """It is another key that is needed, not another try."""
    page = await _opened(browser, locked.http)
    await page.fill("#key", TEXTS)
    await page.click("text=One reader")
    await _says(page, "This API key is not for this")
    await page.close()


async def test_operators_need_the_scope_admin(browser: Browser, locked: Cluster) -> None:
    """Any other key is refused in a sentence; with a right one the stages appear."""
    page = await _opened(browser, f"{locked.http}/console")
    await expect(page.locator("#key-field")).to_be_visible(timeout=PATIENCE_MS)
    await page.fill("#key", USE)
    await page.press("#key", "Enter")
    await _says(page, "admin")
    await page.fill("#key", ADMIN)
    await page.press("#key", "Enter")
    await expect(page.locator(".stage")).to_have_count(4, timeout=PATIENCE_MS)
    await expect(page.locator("#problem")).to_be_hidden()
    await page.close()
