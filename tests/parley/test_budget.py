import math

from parley.budget import Budget
from tests.fakes import Clock


def test_a_budget_runs_out() -> None:
    """What is left shrinks with the clock and never becomes negative."""
    clock = Clock()
    budget = Budget.of(5, clock)
    assert (budget.left, budget.spent) == (5, False)
    clock.now += 3
    assert budget.left == 2
    clock.now += 3
    assert (budget.left, budget.spent) == (0, True)


def test_no_budget_is_for_ever() -> None:
    """Who names no time waits without end."""
    assert math.isinf(Budget.of(None, Clock()).left)


def test_at_most_only_shortens() -> None:
    """A stage's own limit never gives a caller more time than it had."""
    clock = Clock()
    assert Budget.of(5, clock).at_most(2).left == 2
    assert Budget.of(2, clock).at_most(5).left == 2
    assert Budget.of(None, clock).at_most(7).left == 7
