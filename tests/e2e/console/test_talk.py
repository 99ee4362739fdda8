"""A person opens the page and speaks."""

import asyncio
import json
import re

import pytest
from playwright.async_api import Page, expect

from tests.e2e.cluster import Cluster
from tests.e2e.console.conftest import PATIENCE_MS, faults, imported, needs_chromium, shoot

pytestmark = [needs_chromium, pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]


async def test_what_is_spoken_is_read(page: Page) -> None:
    """Words of five people appear while they speak, as guesses first, with speakers and in German."""
    await page.check("#targets input[value=de]")
    await page.click("#microphone")
    await page.wait_for_selector(".guess", timeout=PATIENCE_MS)
    await expect(page.locator("#captions")).to_contain_text("watch is broken", timeout=PATIENCE_MS)
    await expect(page.locator(".translation").first).to_be_visible(timeout=PATIENCE_MS)
    await expect(page.locator(".who").first).to_contain_text("Speaker", timeout=PATIENCE_MS)
    await page.click("#microphone")
    await expect(page.locator("#state")).to_have_text("Done", timeout=PATIENCE_MS)
    await expect(page.locator("#problem")).to_be_hidden()


async def test_a_browser_that_records_at_another_rate_is_understood(page: Page) -> None:
    """Firefox takes a microphone only at the device's own rate; the page resamples."""
    refuse = """() => {
        const create = AudioContext.prototype.createMediaStreamSource;
        AudioContext.prototype.createMediaStreamSource = function (input) {
            if (this.sampleRate === 16000) throw new DOMException("", "NotSupportedError");
            return create.call(this, input);
        };
    }"""
    await page.evaluate(refuse)
    await page.click("#microphone")
    await expect(page.locator("#captions")).to_contain_text("watch is broken", timeout=PATIENCE_MS)
    await page.click("#microphone")
    await expect(page.locator("#state")).to_have_text("Done", timeout=PATIENCE_MS)


async def test_an_example_needs_no_microphone(page: Page) -> None:
    """It is read along, its noise is gone, and what was said can be saved as subtitles and as data."""
    await page.click("text=Two readers")
    await expect(page.locator("#state")).to_have_text("Done", timeout=PATIENCE_MS)
    await expect(page.locator("#facts")).to_contain_text("whisper-tiny.en-live@1")
    for stage in ("asr", "denoise", "diarize"):
        bars = page.locator(".fall", has_text=stage).locator(".bars")
        await expect(bars).to_have_attribute("aria-label", re.compile(r"computing \d+\.\d ms"))
    assert re.match(r"1\n00:00:\d\d,\d{3} --> ", await _saved(page, "SRT"))
    told = json.loads(await _saved(page, "JSON"))
    assert len(told["finals"]) >= 2
    assert told["turns"]
    assert (await _saved(page, "RTTM")).startswith("SPEAKER talk 1 ")


async def _saved(page: Page, kind: str) -> str:
    async with page.expect_download() as saving:
        await page.click(f"#exports button:text-is('{kind}')")
    path = await (await saving.value).path()
    return path.read_text("utf-8")


async def test_a_stage_that_dies_is_told_of_and_the_words_go_on(page: Page, cluster: Cluster) -> None:
    """A notice stands among the words, and words come after it."""
    await page.click("text=Five people, a fan, a keyboard")
    await page.wait_for_selector(".row", timeout=PATIENCE_MS)
    cluster.kill("diarize")
    try:
        lost = page.locator(".notice", has_text="without speakers").first
        await expect(lost).to_be_visible(timeout=PATIENCE_MS)
        await expect(page.locator(".notice ~ .row").first).to_be_visible(timeout=PATIENCE_MS)
    finally:
        cluster.start_again("diarize")
        await cluster.ready()


