"""Twenty minutes of captions in one, in place of the server's (twenty_minutes.js)."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, CDPSession, Page, expect

from tests.e2e.cluster import ROOT, Cluster
from tests.e2e.console.conftest import PATIENCE_MS, needs_chromium

pytestmark = [needs_chromium, pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]
SCRIPT = Path(__file__).with_name("twenty_minutes.js")
WRITTEN = ROOT / "build/bench/captions.json"
MOST_ELEMENTS = 1000  # of captions at a time: a screen of them and what is close to it
MOST_MB = 4.0  # that ten minutes of captions may add to the heap


async def test_hours_of_captions_stay_light(browser: Browser, cluster: Cluster) -> None:
    """Only what is near to sight has elements; the heap hardly grows; what was said first is there when scrolled to."""
    context = await browser.new_context(locale="en-GB", permissions=["microphone"])
    page = await context.new_page()
    await page.add_init_script(path=SCRIPT)
    await page.goto(f"http://{cluster.http}/")
    session = await context.new_cdp_session(page)
    await page.click("#microphone")
    weights = [await _weight(page, session, minutes) for minutes in (2, 10, 20)]
    await _scrolls(page)
    frames = await page.evaluate("[talked.gaps, talked.tasks].map((each) => Math.round(Math.max(0, ...each)))")
    WRITTEN.parent.mkdir(parents=True, exist_ok=True)
    WRITTEN.write_text(json.dumps({"weights": weights, "longest_frame_ms": frames[0], "longest_task_ms": frames[1]}))
    await context.close()
    assert max(each["elements"] for each in weights) < MOST_ELEMENTS
    assert weights[2]["heap_mb"] - weights[1]["heap_mb"] < MOST_MB


async def _weight(page: Page, session: CDPSession, minutes: int) -> dict[str, Any]:
    """Elements and heap once so many minutes were told."""
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while await page.evaluate("talked.minutes ?? 0") < minutes:
            await asyncio.sleep(0.1)
    await session.send("HeapProfiler.collectGarbage")
    used = (await session.send("Runtime.getHeapUsage"))["usedSize"]
    elements = await page.locator("#captions *").count()
    return {"minutes": minutes, "elements": elements, "heap_mb": round(used / 1e6, 1)}


async def _scrolls(page: Page) -> None:
    """To the beginning, which stays in sight though more comes, and to the end again by a button."""
    captions = page.locator("#captions")
    await expect(captions.get_by_text("19:56")).to_be_in_viewport()
    await captions.evaluate("(box) => (box.scrollTop = 0)")
    first = captions.locator(".row", has_text="0:00").first
    await expect(first.locator(".who")).to_be_in_viewport()
    await expect(captions.get_by_text("10:00")).to_have_count(0)
    await page.click("#newest")
    await expect(captions.get_by_text("19:56")).to_be_in_viewport()
    await expect(page.locator("#newest")).to_be_hidden()
