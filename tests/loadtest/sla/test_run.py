import pytest

from loadtest.sla.run import Watch, stages_of


def watched(*rss: float, name: str = "asr") -> Watch:
    """A process that was looked at every half second, with one core of its own."""
    return Watch(usage=[(n / 2, {name: (n / 2, mb)}) for n, mb in enumerate(rss)])


def test_what_a_process_took() -> None:
    """CPU seconds add up, the most memory counts, and one that was started anew is not counted backwards."""
    watch = watched(*[100.0] * 9)
    assert watch.cpu_s() == {"asr": pytest.approx(4.0)}
    watch.usage += [(4.5, {"asr": (0.1, 300.0)}), (5.0, {"asr": (0.6, 90.0)})]
    assert watch.cpu_s() == {"asr": pytest.approx(4.5)}
    assert watch.rss_mb() == {"asr": 300.0}


def test_growth_is_told() -> None:
    """The first quarter is warming up; after it, a process that grows is seen, and one that does not is flat."""
    assert watched(50, 90, 100, 100, 100, 100, 100, 100).growth() == 0
    assert watched(50, 90, 100, 100, 110, 120, 130, 140).growth() == pytest.approx(0.35)
    assert watched(100, 200).growth() == 0


def test_what_others_took() -> None:
    """All that the machine did, less what is ours."""
    watch = watched(*[100.0] * 9)
    assert watch.others_cores() == 0
    watch.busy = [(10.0, 1000.0), (14.0, 1006.0)]
    assert watch.others_cores() == pytest.approx(0.5)


def test_where_the_time_went() -> None:
    """Each step of each process with how often, p50 and p99; spans that are no step are left out."""
    told = stages_of({"asr": [("queue", 1.0), ("queue", 3.0), ("engine", 7.0), ("asr", 900.0)]})
    assert told == {
        "asr queue": {"count": 2, "p50_ms": 2.0, "p99_ms": pytest.approx(2.98)},
        "asr engine": {"count": 1, "p50_ms": 7.0, "p99_ms": 7.0},
    }
