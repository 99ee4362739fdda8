"""Whatever is decided by a clock is decided by one that nobody sets."""

import ast

from tests.contract.source import modules

WALL = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
# Dates that people write and read, and clocks that several machines share.
READS_IT = {
    "gateway/access/keys.py": "a key expires on a date",
    "gateway/apis/deepgram/shapes.py": "Deepgram's answers say when they were made",
    "gateway/access/voices.py": "people read when a voice was added",
    "parley/wire/keys.py": "a key expires on a date",
    "parley/cli/commands/keys.py": "a key is given a date",
    "gateway/access/rate.py": "gateways that count together in a Redis",
    "gateway/routing/change_log.py": "people read when a route was changed",
    "gateway/rollouts/state.py": "gateways that share a file tell by it which of them is there",
    "gateway/report/operations.py": "people read when something happened",
    "parley/audit/writer.py": "people read when somebody called",
    "parley/jobs/database.py": "workers on several machines keep jobs by it, and people read when they ended",
    "parley/wire/webhooks.py": "who is told checks how old the message is",
    "parley/telemetry.py": "spans have dates",
    "parley/store/describe.py": "a model says on which date it was fetched",
    "parley/store/mlflow_registry.py": "when a run was kept",
}


def test_only_dates_come_from_the_clock_on_the_wall() -> None:
    """A clock that is set by a day, forwards or back, moves no deadline, limit, breaker or retry."""
    found = {
        module.path
        for module in modules("parley", "services", "gateway")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in WALL
    }
    assert found == set(READS_IT)