async def test_a_gateway_that_comes_back_costs_no_word(page: Page, cluster: Cluster) -> None:
    """The page connects anew, sends what was not answered again, and says so."""
    await page.click("text=Five people, a fan, a keyboard")
    await expect(page.locator("#captions")).to_contain_text("concourse", timeout=PATIENCE_MS)
    cluster.kill("gateway")
    await expect(page.locator("#state")).to_contain_text("trying again", timeout=PATIENCE_MS)
    cluster.start_again("gateway")
    await cluster.ready()
    resumed = page.locator(".notice", has_text="nothing in between is missing")
    await expect(resumed).to_be_visible(timeout=PATIENCE_MS)
    await expect(page.locator("#state")).to_have_text("Done", timeout=PATIENCE_MS)
    said = await page.inner_text("#captions")
    assert [said.count(word) for word in ("concourse", "watch is broken", "still sleeping", "business")] == [1, 1, 1, 1]


async def test_two_tabs_do_not_mix(page: Page) -> None:
    """Each shows its own recording."""
    other = await page.context.new_page()
    await other.goto(page.url)
    await asyncio.gather(page.click("text=One reader"), other.click("text=Two readers"))
    for each in (page, other):
        await expect(each.locator("#state")).to_have_text("Done", timeout=PATIENCE_MS)
    one, two = await page.locator(".row").count(), await other.locator(".row").count()
    assert 0 < one < two


async def test_anybody_can_use_it(page: Page) -> None:
    """In light and dark, wide and narrow, axe-core finds nothing serious and nothing is cut off; pictures are taken."""
    await page.check("#targets input[value=de]")
    await page.click("text=Five people, a fan, a keyboard")
    await expect(page.locator(".row")).to_have_count(3, timeout=PATIENCE_MS)
    await shoot(page, "talk")
    await page.locator("#code summary").click()
    assert await faults(page) == []


async def test_it_speaks_german(page: Page) -> None:
    """Every text is there in both languages, and a choice is kept."""
    names = "(it) => [Object.keys(it.default).sort()]"
    assert await imported(page, "strings/en.js", names) == await imported(page, "strings/de.js", names)
    await page.select_option("#language", "de")
    await page.reload()
    await expect(page.locator("#microphone")).to_have_text("Sprechen")


async def test_speakers_are_coloured_anew_when_turns_are_revised(page: Page) -> None:
    """A word belongs to whom the turns say now; the numbers of a second connection are its own."""
    body = """(it) => {
        const said = new it.Transcript(), at = (start, end) => ({ start: `${start}s`, end: `${end}s` });
        said.begin();
        const word = { text: "Good", interval: at(1, 2), confidence: 1, speaker: "1" };
        const final = { type: "transcript", is_final: true, text: "", interval: at(1, 2), words: [word], speaker: "" };
        said.apply(final);
        const before = said.runs(said.finals[0])[0].speaker;
        said.apply({ type: "turn", id: "a", speaker: "2", interval: at(0, 3) });
        said.apply({ type: "revision", withdrawn_ids: ["a"], turns: [{ id: "b", speaker: "3", interval: at(0, 3) }] });
        said.begin();
        said.apply(final, 10);
        return [before, said.runs(said.finals[0])[0].speaker, said.runs(said.finals[1])[0].speaker];
    }"""
    assert await imported(page, "transcript.js", body) == ["1", "3", "1′"]


async def test_a_tape_keeps_half_an_hour(page: Page) -> None:
    """What is older is gone, what is kept is what was written."""
    body = """(it) => {
        const tape = new it.Tape();
        for (let minute = 0; minute < 40; minute++) tape.append(new Int16Array(60 * it.RATE).fill(minute));
        const gone = tape.cut(0, 5).length, last = tape.cut(tape.end - 1, tape.end + 9).length;
        return [tape.start / it.RATE / 60, gone, tape.cut(tape.start, tape.start + 1)[0], last];
    }"""
    assert await imported(page, "tape.js", body) == [10, 0, 10, 1]
