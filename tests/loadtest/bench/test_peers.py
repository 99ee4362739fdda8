"""Other people's servers: installed, measured alike, and told in one table."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from loadtest.address import Where
from loadtest.bench.peers.__main__ import finite, missing_of
from loadtest.bench.peers.install import NotInstalled, environment, lay_out
from loadtest.bench.peers.measure import LONG_S, long
from loadtest.bench.peers.peer import PEERS, Peer, Spot, named
from loadtest.bench.peers.sent import judged, rest
from loadtest.bench.peers.serving import theirs
from loadtest.bench.peers.spoken import Heard, SpokenAnswer, climbed, crowd, summed
from loadtest.bench.peers.table import BEGIN, END, held, table, written
from loadtest.clients.apis.hearing import Hearing
from loadtest.measured.clips import CHUNK, Clip
from parley.cli.processes.ports import free_port
from tests.contract.source import ROOT
from tests.fakes import Clock
from tests.sound import noise, pcm, silence

CLIP = Clip("odd", pcm(noise(8_000), silence(0.3)), "alfa bravo")


class Late:
    """Answers so long after each recording; every so many of them with nothing."""

    def __init__(self, late_s: float, silent: int = 0) -> None:
        self._late_s, self._silent, self._calls = late_s, silent, 0

    async def talk(self, clip: Clip, hearing: Hearing, due: float | None) -> None:
        self._calls += 1
        answered = not (self._silent and self._calls % self._silent == 0)
        await asyncio.sleep(clip.seconds + self._late_s)  # so late is it
        if answered:
            hearing.final("alfa bravo", clip.seconds)

    async def close(self) -> None:
        """Nothing is open."""


async def test_how_late_the_last_final_is() -> None:
    """From the last word, whatever silence is behind it; who hears nothing has no time but is counted."""
    found = await crowd(Late(0.2), [CLIP], 2)
    assert (found.people, found.share, found.wer, found.errors) == (2, 1.0, 0.0, 0)
    assert 450 < found.p50_ms < 10_000  # 0.3 s of silence and 0.2 s more, in milliseconds; slower on a busy machine
    assert (await crowd(Late(0.0, silent=2), [CLIP], 2)).share == 0.5


def test_what_is_pooled() -> None:
    """A lost answer counts among words and shares; a long reference counts for more than a short one."""
    told = [
        SpokenAnswer("one two three four", "one two three four", 100),
        SpokenAnswer("one two", "", None, "TimeoutError"),
    ]
    found = summed(1, told)
    assert found.p50_ms == 100
    assert (found.share, found.errors, found.reasons) == (0.5, 1, {"TimeoutError": 1})
    assert found.wer == pytest.approx(2 / 6)
    assert not found.holds
    assert finite([{"p50_ms": summed(1, told[1:]).p50_ms}]) == [{"p50_ms": None}]


def heard(people: int, p99_ms: float, share: float = 1.0) -> Heard:
    return Heard(people, p99_ms, p99_ms, p99_ms, share, 0.1, 0)


def test_who_nearly_holds_is_asked_twice() -> None:
    """A neighbour's noise is no limit; far beyond it is, and two sizes are seen at least."""
    tries: list[int] = []

    def noisy(people: int) -> Heard:
        tries.append(people)
        return heard(people, 1200 if people == 8 and tries.count(8) == 1 else 5000 if people > 8 else 300)

    assert [(each.people, each.holds) for each in climbed(noisy)] == [(1, True), (4, True), (8, True), (12, False)]
    assert tries == [1, 4, 8, 8, 12]
    assert [each.people for each in climbed(lambda people: heard(people, 9000))] == [1, 4]


def test_nobody_climbs_for_ever() -> None:
    """When time is out, what holds is a lower bound, and the table says so."""
    clock = Clock()

    def slow(people: int) -> Heard:
        clock.now += 60
        return heard(people, 300)

    steps = climbed(slow, clock)
    assert [each.people for each in steps] == [1, 4, 8]
    found = {"parley": {"live": {"steps": [vars(each) for each in steps], "rss_mb": 1}}}
    assert "**at least 8**" in table(PEERS, found)


def test_the_table() -> None:
    """A column a peer: what it is not asked stays empty, what was not measured has its reason, gaps count."""
    steps = [vars(heard(1, 400)), vars(heard(4, 800)), vars(heard(8, 900, 0.9)), vars(heard(12, 900))]
    assert held(steps) == 4
    assert held([{**steps[0], "p99_ms": None}]) == 0
    found: dict[str, Any] = {
        "parley": {"live": {"steps": steps, "rss_mb": 300.4}},
        "speaches": {"live": {"missing": "no checkout."}},
    }
    told = table(PEERS, found)
    lines = told.splitlines()
    assert [cell.strip() for cell in lines[0].split("|")[2:-1]] == [peer.name for peer in PEERS]
    assert "**4**; 1: 0.40 s / 0.40 s; 4: 0.80 s / 0.80 s" in lines[2]
    assert "- speaches was not measured: no checkout." in told
    assert {line.count("|") for line in lines[: 2 + 9]} == {len(PEERS) + 2}


