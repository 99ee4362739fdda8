"""Which streams the services are told can wait."""

from pathlib import Path

import pytest

from gateway.caller import Caller, Wish
from gateway.config import GatewayConfig
from gateway.routing.switchboard import Switchboard
from parley.wire import protocol


@pytest.mark.parametrize(
    ("stage", "kind", "waits"),
    [("denoise", "batch", True), ("denoise", "live", False), ("denoise", "", False), ("translate", "batch", False)],
)
async def test_batch_work_says_so_to_the_engines(tmp_path: Path, stage: str, kind: str, waits: bool) -> None:
    """Of sound; texts are short, and people wait for them over HTTP."""
    board = Switchboard(
        GatewayConfig(upstreams={stage: (f"unix:{tmp_path}/a",)}, routes={f"{stage}/default": {"echo@1": 1}})
    )
    wish, caller = Wish(stage), Caller({protocol.CLASS: kind})
    (asked,) = board._calls(wish, caller, board._choice(wish, caller, ""), True)
    assert (asked.metadata.get(protocol.CLASS) == "batch") is waits
    await board.close()
