"""The report: whole, well-formed, and without anything from elsewhere."""

import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

from loadtest.measured.measures import Measures
from loadtest.promises import Verdict
from loadtest.sla.judge import Judgement, overall
from loadtest.sla.page import page
from loadtest.sla.report import write_junit
from tests.loadtest.sla.test_judge import judged, measured

PACES = {"asr": {"one": 44.25, "all": 88.5, "job_ms": 113.0}}
ABOUT = {"when": "now", "commit": "abc", "machine": {"cpu": "a <fast> one"}, "models": {"asr": "echo@1"}} | {
    "yardstick": {"cores": 2, "paces": PACES}
}
VOID = {"meta", "link", "br"}


class Balance(HTMLParser):
    """Finds tags that are not closed in order; those whose end HTML lets us leave out do not count."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        """Closed as soon as it is opened."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def shown(*judgements: Judgement) -> str:
    return page(overall(list(judgements)), judgements, ABOUT)


def test_the_page_tells_the_yardstick_and_the_size() -> None:
    """What was held is nothing without how much was asked, and of which machine."""
    told = shown(judged(measured()))
    assert "44.2 on one core, 88.5 on all; a job 113 ms" in told
    assert "1 people" in told


def test_the_page_is_whole() -> None:
    """Every tag is closed, text is escaped, and nothing is loaded from elsewhere."""
    html = shown(judged(measured(300)), judged(measured(600)), judged(Measures()))
    parser = Balance()
    parser.feed(html)
    assert parser.open == []
    assert "a &lt;fast&gt; one" in html
    assert not re.search(r"""(src|href)=["']?[^"'#]|@import|url\(""", html)


def test_the_page_says_how_it_stands() -> None:
    """The verdict is in the title, each promise with what was measured, and why a run says nothing."""
    html = shown(judged(measured(600, lag_ms=80)))
    assert "<title>SLA: INVALID</title>" in html
    assert "the load generator itself was late: p99 80 ms" in html
    assert "600 ms" in html
    assert html.count("<polyline") >= 2


def test_a_ci_can_read_it(tmp_path: Path) -> None:
    """A case a promise: broken ones fail, those of a run that says nothing are errors."""
    write_junit(tmp_path / "junit.xml", [judged(measured(300)), judged(measured(600)), judged(measured(lag_ms=80))])
    suites = list(ElementTree.parse(tmp_path / "junit.xml").getroot())
    found = [[child.tag for case in suite for child in case] for suite in suites]
    assert found == [[], ["failure"], ["error"]]
    assert Verdict.BROKEN.value == 1
