"""An operator opens the page and acts."""

import asyncio
import json
import re

import pytest
from playwright.async_api import Page, expect

from parley.v1.models_pb2 import ModelsLoadRequest
from tests.e2e.cluster import Cluster
from tests.e2e.console.conftest import PATIENCE_MS, faults, needs_chromium, shoot
from tests.waiting import until

pytestmark = [needs_chromium, pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]


async def _opened(page: Page) -> Page:
    """The page "Operate", beside the one that speaks."""
    console = await page.context.new_page()
    await console.goto(f"{page.url}console")
    await console.wait_for_selector(".stage", timeout=PATIENCE_MS)
    return console


async def test_a_slider_moves_traffic_and_one_button_takes_it_back(page: Page, cluster: Cluster) -> None:
    """New streams go where the slider says, after a confirmation; taken back, they go where they went before."""
    async with cluster.client() as client:
        await client.models("Load", ModelsLoadRequest(model="echo@1"), "denoise")
    console = await _opened(page)
    route = console.locator(".route[data-alias='denoise/default']")
    await route.get_by_label("denoise/default echo@1").fill("100", timeout=PATIENCE_MS)
    await route.get_by_label("denoise/default denoise-nano@2").fill("0")
    await route.get_by_text("Apply").click()
    await console.get_by_text("Do it").click()
    await expect(route.locator(".share", has_text="echo@1").locator("output")).to_have_text("100 %")
    assert "echo@1" in await _served(page)
    await console.get_by_text("Take back the last change").click()
    await console.get_by_text("Do it").click()
    await expect(route.locator(".share", has_text="denoise-nano@2").locator("output")).to_have_text("100 %")
    assert "denoise-nano@2" in await _served(page)
    await expect(console.locator("#happenings")).to_contain_text("Route denoise/default", timeout=PATIENCE_MS)


async def _served(page: Page) -> str:
    """The models that the next stream gets."""
    await page.click("text=One reader")
    await expect(page.locator("#state")).not_to_have_text("Done", timeout=PATIENCE_MS)
    await expect(page.locator("#state")).to_have_text("Done", timeout=PATIENCE_MS)
    return await page.inner_text("#facts")


async def test_times_and_faults_show(page: Page, cluster: Cluster) -> None:
    """After a stream its stage has times; a replica that dies is seen, and so is that it came back."""
    console = await _opened(page)
    await _served(page)
    stage = console.locator(".stage[data-stage='asr']")
    await expect(stage).to_contain_text("whisper-tiny.en-live@1", timeout=PATIENCE_MS)
    await expect(stage.locator("tbody td", has_text=" / ").first).not_to_contain_text("–", timeout=PATIENCE_MS)
    cluster.kill("translate")
    dead = console.locator(".stage[data-stage='translate'] h2 .bad")
    try:
        await expect(dead).to_be_visible(timeout=PATIENCE_MS)
        await expect(console.locator("#happenings")).to_contain_text("Health of translate", timeout=PATIENCE_MS)
        await shoot(console, "operate")
    finally:
        cluster.start_again("translate")
    await expect(dead).to_have_count(0, timeout=PATIENCE_MS)


