"""What goes wrong on purpose, at its time; and how long it was felt. Must not know who talks."""

import signal
from collections.abc import Callable
from dataclasses import dataclass

from loadtest.measured.measures import Measures
from loadtest.scenario import Fault, Scenario
from loadtest.target.processes import ServerProcesses
from loadtest.target.swap import Swap

PULSE_S = 0.2


@dataclass(frozen=True)
class Act:
    """Something to be done to the server. `do` says whether it could be done already."""

    at_s: float
    what: str
    do: Callable[[], bool]


def acts_of(faults: tuple[Fault, ...], processes: ServerProcesses, swap: Swap) -> list[Act]:
    """Everything that is to be done, in order; people who hang up are the load generator's affair."""
    acts = [act for fault in faults if fault.what not in ("hang-up", "swap") for act in _acts(fault, processes)]
    acts += [act for fault in faults if fault.what == "swap" for act in _swaps(fault, swap)]
    return sorted(acts, key=lambda act: act.at_s)


def _swaps(fault: Fault, swap: Swap) -> list[Act]:
    def swapped() -> bool:
        swap(fault.who)
        return True

    def retired() -> bool:
        swap.retire(fault.who)
        return True

    flip = Act(fault.at_s, f"{fault.who} gets a new version", swapped)
    return [flip, Act(fault.at_s + fault.for_s, f"{fault.who}: the old one retires", retired)]


def _acts(fault: Fault, processes: ServerProcesses) -> list[Act]:
    def sent(at_s: float, number: signal.Signals) -> Act:
        return Act(at_s, f"{number.name} to {fault.who}", lambda: processes.signal(fault.who, number))

    def started(at_s: float) -> Act:
        return Act(at_s, f"{fault.who} starts again", lambda: processes.start_if_ended(fault.who))

    end = fault.at_s + fault.for_s
    if fault.what == "kill":
        return [sent(fault.at_s, signal.SIGKILL), *([started(end)] if fault.for_s else [])]
    if fault.what == "freeze":
        return [sent(fault.at_s, signal.SIGSTOP), sent(end, signal.SIGCONT)]
    if fault.what == "restart":
        return [sent(fault.at_s, signal.SIGTERM), started(end)]
    pulses = [fault.at_s + n * PULSE_S for n in range(round(fault.for_s / PULSE_S))]
    stops = [sent(at_s, signal.SIGSTOP) for at_s in pulses]
    return stops + [sent(at_s + fault.share * PULSE_S, signal.SIGCONT) for at_s in pulses]


def bad_seconds(scenario: Scenario, measures: Measures) -> list[int]:
    """The seconds in which a promised latency was too long, or something failed."""
    bad: set[int] = set()
    for measure, limits in scenario.promise.items():
        worst = max((limit for statistic, limit in limits.items() if statistic.endswith("_ms")), default=0.0)
        if worst and measure in measures.latencies:
            seconds = measures.latencies[measure].seconds
            bad |= {second for second, counts in seconds.items() if max(counts, default=0) > 1000 * worst}
    for what, at in measures.counts.items():
        if what.startswith(("error ", "notice ")):
            bad |= set(at)
    return sorted(bad)


def recovery_s(scenario: Scenario, measures: Measures) -> float | None:
    """The longest time from a fault's end until all was well again; None: there was no fault."""
    bad = bad_seconds(scenario, measures)
    found = []
    for n, fault in enumerate(scenario.faults):
        over = fault.at_s + (fault.for_s if fault.what in ("freeze", "slow") else 0.0)
        later = [other.at_s for other in scenario.faults[n + 1 :] if other.at_s > over]
        until = min(later, default=float("inf"))
        felt = [second + 1 - over for second in bad if fault.at_s - 1 <= second < until]
        found.append(max([0.0, *felt]))
    return max(found) if found else None
