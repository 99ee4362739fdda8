"""An operator sees the jobs of a key on the page "Operate", and acts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.e2e.console.conftest import PATIENCE_MS, faults, needs_chromium, shoot
from tests.e2e.jobs.cluster import JobsCluster, wav
from tests.e2e.live import recording

pytestmark = [needs_chromium, pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def working(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[JobsCluster]:
    """With a worker."""
    async with JobsCluster(tmp_path_factory.mktemp("jobs"), ("asr",), at_once=1) as cluster:
        yield cluster


@pytest_asyncio.fixture(loop_scope="module")
async def operate(browser: Browser, working: JobsCluster) -> AsyncIterator[Page]:
    """The page, in English; a script that fails fails the test."""
    context = await browser.new_context(locale="en-GB", accept_downloads=True)
    page, wrong = await context.new_page(), list[str]()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    await page.goto(f"http://{working.http}/console")
    yield page
    await context.close()
    assert wrong == []


async def test_jobs_are_seen_downloaded_stopped_begun_anew_and_deleted(
    operate: Page, working: JobsCluster, tmp_path: Path
) -> None:
    """Each by a button; what failed says why."""
    await expect(operate.locator("#summary")).to_contain_text("places taken", timeout=PATIENCE_MS)
    await expect(operate.locator("#jobs")).to_be_hidden()
    await working.submit(wav(recording(1)), "name=short.wav&batch=monday")
    await working.submit(b"no sound", "name=broken.wav&batch=monday")
    rows = operate.locator("#jobs tbody tr")
    done, broken = rows.filter(has_text="short.wav"), rows.filter(has_text="broken.wav")
    await expect(done).to_contain_text("Done", timeout=PATIENCE_MS)
    await expect(broken).to_contain_text("cannot be decoded", timeout=PATIENCE_MS)
    async with operate.expect_download() as download:
        await done.get_by_role("button", name="srt").click()
    await (await download.value).save_as(saved := tmp_path / "saved.srt")
    assert ((await download.value).suggested_filename, "-->" in saved.read_text()) == ("short.srt", True)
    assert await faults(operate) == []
    await shoot(operate, "jobs")
    working.kill("jobs-1")
    waits = await working.submit(wav(recording(2)), "name=other.wav&batch=monday")
    running = rows.filter(has_text="other.wav")
    await running.get_by_role("button", name="Stop").click(timeout=PATIENCE_MS)
    await expect(running).to_contain_text("Stopped", timeout=PATIENCE_MS)
    await running.get_by_role("button", name="Once more").click()
    await expect(running).to_contain_text("Waiting", timeout=PATIENCE_MS)
    working.start_again("jobs-1")
    await expect(running).to_contain_text("Done", timeout=PATIENCE_MS)
    await running.get_by_role("button", name="Delete").click()
    await operate.get_by_text("Do it").click()
    await expect(running).to_have_count(0, timeout=PATIENCE_MS)
    assert (await working.job(waits))["error"]["reason"] == "JOB_NOT_FOUND"
