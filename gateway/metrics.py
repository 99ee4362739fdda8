"""What the gateway counts beside what every process counts. Must not know why."""

from prometheus_client import Counter, Gauge, Histogram

ROUTED = Counter("parley_routed", "Streams by alias and the version that took them.", ("stage", "alias", "model"))
FALLBACKS = Counter(
    "parley_fallbacks", "Streams that another model took than the one chosen.", ("stage", "alias", "model")
)
_SHADOW = ("stage", "shadow")
SHADOWS = Counter("parley_shadows", "Streams that a shadow heard, by how that ended.", (*_SHADOW, "outcome"))
SHADOW_DIVERGENCE = Histogram(
    "parley_shadow_divergence",
    "Share of words in which a shadow's answer differs.",
    _SHADOW,
    buckets=(0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1),
)
SHADOW_LAG = Histogram(
    "parley_shadow_lag_seconds",
    "How much later than the answer the shadow's is complete; below zero: sooner.",
    _SHADOW,
    buckets=(-1, -0.5, -0.2, -0.1, 0, 0.1, 0.2, 0.5, 1, 2, 5),
)
BREAKERS = Gauge("parley_breaker", "0 closed, 1 half-open, 2 open.", ("service", "address", "version"))
KEPT = Counter("parley_cache", "Requests that a kept answer could serve, by whether there was one.", ("outcome",))
SHED = Counter("parley_shed", "Calls that were refused before any work.", ("reason", "class"))
FAILOVER = Histogram(
    "parley_failover_seconds",
    "From the loss of a replica to the next one's first answer.",
    ("stage",),
    buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
