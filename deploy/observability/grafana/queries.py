"""How panels ask: rates, percentiles and means, as PromQL. Must not know which panels there are."""

WINDOW = "$__rate_interval"
FAILED = 'outcome=~"INTERNAL|UNAVAILABLE|DRAINING|MODEL_LOADING|CIRCUIT_OPEN|ANSWER_UNUSABLE|DEADLINE_EXCEEDED"'
Query = tuple[str, str]  # PromQL, and how a line is called


def rate(metric: str, by: str = "") -> str:
    """Of a counter, a second."""
    return f"sum by ({by}) (rate({metric}[{WINDOW}]))" if by else f"sum(rate({metric}[{WINDOW}]))"


def shares(metric: str, by: str) -> tuple[Query, ...]:
    """Three percentiles of a histogram."""
    buckets = rate(f"{metric}_bucket", f"{by}, le")
    return tuple((f"histogram_quantile({q}, {buckets})", f"{{{{{by}}}}} p{100 * q:g}") for q in (0.5, 0.95, 0.99))


def median(metric: str, by: str) -> tuple[Query, ...]:
    """Of a histogram; one that goes below zero has no sum, so no mean."""
    return ((f"histogram_quantile(0.5, {rate(f'{metric}_bucket', f'{by}, le')})", f"{{{{{by}}}}}"),)


def mean(metric: str, by: str) -> tuple[Query, ...]:
    """The mean of a histogram."""
    named = " ".join(f"{{{{{each.strip()}}}}}" for each in by.split(","))
    return ((f"{rate(f'{metric}_sum', by)} / {rate(f'{metric}_count', by)}", named),)


Panel = tuple[str, str, str, tuple[Query, ...]]  # title, what it is good for, unit, queries