async def test_a_models_card_is_read(page: Page) -> None:
    """By the keyboard alone, while events redraw the stages every two seconds."""
    console = await _opened(page)
    version = console.get_by_role("button", name="denoise-nano@2").first
    await version.focus()
    await asyncio.sleep(5)  # two events
    await expect(version).to_be_focused()
    await console.keyboard.press("Enter")
    card = console.get_by_role("dialog")
    await expect(card.get_by_role("heading", name="denoise-nano 2", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    assert await faults(console) == []
    await console.keyboard.press("Escape")
    await expect(card).to_be_hidden()


async def test_a_report_of_the_load_test_is_read(page: Page, cluster: Cluster) -> None:
    """Each promise with its limit and what was measured; what a report holds is text, whatever it looks like."""
    run = cluster.folder / "sla/2026-01-01"
    run.mkdir(parents=True)
    promise = {"measure": "final <b>", "statistic": "p99_ms", "limit": 500, "value": 612.3, "verdict": "BROKEN"}
    scenario = {"name": "live-asr", "about": "Twenty talk.", "verdict": "BROKEN", "promises": [promise]}
    report = {"verdict": "BROKEN", "when": "2026-01-01 10:00:00", "machine": {"cores": 2}, "scenarios": [scenario]}
    (run / "report.json").write_text(json.dumps(report), "utf-8")
    console = await _opened(page)
    await console.get_by_role("button", name="2026-01-01 10:00:00").click(timeout=PATIENCE_MS)
    read = console.get_by_role("dialog")
    await expect(read.locator("tbody tr")).to_contain_text("final <b> p99≤ 500 ms612 msbroken")
    assert await faults(console) == []


async def test_a_version_is_tried_and_taken_back(page: Page, cluster: Cluster) -> None:
    """After a confirmation it gets its share; what speaks against it is drawn; taken back, the route is as before."""
    console = await _opened(page)
    await console.locator("#try [name=alias]").select_option("denoise/default", timeout=PATIENCE_MS)
    await console.locator("#try [name=model]").select_option("deepfilternet3@1")
    await console.locator("#try [name=plan]").fill("99, 100")
    await console.get_by_role("button", name="Try", exact=True).click()
    await console.get_by_text("Do it").click()
    trial = console.locator(".trial[data-alias='denoise/default']")
    await expect(trial).to_contain_text("99 % of the streams", timeout=PATIENCE_MS)
    assert "deepfilternet3@1" in await _served(page)
    await expect(trial).to_contain_text("1 so far", timeout=PATIENCE_MS)
    await expect(trial.get_by_role("img")).to_have_attribute("aria-label", re.compile("Errors "))
    assert await faults(console) == []
    await shoot(console, "trial")
    await trial.get_by_role("button", name="Take it back").click()
    await console.get_by_text("Do it").click()
    await expect(trial).to_have_count(0)
    await expect(console.locator(".trials")).to_contain_text("deepfilternet3@1 Stopped.")
    await console.locator(".trials button").first.click()
    await expect(console.get_by_role("dialog").get_by_role("img")).to_be_visible(timeout=PATIENCE_MS)
    await console.keyboard.press("Escape")
    route = console.locator(".route[data-alias='denoise/default']")
    await expect(route.locator(".share", has_text="denoise-nano@2").locator("output")).to_have_text("100 %")


async def test_what_is_refused_stays_to_be_read(page: Page) -> None:
    """The next event does not wipe it away; the next action does."""
    console = await _opened(page)
    await console.locator("#try [name=alias]").select_option("asr/default", timeout=PATIENCE_MS)
    await console.get_by_role("button", name="Try", exact=True).click()
    await console.get_by_text("Do it").click()
    await expect(console.locator("#problem")).to_contain_text("leads to no other version", timeout=PATIENCE_MS)
    await asyncio.sleep(5)  # two events
    await expect(console.locator("#problem")).to_be_visible()


async def test_a_shadow_stands_beside_what_callers_get(page: Page, cluster: Cluster) -> None:
    """How many streams it heard, how far it differed, how much later it was."""
    routes = '["denoise/default"]\nversions = {"denoise-nano@2" = 100}\nshadow = {"deepfilternet3@1" = 100}\n'
    (cluster.folder / "routes.toml").write_text(routes + '["asr/default"]\n"whisper-tiny.en-live@1" = 100\n')
    console = await _opened(page)
    await expect(console.locator("#routes")).to_contain_text("shadow", timeout=PATIENCE_MS)
    await _served(page)
    row = console.locator("#shadows tbody tr")
    await expect(row).to_contain_text("denoise deepfilternet3@1", timeout=PATIENCE_MS)
    await expect(row).to_contain_text("denoise-nano@2")
    await expect(row).to_contain_text(re.compile(r"\d / 1"))
    route = console.locator(".route[data-alias='denoise/default']")
    await route.locator(".share", has_text="echo@1").get_by_text("All to this one").click()
    await console.get_by_text("Do it").click()
    await expect(route.locator(".share", has_text="echo@1").locator("output")).to_have_text("100 %")
    await expect(route).to_contain_text("shadow")  # what is beside the weights stays


async def test_a_gateway_that_is_away_is_told_of(page: Page, cluster: Cluster) -> None:
    """The last state stays on the page, and goes on when the gateway is back."""
    console = await _opened(page)
    cluster.kill("gateway")
    await expect(console.locator("#problem")).to_contain_text("does not answer", timeout=PATIENCE_MS)
    await expect(console.locator(".stage")).to_have_count(4)
    cluster.start_again("gateway")
    await expect(console.locator("#problem")).to_be_hidden(timeout=PATIENCE_MS)


async def test_the_documentation_can_be_tried(page: Page) -> None:
    """An operation is sent as its example says, and answered on the page; nothing is loaded from elsewhere."""
    origin, elsewhere = page.url, list[str]()
    page.on("request", lambda sent: None if sent.url.startswith(origin) else elsewhere.append(sent.url))
    await page.goto(f"{origin}docs")
    await page.get_by_text("Text in another language").first.click(timeout=PATIENCE_MS)
    await page.get_by_role("button", name="EXECUTE").click(timeout=PATIENCE_MS)
    await expect(page.get_by_text("translatedText").first).to_be_visible(timeout=PATIENCE_MS)
    assert elsewhere == []

    async def is_without_faults() -> bool:
        return await faults(page) == []

    await until(is_without_faults, 0.5)  # colours fade for a moment
