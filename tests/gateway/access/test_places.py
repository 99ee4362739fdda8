"""Places under any order of calls: none is lost, none is given twice, and no limit is passed."""

from contextlib import ExitStack
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gateway.access.admission import Admission, Places
from gateway.config import Limits
from parley.errors import ParleyError
from parley.wire.keys import NOBODY, Key

KEYS = (NOBODY, Key("1", "ann", ""), Key("2", "ben", ""), Key("3", "eve", "", streams=2))


@dataclass
class Call:
    """One that is open."""

    key: Key
    kind: str
    places: Places
    held: int = 1
    stack: ExitStack = field(default_factory=ExitStack)


class Calls(RuleBasedStateMachine):
    """Callers come, want more, want less, and go, in any order; some are refused, and try again."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []

    @initialize(limits=st.builds(Limits, streams=st.integers(1, 9), streams_per_key=st.integers(0, 5)))
    def begin(self, limits: Limits) -> None:
        self.limits, self.admission = limits, Admission(limits)

    @rule(key=st.sampled_from(KEYS), kind=st.sampled_from(["live", "batch"]))
    def come(self, key: Key, kind: str) -> None:
        stack = ExitStack()
        try:
            places = stack.enter_context(self.admission.place(key, kind))
        except ParleyError:
            return
        self.calls.append(Call(key, kind, places, 1, stack))

    @rule(which=st.integers(0, 99), wanted=st.integers(1, 30))
    def want(self, which: int, wanted: int) -> None:
        if not self.calls:
            return
        call = self.calls[which % len(self.calls)]
        try:
            call.places.hold(wanted)
        except ParleyError:
            return
        call.held = wanted

    @rule(which=st.integers(0, 99))
    def go(self, which: int) -> None:
        if self.calls:
            self.calls.pop(which % len(self.calls)).stack.close()

    @invariant()
    def what_is_counted_is_what_is_held(self) -> None:
        if not hasattr(self, "admission"):
            return
        assert self.admission.open == sum(call.held for call in self.calls) <= self.limits.streams
        for key in KEYS:
            most = key.streams or (self.limits.streams_per_key if key.id else 0) or self.limits.streams
            assert sum(call.held for call in self.calls if call.key == key) <= most

    def teardown(self) -> None:
        for call in self.calls:
            call.stack.close()
        assert not hasattr(self, "admission") or self.admission.open == 0


TestPlaces = Calls.TestCase
TestPlaces.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
