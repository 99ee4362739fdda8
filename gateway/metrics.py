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
KEPT = Counter(
    "parley_cache", "Requests that a kept answer could serve, by whether there was one.", ("outcome", "path")
)
SHED = Counter("parley_shed", "Calls that were refused before any work.", ("reason", "class"))
CALL_WEBHOOKS = Counter(
    "parley_calls_webhooks",
    "Tries to tell a telephone call's webhook, by outcome; dead: it was the last.",
    ("outcome",),
)
FAILOVER = Histogram(
    "parley_failover_seconds",
    "From the loss of a replica to the next one's first answer.",
    ("stage",),
    buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)

KEY_EXPIRES = Gauge("parley_key_expires_seconds", "When the next API key expires, since 1970; +Inf: none does.")

FEATURES = Counter("parley_features", "How often a feature flag was asked, by what it said.", ("feature", "outcome"))
_VERSION = ("stage", "model")
SIGNALS = {  # what streams say of a version: by the name of the number
    "wait_s": Histogram(
        "parley_stream_wait_seconds",
        "How long a stream's jobs waited for the engine on average, queue and work.",
        _VERSION,
        buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
    ),
    "log_probability": Histogram(
        "parley_stream_log_probability",
        "Mean log-probability of a stream's words.",
        _VERSION,
        buckets=(-2, -1.5, -1, -0.8, -0.6, -0.4, -0.3, -0.2, -0.1, 0),
    ),
    "no_speech": Histogram(
        "parley_stream_no_speech",
        "How likely it was that nobody spoke in what was taken for speech.",
        _VERSION,
        buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1),
    ),
    "words_per_s": Histogram(
        "parley_stream_words_per_second", "Speech rate.", _VERSION, buckets=(0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 5, 7)
    ),
    "snr_db": Histogram(
        "parley_stream_snr_db",
        "Signal over noise of what came in.",
        _VERSION,
        buckets=(-10, -5, 0, 5, 10, 15, 20, 30, 40),
    ),
    "snr_gain_db": Histogram(
        "parley_stream_snr_gain_db", "Noise taken away.", _VERSION, buckets=(-3, 0, 1, 2, 4, 6, 10, 15, 20, 30)
    ),
    "clipped_share": Histogram(
        "parley_stream_clipped_share",
        "Share of samples at full scale.",
        _VERSION,
        buckets=(0, 0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5),
    ),
    "turn_s": Histogram(
        "parley_stream_turn_seconds", "Mean length of a turn.", _VERSION, buckets=(0.5, 1, 2, 3, 5, 8, 12, 20, 40)
    ),
    "speaker_changes_per_minute": Histogram(
        "parley_stream_speaker_changes_per_minute", "Of speech.", _VERSION, buckets=(0, 2, 5, 10, 15, 20, 30, 60)
    ),
    "length_ratio": Histogram(
        "parley_stream_length_ratio",
        "Letters of a translation over those of its source.",
        _VERSION,
        buckets=(0.2, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.4, 2, 4),
    ),
}
STREAM_ERRORS = Counter("parley_stream_errors", "Streams that failed by their version's fault.", _VERSION)
LANGUAGES = Counter("parley_stream_languages", "Streams by the language that was heard.", (*_VERSION, "language"))
DRIFT = Gauge(
    "parley_drift_psi", "Population stability index against the version's own beginning.", (*_VERSION, "signal")
)
DRIFTED = Gauge("parley_drift", "1: a number has left its version's baseline.", (*_VERSION, "signal"))
CANARY_SHARE = Gauge(
    "parley_canary_share", "Percent of an alias's streams that a version on trial has.", ("alias", "model")
)
CANARY_EVIDENCE = Gauge(
    "parley_canary_evidence", "Against a version on trial; 1 takes it back.", ("alias", "model", "measure")
)
CANARIES_ENDED = Counter("parley_canaries_ended", "Versions on trial, by what became of them.", ("alias", "state"))
JUDGING = Counter("parley_judging_seconds", "Processor time that judging versions has cost.")
