"""What a scenario's sound cost: CPU-seconds for each hour of it, by process, and its price. Pure."""

from collections.abc import Mapping

from loadtest.scenario import LoadPlan
from loadtest.sla.judge import ScenarioRun


def bill(found: ScenarioRun, plan: LoadPlan) -> dict[str, float]:
    """Nothing where no sound was heard, or the server is somebody else's."""
    hours = found.measures.total("audio s") / 3600
    spent: Mapping[str, float] = found.usage.get("cpu_s", {})
    if not hours or not spent:
        return {}
    costs = {f"CPU s per audio hour, {name}": cpu_s / hours for name, cpu_s in spent.items()}
    costs["CPU s per audio hour"] = sum(spent.values()) / hours
    costs[f"{plan.currency} per audio minute"] = sum(spent.values()) / 3600 * plan.price_per_core_hour / (60 * hours)
    return costs
