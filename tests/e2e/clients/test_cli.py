"""The `parley` command against real processes on the echo backend."""

import json
import os
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.pipeline.channels import together
from parley.audio import media
from tests.e2e.supervised import ROOT, Up, parley

ONE, TWO = "examples/one-speaker.flac", "examples/two-speakers.flac"


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    with Up() as up:
        up.until(ready=True)
        yield up


def run(up: Up, *arguments: str, stdin: bytes = b"", code: int = 0) -> str:
    """The command's output; its exit code is looked at."""
    ended = parley(*arguments, "--server", up.grpc, stdin=stdin)
    assert ended.returncode == code, ended
    assert code or not ended.stderr, ended
    return (ended.stderr if code else ended.stdout).decode()


def told(up: Up, *arguments: str, stdin: bytes = b"") -> Any:
    """The command's JSON."""
    return json.loads(run(up, *arguments, "--json", stdin=stdin))


def recording(seconds: float) -> media.Recording:
    """The beginning of a clip."""
    whole = media.read((ROOT / ONE).read_bytes(), 60)
    return media.Recording(whole.data[: round(seconds * whole.rate_hz) * 2], whole.rate_hz)


def test_transcribe_with_everything(up: Up) -> None:
    """Words, speakers, translations and the models that did it, of several files in one document."""
    options = ("--speakers", "--translate-to", "de", "--translate-to", "fr", "--denoise")
    files = told(up, "transcribe", ONE, TWO, *options)["files"]
    assert [each["file"] for each in files] == [ONE, TWO]
    assert set(files[1]["models"]) == {"asr", "denoise", "diarize", "translate"}
    assert {each["speaker"] for each in files[1]["turns"]} == {"1", "2"}
    assert {each["language"] for each in files[0]["translations"]} == {"de", "fr"}
    assert files[0]["text"]
    assert files[0]["segments"][0]["words"]
    assert files[0]["notices"] == []


def test_a_call_is_heard_channel_by_channel(up: Up, tmp_path: Path) -> None:
    """Each says what it says alone, and is a speaker."""
    left, right = recording(3.0), recording(1.0)
    call = together([left.data, right.data.ljust(len(left.data), b"\0")], 2)
    with wave.open(str(tmp_path / "call.wav"), "wb") as file:
        file.setparams((2, 2, left.rate_hz, 0, "NONE", ""))
        file.writeframes(call)
    (tmp_path / "left.wav").write_bytes(media.wav(left.data, left.rate_hz))
    both = told(up, "transcribe", str(tmp_path / "call.wav"), "--per-channel", "--translate-to", "de")["files"][0]
    alone = told(up, "transcribe", str(tmp_path / "left.wav"))["files"][0]
    assert " ".join(each["text"] for each in both["segments"] if each["speaker"] == "1") == alone["text"]
    assert {each["speaker"] for each in both["segments"]} == {"1", "2"}
    assert {each["speaker"] for each in both["translations"]} == {"1", "2"}
    assert both["duration_s"] == pytest.approx(3.0)


def test_one_bad_file_does_not_stop_the_others(up: Up) -> None:
    """The good ones are written down; the code tells that one was not."""
    ended = parley("transcribe", ONE, "README.md", "--json", "--server", up.grpc)
    assert ended.returncode == 2
    assert len(json.loads(ended.stdout)["files"]) == 1
    assert ended.stderr.decode().startswith("parley: README.md")


def test_a_live_stream_takes_as_long_as_the_sound(up: Up) -> None:
    """Paced by a schedule; the words are those of the file."""
    sound = recording(2.0)
    began = time.monotonic()
    lines = run(up, "stream", "-", "--json", stdin=media.wav(sound.data, sound.rate_hz)).splitlines()
    assert time.monotonic() - began >= 2.0
    events = [json.loads(line) for line in lines]
    assert next(iter(events[0])) == "opened"
    assert any(event.get("transcript", {}).get("is_final") for event in events)


def test_raw_sound_is_heard_like_a_wav(up: Up) -> None:
    """16 kHz, 16 bit, one channel."""
    sound = recording(1.5)
    raw = run(up, "stream", "-", stdin=sound.data)
    assert raw
    assert raw == run(up, "stream", "-", stdin=media.wav(sound.data, sound.rate_hz))


