"""Writes the dashboards beside this file: `python deploy/observability/grafana/write.py`.

Plain JSON, so that Grafana reads it without anything of ours; a test holds that what is committed is what this gives.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "dashboards"
WINDOW = "$__rate_interval"
PROMETHEUS = {"type": "prometheus", "uid": "prometheus"}
WIDTH, HEIGHT = 12, 8  # two panels a row of Grafana's 24 columns
FAILED = 'outcome=~"INTERNAL|UNAVAILABLE|DRAINING|MODEL_LOADING|CIRCUIT_OPEN|DEADLINE_EXCEEDED"'
Query = tuple[str, str]  # PromQL, and how a line is called


def rate(metric: str, by: str = "") -> str:
    """Of a counter, a second."""
    return f"sum by ({by}) (rate({metric}[{WINDOW}]))" if by else f"sum(rate({metric}[{WINDOW}]))"


def shares(metric: str, by: str) -> tuple[Query, ...]:
    """Three percentiles of a histogram."""
    buckets = rate(f"{metric}_bucket", f"{by}, le")
    return tuple((f"histogram_quantile({q}, {buckets})", f"{{{{{by}}}}} p{100 * q:g}") for q in (0.5, 0.95, 0.99))


def mean(metric: str, by: str) -> tuple[Query, ...]:
    """The mean of a histogram."""
    named = " ".join(f"{{{{{each.strip()}}}}}" for each in by.split(","))
    return ((f"{rate(f'{metric}_sum', by)} / {rate(f'{metric}_count', by)}", named),)


Panel = tuple[str, str, str, tuple[Query, ...]]  # title, what it is good for, unit, queries

OVERVIEW: tuple[Panel, ...] = (
    ("Calls", "How they ended, a second.", "reqps", ((rate("parley_calls_ended_total", "outcome"), "{{outcome}}"),)),
    (
        "Failures, of the promised thousandth",
        "The share of calls that failed through no fault of the caller; 0.1 % is promised.",
        "percentunit",
        (
            ("parley:call_failures:ratio5m", "five minutes"),
            ("parley:call_failures:ratio1h", "an hour"),
            ("parley:call_failures:ratio6h", "six hours"),
        ),
    ),
    (
        "Budget left, thirty days",
        "Of the failures that the promise allows; below zero it is broken.",
        "percentunit",
        (
            (
                f"1 - (sum(increase(parley_calls_ended_total{{{FAILED}}}[30d])) or vector(0))"
                " / (0.001 * sum(increase(parley_calls_ended_total[30d])))",
                "left",
            ),
        ),
    ),
    ("Streams", "Open now.", "short", (("sum by (stage) (parley_streams)", "{{stage}}"),)),
    ("Calls, how long", "A live stream's is as long as somebody talks.", "s", shares("parley_call_seconds", "call")),
    ("Refused", "Before any work, a second.", "reqps", ((rate("parley_shed_total", "reason"), "{{reason}}"),)),
    (
        "Pipelines that went on otherwise",
        "Notices, a second.",
        "reqps",
        ((rate("parley_notices_total", "stage, reason"), "{{stage}} {{reason}}"),),
    ),
    ("Processes", "1: Prometheus reaches it.", "short", (('up{job=~"parley.*"}', "{{job}} {{instance}}"),)),
)
LATENCY: tuple[Panel, ...] = (
    ("Waiting for the engine", "Each job.", "s", shares("parley_queue_wait_seconds", "stage")),
    ("In the engine", "Each batch.", "s", shares("parley_engine_seconds", "stage")),
    (
        "Late jobs",
        "The share that waited more than half a second.",
        "percentunit",
        (("stage:parley_late_jobs:ratio5m", "{{stage}}"),),
    ),
    ("Jobs in a batch", "The mean.", "short", mean("parley_batch_size", "stage")),
    ("Jobs that wait", "Now, of each replica.", "short", (("parley_queue_depth", "{{stage}} {{instance}}"),)),
    ("From a lost replica to the next one", "In mid-stream.", "s", shares("parley_failover_seconds", "stage")),
    (
        "Breakers",
        "0 closed, 1 half-open, 2 open.",
        "short",
        (("max by (service, address, version) (parley_breaker)", "{{service}} {{version}} {{address}}"),),
    ),
)
MODELS: tuple[Panel, ...] = (
    (
        "Streams to versions",
        "By alias, a second.",
        "reqps",
        ((rate("parley_routed_total", "alias, model"), "{{alias}} {{model}}"),),
    ),
    (
        "How streams ended",
        "By version, a second.",
        "reqps",
        ((rate("parley_streams_ended_total", "model, outcome"), "{{model}} {{outcome}}"),),
    ),
    (
        "Engine seconds for a second of sound",
        "What a version costs.",
        "short",
        (
            (
                f"{rate('parley_engine_seconds_sum', 'stage, model')}"
                f" / {rate('parley_audio_seconds_total', 'stage, model')}",
                "{{model}}",
            ),
        ),
    ),
    ("Time to load", "And to warm up.", "s", (("max by (stage, model) (parley_model_load_seconds)", "{{model}}"),)),
    (
        "What a shadow says otherwise",
        "The share of words.",
        "percentunit",
        mean("parley_shadow_divergence", "stage, shadow"),
    ),
    ("How much later a shadow is", "Below zero: sooner.", "s", shares("parley_shadow_lag_seconds", "shadow")),
)
CAPACITY: tuple[Panel, ...] = (
    (
        "Engines at work",
        "The share of their time; near 1 there is none left.",
        "percentunit",
        (("instance:parley_engine_busy:ratio1m", "{{model}} {{instance}}"),),
    ),
    (
        "Sound",
        "Seconds a second: how many people talk, or how fast recordings come.",
        "short",
        ((rate("parley_audio_seconds_total", "stage"), "{{stage}}"),),
    ),
    (
        "Cores",
        "Used by each process.",
        "short",
        ((rate("process_cpu_seconds_total", "job, instance"), "{{job}} {{instance}}"),),
    ),
    ("Memory", "Of each process.", "bytes", (("process_resident_memory_bytes", "{{job}} {{instance}}"),)),
    ("Tasks", "Of event loops; they come and go with calls.", "short", (("parley_tasks", "{{job}} {{instance}}"),)),
    (
        "Answers that were kept",
        "The share of what could be.",
        "percentunit",
        ((f"sum(rate(parley_cache_total{{outcome='hit'}}[{WINDOW}])) / {rate('parley_cache_total')}", "hits"),),
    ),
    (
        "Price of a minute of sound",
        "Cores of all processes at the price above, over the sound that came into asr.",
        "currencyEUR",
        (
            (
                f'60 * $price / 3600 * sum(rate(process_cpu_seconds_total{{job=~"parley.*"}}[{WINDOW}]))'
                f' / sum(rate(parley_audio_seconds_total{{stage="asr"}}[{WINDOW}]))',
                "a minute",
            ),
        ),
    ),
)
DASHBOARDS: dict[str, tuple[str, tuple[Panel, ...]]] = {
    "overview": ("Parley: overview", OVERVIEW),
    "latency": ("Parley: live latency by stage", LATENCY),
    "models": ("Parley: models and rollouts", MODELS),
    "capacity": ("Parley: capacity and cost", CAPACITY),
}


def target(number: int, query: Query) -> dict[str, Any]:
    """One line of a panel; exemplars lead to traces."""
    return {"refId": chr(ord("A") + number), "expr": query[0], "legendFormat": query[1], "exemplar": True}


def panel(number: int, one: Panel) -> dict[str, Any]:
    """A curve over time."""
    title, about, unit, queries = one
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": title,
        "description": about,
        "datasource": PROMETHEUS,
        "gridPos": {"x": number % 2 * WIDTH, "y": number // 2 * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": unit, "min": None if "zero" in about else 0}, "overrides": []},
        "targets": [target(n, query) for n, query in enumerate(queries)],
    }


def dashboard(name: str, title: str, panels: Sequence[Panel]) -> dict[str, Any]:
    """What Grafana provisions."""
    price = {"name": "price", "label": "Price of a core and hour", "type": "textbox", "query": "0.04"}
    return {
        "uid": f"parley-{name}",
        "title": title,
        "tags": ["parley"],
        "schemaVersion": 39,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "links": [{"type": "dashboards", "tags": ["parley"], "title": "Parley", "asDropdown": True}],
        "templating": {"list": [price] if any("$price" in q for *_, qs in panels for q, _ in qs) else []},
        "panels": [panel(number, one) for number, one in enumerate(panels)],
    }


def texts() -> dict[Path, str]:
    """Every file, and what it has to hold."""
    return {
        FOLDER / f"{name}.json": json.dumps(dashboard(name, title, panels), indent=1) + "\n"
        for name, (title, panels) in DASHBOARDS.items()
    }


if __name__ == "__main__":
    for path, text in texts().items():
        path.write_text(text, "utf-8")
