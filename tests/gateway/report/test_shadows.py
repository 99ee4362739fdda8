"""Shadows, as the gateway counted them."""

from gateway import metrics
from gateway.report.shadows import shadows


def test_a_shadow_is_told_with_all_that_came_of_it() -> None:
    """Also one without words, which differs in none: its sound was made, and later than the caller's."""
    for outcome in ("compared", "compared", "lagged"):
        metrics.SHADOWS.labels("denoise", "loud@2", outcome).inc()
    metrics.SHADOW_LAG.labels("denoise", "loud@2").observe(0.15)
    metrics.SHADOW_LAG.labels("denoise", "loud@2").observe(0.18)
    metrics.SHADOWS.labels("asr", "nano@2", "compared").inc()
    metrics.SHADOW_LAG.labels("asr", "nano@2").observe(-0.1)
    metrics.SHADOW_DIVERGENCE.labels("asr", "nano@2").observe(0.25)
    told = {(each["stage"], each["model"]): each for each in shadows()}
    sound, words = told["denoise", "loud@2"], told["asr", "nano@2"]
    assert (sound["outcomes"], sound["divergence"], sound["later_ms"]) == ({"compared": 2, "lagged": 1}, None, 150)
    assert (words["divergence"], words["later_ms"]) == (0.25, -150)
