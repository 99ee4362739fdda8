"""Whether a server is worth asking."""

import pytest

from parley.errors import CircuitOpen, Unavailable
from services.translate.llm.circuit import Circuit
from tests.fakes import Clock


class Look:
    """At a server that is well or not."""

    def __init__(self) -> None:
        self.well, self.times = True, 0

    def __call__(self) -> None:
        self.times += 1
        if not self.well:
            raise Unavailable("still away")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def circuit(clock: Clock) -> Circuit:
    return Circuit("The server", 3, 5.0, clock)


def open_it(circuit: Circuit) -> None:
    for _ in range(3):
        circuit.failed()


def test_it_opens_after_failures_in_a_row(circuit: Circuit) -> None:
    """An answer in between begins the count anew; nobody looks before it is open."""
    look = Look()
    circuit.failed()
    circuit.failed()
    circuit.worked()
    circuit.failed()
    circuit.failed()
    circuit.pass_(look)
    circuit.failed()
    with pytest.raises(CircuitOpen, match="The server failed just now and is left alone") as refused:
        circuit.pass_(look)
    assert refused.value.retry_s == 5.0
    assert look.times == 0


def test_after_its_rest_one_looks(circuit: Circuit, clock: Clock) -> None:
    """Who finds it ill says so and lets it rest again; who finds it well closes the circuit for all."""
    look = Look()
    open_it(circuit)
    clock.now += 5.0
    look.well = False
    with pytest.raises(Unavailable, match="still away"):
        circuit.pass_(look)
    with pytest.raises(CircuitOpen):
        circuit.pass_(look)
    clock.now += 5.0
    look.well = True
    circuit.pass_(look)
    circuit.pass_(look)
    assert look.times == 2


def test_only_one_looks_at_a_time(circuit: Circuit, clock: Clock) -> None:
    """The others go on without the server meanwhile."""
    open_it(circuit)
    clock.now += 5.0

    def look() -> None:
        with pytest.raises(CircuitOpen):
            circuit.pass_(lambda: pytest.fail("a second one looks"))

    circuit.pass_(look)


def test_one_that_is_well_on_paper_only_is_soon_left_alone_again(circuit: Circuit, clock: Clock) -> None:
    """The first failure after a look opens it at once; an answer makes it as good as new."""
    open_it(circuit)
    clock.now += 5.0
    circuit.pass_(Look())
    circuit.failed()
    with pytest.raises(CircuitOpen):
        circuit.pass_(Look())
    clock.now += 5.0
    circuit.pass_(Look())
    circuit.worked()
    circuit.failed()
    circuit.pass_(Look())


def test_a_server_that_asks_for_a_pause_gets_it(circuit: Circuit, clock: Clock) -> None:
    """As long as it says, and no longer."""
    circuit.rest(7.0)
    clock.now += 6.9
    with pytest.raises(CircuitOpen):
        circuit.pass_(Look())
    clock.now += 0.1
    circuit.pass_(Look())
