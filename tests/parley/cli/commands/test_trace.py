"""`parley trace`, from each place where spans lie."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from parley.cli import app

ID = "0af7651916cd43dd8448eb211c80319c"
LINE = {
    "name": "engine",
    "context": {"trace_id": f"0x{ID}", "span_id": "0xb7ad6b7169203331"},
    "parent_id": None,
    "start_time": "2026-11-26T10:00:00.000000Z",
    "end_time": "2026-11-26T10:00:00.025000Z",
    "resource": {"attributes": {"service.name": "asr"}},
}
OTLP = {
    "batches": [
        {
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "asr"}}]},
            "scopeSpans": [
                {
                    "spans": [
                        {
                            "name": "engine",
                            "spanId": "t61rcWkgMzE=",
                            "startTimeUnixNano": "0",
                            "endTimeUnixNano": "25000000",
                        }
                    ]
                }
            ],
        }
    ]
}


def run(*arguments: str) -> str:
    """What is shown of a trace."""
    done = CliRunner().invoke(app, ["trace", *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def refused(*arguments: str) -> str:
    """What is said instead."""
    done = CliRunner().invoke(app, ["trace", *arguments])
    assert done.exit_code != 0
    return done.output


def test_files_of_several_processes_are_one_trace(tmp_path: Path) -> None:
    """Others' spans and a line that is being written are left out."""
    ours, theirs = tmp_path / "asr.jsonl", tmp_path / "gateway.jsonl"
    ours.write_text(json.dumps(LINE) + "\n" + json.dumps(LINE)[:-9])
    other = LINE | {"name": "other", "context": {"trace_id": "0x" + "1" * 32, "span_id": "0x1"}}
    theirs.write_text(json.dumps(LINE | {"name": "call"}) + "\n" + json.dumps(other) + "\n")
    shown = run(ID, str(ours), str(theirs))
    assert "engine" in shown
    assert "call" in shown
    assert "25.0 ms" in shown
    assert "other" not in shown
    assert len(json.loads(run(ID, str(ours), "--json"))) == 1


@pytest.fixture
def tempo() -> Iterator[str]:
    """What answers as Tempo does."""

    class Tempo(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == f"/api/traces/{ID}"
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(json.dumps(OTLP if found else {}).encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Tempo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_tempo_is_asked(tempo: str) -> None:
    """And what it does not know is said."""
    assert "25.0 ms" in run(ID, "--tempo", tempo)
    assert "was it sampled" in refused("1" * 32, "--tempo", tempo)


@pytest.mark.parametrize("wrong", ["abc", "z" * 32, ID + "0"])
def test_what_is_no_id_is_refused(wrong: str) -> None:
    """With what one looks like."""
    assert "32 hexadecimal digits" in refused(wrong)
