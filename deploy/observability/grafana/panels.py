"""What dashboards show: each panel's title, what it is good for, its unit and its queries. Must not know Grafana."""

from quality import QUALITY
from queries import FAILED, Panel, mean, rate, shares

AGAIN = 'parley_cache_total{outcome="hit"}'

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
    (
        "Webhooks of telephone calls",
        "Tries to tell them, a second; `dead` was the last.",
        "ops",
        ((rate("parley_calls_webhooks_total", "outcome"), "{{outcome}}"),),
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
    (
        "Versions on trial",
        "Their share of an alias's streams, in percent.",
        "percent",
        (("max by (alias, model) (parley_canary_share)", "{{alias}} {{model}}"),),
    ),
    (
        "Against a version on trial",
        "1 takes it back.",
        "short",
        (("max by (alias, model, measure) (parley_canary_evidence)", "{{model}} {{measure}}"),),
    ),
    (
        "How trials ended",
        "In the last day.",
        "short",
        (("sum by (alias, state) (increase(parley_canaries_ended_total[1d]))", "{{alias}} {{state}}"),),
    ),
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
        "Disks",
        "The share that is free where a process writes; below a tenth an alert comes.",
        "percentunit",
        (("parley_disk_free_bytes / parley_disk_bytes", "{{job}} {{what}}"),),
    ),
    (
        "Asked again",
        "The share of recordings and texts that came again within an hour and were answered from what was kept.",
        "percentunit",
        ((f"{rate(AGAIN, 'path')} / {rate('parley_cache_total', 'path')}", "{{path}}"),),
    ),
)
COST: tuple[Panel, ...] = (
    (
        "A minute of sound",
        "Engine time at `engine_price`, of each stage.",
        "short",
        (("stage:parley_audio_minute_cost:ratio5m", "{{stage}}"),),
    ),
    (
        "Keys",
        "What the ten dearest cost an hour; `parley keys list` says who they are.",
        "short",
        (("topk(10, 3600 * sum by (key) (stage_key:parley_cost:rate5m))", "{{key}}"),),
    ),
    (
        "Engines, an hour",
        "At work for somebody, and all that there are: the difference is idle.",
        "short",
        (
            ("3600 * sum by (stage) (stage_key:parley_cost:rate5m)", "{{stage}} at work"),
            ("3600 * stage:parley_engines_cost:rate1m", "{{stage}}"),
        ),
    ),
    (
        "Engine time by key",
        "Engines at work: without a price too.",
        "short",
        (("topk(10, sum by (key) (stage_key:parley_engines_used:rate5m))", "{{key}}"),),
    ),
    (
        "Sound by key",
        "Seconds a second.",
        "short",
        ((f"topk(10, {rate('parley_key_audio_seconds_total', 'key')})", "{{key}}"),),
    ),
    (
        "Engine time by version",
        "Engines at work.",
        "short",
        ((rate("parley_engine_seconds_sum", "stage, model"), "{{stage}} {{model}}"),),
    ),
)
JOBS: tuple[Panel, ...] = (
    ("Jobs", "Kept now, by state.", "short", (("max by (state) (parley_jobs)", "{{state}}"),)),
    ("The oldest", "How long it has waited for a worker.", "s", (("max(parley_jobs_oldest_seconds)", "oldest"),)),
    (
        "Sound done",
        "Seconds of recordings a second: how many times faster than they play.",
        "short",
        ((rate("parley_jobs_audio_seconds_total", "instance"), "{{instance}}"),),
    ),
    (
        "Attempts",
        "How they ended, a second; `again` is tried once more.",
        "ops",
        ((rate("parley_jobs_attempts_total", "outcome"), "{{outcome}}"),),
    ),
    (
        "Webhooks",
        "Tries to tell them, a second; `dead` was the last.",
        "ops",
        ((rate("parley_jobs_webhooks_total", "outcome"), "{{outcome}}"),),
    ),
    (
        "Engines that batch work may have",
        "Of each replica, how much is left beside what works; near nothing, jobs wait.",
        "percentunit",
        (("1 - instance:parley_engine_busy:ratio1m", "{{stage}} {{instance}}"),),
    ),
)
DASHBOARDS: dict[str, tuple[str, tuple[Panel, ...]]] = {
    "overview": ("Parley: overview", OVERVIEW),
    "latency": ("Parley: live latency by stage", LATENCY),
    "models": ("Parley: models and rollouts", MODELS),
    "quality": ("Parley: quality and drift", QUALITY),
    "capacity": ("Parley: capacity", CAPACITY),
    "cost": ("Parley: cost", COST),
    "jobs": ("Parley: jobs", JOBS),
}
