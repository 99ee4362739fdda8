from contextlib import ExitStack

import pytest

from parley.errors import Code, TooBusy
from parley.serving.load import AT_MOST, CAREFUL, MOST, MOST_AGAIN, RETRY_S, WAIT_S, WINDOW_S, Load, Place
from tests.fakes import Clock

SECOND_S = 0.021


@pytest.fixture
def clock() -> Clock:
    return Clock()


def taken(load: Load, stack: ExitStack, *, again: bool = False) -> list[Place]:
    """All the places there are."""
    places: list[Place] = []
    while len(places) < 10_000:
        try:
            places.append(stack.enter_context(load.place(again=again)))
        except TooBusy:
            break
    return places


def speak(places: list[Place], clock: Clock, share: float, seconds: float = 60.0) -> None:
    """Everybody takes so much of what is expected of them, a second after the other."""
    for _ in range(round(seconds)):
        clock.now += 1
        for place in places:
            place.answered(0.0, share * SECOND_S)


def test_as_many_come_in_as_the_model_bears(clock: Clock) -> None:
    """By what it cost when it was warmed up: twice the workers bear twice as many, a heavier model fewer."""
    for second_s, workers in ((SECOND_S, 1), (SECOND_S, 2), (3 * SECOND_S, 2)):
        with ExitStack() as stack:
            places = taken(Load(second_s, workers, clock), stack)
            assert len(places) == int(MOST * workers / (CAREFUL * second_s))


def test_who_is_refused_is_told_when_to_come_back(clock: Clock) -> None:
    """With the code that every API translates."""
    load = Load(10.0, 1, clock)
    with load.place(), pytest.raises(TooBusy) as refused, load.place():
        pass
    assert (refused.value.code, refused.value.retry_s) == (Code.RESOURCE_EXHAUSTED, RETRY_S)


def test_one_stream_is_always_taken(clock: Clock) -> None:
    """There is no smaller load to wait for; and who leaves makes room."""
    load = Load(10.0, 1, clock)
    for _ in range(2):
        assert load.has_room
        with load.place():
            assert not load.has_room


def test_who_needs_less_than_expected_makes_room(clock: Clock) -> None:
    """People who listen more than they speak let others in, once that has been seen."""
    load = Load(SECOND_S, 1, clock)
    with ExitStack() as stack:
        places = taken(load, stack)
        speak(places, clock, 0.5)
        assert len(taken(load, stack)) > len(places)


def test_who_needs_more_than_expected_takes_room(clock: Clock) -> None:
    """Where the machine is slower than when it was measured, fewer fit."""
    load = Load(SECOND_S, 1, clock)
    with ExitStack() as stack:
        places = [stack.enter_context(load.place()) for _ in range(10)]
        speak(places, clock, 2 * CAREFUL)
        assert not load.has_room


@pytest.mark.parametrize(("cpu_s", "on_cpu", "times"), [(1.0, True, 1.0), (0.5, True, 2.0), (0.01, False, 1.0)])
def test_a_machine_that_others_use_bears_fewer(clock: Clock, cpu_s: float, on_cpu: bool, times: float) -> None:
    """Before a final is late: the engine works longer than it has the processor. A GPU's has it hardly at all."""
    load = Load(SECOND_S, 1, clock, on_cpu=on_cpu)
    before = load.expected
    load.ran(1.0, cpu_s)
    assert load.expected == pytest.approx(times * before)


def test_no_stream_counts_for_many(clock: Clock) -> None:
    """Who sends a recording as quickly as it is taken does not keep everybody out."""
    load = Load(SECOND_S, 1, clock)
    with load.place() as place:
        speak([place], clock, 40.0)
        assert load.share == pytest.approx(AT_MOST * CAREFUL * SECOND_S)
        assert load.has_room


def test_nobody_comes_in_while_answers_wait(clock: Clock) -> None:
    """Whatever was reckoned, unless hardly anybody is there; and once that is over, they do again."""
    load = Load(SECOND_S, 1, clock)
    with load.place() as place:
        place.answered(2 * WAIT_S, 0.0)
        assert load.has_room
    load = Load(SECOND_S, 1, clock)
    with ExitStack() as stack:
        for _ in range(10):
            place = stack.enter_context(load.place())
        place.answered(2 * WAIT_S, 0.0)
        assert not load.has_room
        place.answered(0.0, 0.0)
        assert not load.has_room
        clock.now += WINDOW_S
        assert load.has_room


def test_who_lost_a_replica_goes_before_who_is_new(clock: Clock) -> None:
    """A little more is borne before a stream that has begun is refused."""
    load = Load(SECOND_S, 1, clock)
    with ExitStack() as stack:
        places = taken(load, stack)
        more = taken(load, stack, again=True)
        assert (len(places) + len(more)) / len(places) == pytest.approx(MOST_AGAIN / MOST, abs=0.1)