def _heed_ctrl_c() -> None:
    """A shell that runs the tests in the background has told them, and so us, to ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_is_quiet(up: Up) -> None:
    """130, and not a word."""
    command = (sys.executable, "-m", "parley.cli", "stream", "-", "--json", "--server", up.grpc)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=_heed_ctrl_c
    ) as running:
        assert running.stdout
        assert running.stderr
        assert running.stdin
        running.stdin.write(bytes(32_000))
        running.stdin.flush()
        running.stdout.readline()
        running.send_signal(signal.SIGINT)
        assert running.wait(30) == 130
        assert running.stderr.read() == b""


def test_a_killed_gateway_is_one_sentence(up: Up) -> None:
    """Nobody is left alone with a hanging stream or with grpc's own words; the new one does not have the stream."""
    command = (sys.executable, "-m", "parley.cli", "stream", ONE, "--json", "--server", up.grpc)
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout
        assert running.stderr
        running.stdout.readline()
        os.kill(up.pids["gateway"], signal.SIGKILL)
        up.until(process="gateway", state="running")
        assert running.wait(30) == 3
        said = running.stderr.read()
    assert said == "parley: The connection was lost, and its stream is not there any more; begin anew.\n"
    while parley("models", "list", "--server", up.grpc).returncode:
        pass


def test_denoise_writes_as_much_as_it_read(up: Up, tmp_path: Path) -> None:
    """A WAV of the same length and rate."""
    out = tmp_path / "clean.wav"
    facts = told(up, "denoise", ONE, str(out))
    with wave.open(str(out), "rb") as written:
        assert written.getnframes() / written.getframerate() == pytest.approx(facts["duration_s"])


def test_diarize_tells_the_same_in_three_forms(up: Up) -> None:
    """Text, JSON and RTTM have the same turns."""
    turns = told(up, "diarize", TWO)["turns"]
    lines = run(up, "diarize", TWO, "--rttm").splitlines()
    assert [(line.split()[3], line.split()[7]) for line in lines] == [
        (f"{each['start_s']:.3f}", each["speaker"]) for each in turns
    ]
    assert len(run(up, "diarize", TWO).splitlines()) == len(turns) == 2


def test_translate_reads_arguments_and_pipes(up: Up) -> None:
    """White space is kept; the JSON says what did it."""
    text = "One two. Three four.\n"
    assert run(up, "translate", "-", "--to", "de", "--from", "en", stdin=text.encode()) == text
    facts = told(up, "translate", "One two.", "--to", "de")
    assert (facts["text"], facts["to"], facts["model"]) == ("One two.", "de", "echo@1")


def test_models_and_status(up: Up) -> None:
    """What is loaded, by two ways."""
    listed = told(up, "models", "list")
    assert {stage: models[0]["model"] for stage, models in listed.items()} == dict.fromkeys(
        ("asr", "denoise", "diarize", "separate", "translate"), "echo@1"
    )
    assert told(up, "models", "load", "asr", "echo@1")["model"] == "echo@1"
    status = json.loads(parley("status", "--http", up.http, "--json").stdout)
    assert status["ready"]
    assert set(status["stages"]) == set(listed)
    assert "Everything is ready." in parley("status", "--http", up.http).stdout.decode().splitlines()


@pytest.mark.parametrize("process", ["asr", "gateway"])
def test_the_containers_health_check(up: Up, process: str) -> None:
    """It asks where the process's config says, and its exit code is the answer."""
    listen = next(up.sockets.glob("*/asr.sock"))
    for address, code in ((up.http.removeprefix("http://"), 0), ("127.0.0.1:1", 3)):
        env = {"PARLEY_HTTP": address, "PARLEY_LISTEN": address if code else f"unix:{listen}"}
        command = (sys.executable, "-m", "parley.cli.processes.health", f"deploy/echo/{process}.toml")
        ended = subprocess.run(command, cwd=ROOT, env={**os.environ, **env}, capture_output=True, timeout=30)
        assert (ended.returncode, b"Traceback" in ended.stderr) == (code, False)


@pytest.mark.parametrize(
    "arguments",
    [
        ("transcribe", ONE, "--model", "nosuch@1"),
        ("transcribe", ONE, "--model", "nosuch=echo@1"),
        ("denoise", ONE, "/tmp/never-written.wav", "--model", "nosuch@1"),
        ("models", "load", "asr", "nosuch@1"),
        ("models", "retire", "asr", "nosuch@1"),
        ("models", "load", "asr", "nosuch"),
        ("translate", "hello", "--to", ""),
    ],
)
def test_what_the_server_refuses_is_one_sentence(up: Up, arguments: tuple[str, ...]) -> None:
    """The caller can mend it, and is told how."""
    said = run(up, *arguments, code=2)
    assert said.startswith("parley: ")
    assert said.count("\n") == 1