def test_the_table_takes_the_old_ones_place() -> None:
    """What people wrote around it stays; a document without a place for it is refused."""
    document = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert written(document, "new\n") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    assert BEGIN in (ROOT / "docs/peers.md").read_text("utf-8")
    with pytest.raises(ValueError, match="must have"):
        written("nothing", "new")


def test_a_run_goes_on_where_it_was_cut_short() -> None:
    """What is known is not measured again unless asked for; what failed is; what a peer cannot do never is."""
    (peer,) = named(["whisper-live"])
    found: dict[str, Any] = {"whisper-live": {"live": {"steps": []}, "ttfs": {"missing": "it did not start"}}}
    assert missing_of(peer, ["live", "ttfs", "files"], found, again=False) == ["ttfs"]
    assert missing_of(peer, ["live", "ttfs", "files"], found, again=True) == ["live", "ttfs"]
    with pytest.raises(SystemExit, match="no peer 'vosk'"):
        named(["vosk"])


def test_who_cannot_be_installed_says_why(tmp_path: Path) -> None:
    """A peer that is no package wants a folder; a Python that is not here is named."""
    with pytest.raises(NotInstalled, match="SPEACHES=folder"):
        environment(named(["speaches"])[0], tmp_path, None)
    with pytest.raises(NotInstalled, match=r"python9\.9, which is not here"):
        environment(Peer("odd", ("live",), (("odd==1",),), python="python9.9"), tmp_path, None)


def test_what_pip_said_is_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last error, in the table; what is installed already is not installed again."""
    asked: list[str] = []

    def pip(command: list[str] | tuple[str, ...], **_: Any) -> "subprocess.CompletedProcess[str]":
        asked.append(" ".join(command[1:]))
        (tmp_path / "odd").mkdir(exist_ok=True)
        told = "ERROR: no such release\n" if "odd==2" in command else ""
        return subprocess.CompletedProcess(command, 1 if told else 0, "", told)

    monkeypatch.setattr(subprocess, "run", pip)
    with pytest.raises(NotInstalled, match=r"^no such release$"):
        environment(Peer("odd", ("live",), (("odd==2",),)), tmp_path, None)
    asked.clear()
    for _ in range(2):
        environment(Peer("odd", ("live",), (("torch==1",), ("odd==1", "more"))), tmp_path, None)
    assert [each.rpartition("version-check ")[2] for each in asked[1:]] == ["torch==1", "odd==1 more"]


def test_weights_lie_where_a_hub_would_have_them(tmp_path: Path) -> None:
    """A snapshot that a reference names, with what a recogniser's folder may lack."""
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights/model.bin").write_bytes(b"1")
    for _ in range(2):
        lay_out(tmp_path / "weights", tmp_path / "home")
    model = tmp_path / "home/hub/models--openai--whisper-tiny.en"
    snapshot = model / "snapshots" / (model / "refs/main").read_text()
    assert (snapshot / "model.bin").read_bytes() == b"1"
    assert "library_name: ctranslate2" in (snapshot / "README.md").read_text()
    assert json.loads((snapshot / "preprocessor_config.json").read_text())["feature_size"] == 80


def test_ten_minutes_are_ten_minutes() -> None:
    """As many recordings as fit, from the first again where there are too few; their words in the same order."""
    clips = [Clip("a", bytes(2 * 16_000 * 9), "alfa"), Clip("b", bytes(2 * 16_000 * 20), "bravo")]
    whole = long(clips)
    assert LONG_S - 21 < whole.seconds <= LONG_S
    assert whole.text.startswith("alfa bravo alfa")


async def test_files_go_through_openais_api(tmp_path: Path) -> None:
    """Every recording is sent once more than the first, by so many callers, and speed is sound over time."""
    seen: list[int] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            seen.append(size)
            assert b'name="model"' in await reader.readexactly(size)
            body = b'{"text": "Alfa bravo."}'
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
            if len(seen) == 6:
                writer.close()
                return

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    found = await rest(Where("", f"http://127.0.0.1:{port}"), [CLIP] * 5, 2)
    server.close()
    assert (len(seen), found.recordings, found.wer) == (6, 5, 0)
    assert min(seen) > 8 * CHUNK
    half = judged([CLIP, CLIP], ["alfa bravo", ""], CLIP.seconds)
    assert half.speed == pytest.approx(2)
    assert (half.wer, half.recordings) == (0.5, 2)


def peer_of(script: str) -> Peer:
    """A peer that is this script, called with its port."""
    return Peer("odd", (), command=lambda spot: (str(spot.python), "-c", script, str(spot.port)))


def test_a_peer_is_started_measured_and_ended(tmp_path: Path) -> None:
    """It answers on its port, holds memory, and is gone afterwards."""
    script = "import http.server, sys; http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), None).serve_forever()"
    with theirs(peer_of(script), Spot(Path(sys.executable), tmp_path, tmp_path, free_port())) as running:
        (pid,) = running.pids
        assert running.rss_mb() > 1
    assert not psutil.pid_exists(pid)


def test_a_peer_that_dies_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    """Whoever reads the table learns why there is no number."""
    spot = Spot(Path(sys.executable), tmp_path, tmp_path, free_port())
    with (
        pytest.raises(NotInstalled, match="it did not start: no weights"),
        theirs(peer_of("raise SystemExit('no weights')"), spot),
    ):
        pass
