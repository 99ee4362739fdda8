"""Who retries what: the table."""

from pathlib import Path

import pytest

from gateway.config import CallConfig
from gateway.replicas import retry
from gateway.replicas.retry import RETRIES, Allowance, RetryRule, Then, When, rule
from parley.errors import (
    BadInput,
    ChunkTooLarge,
    CircuitOpen,
    DeadlinePassed,
    Draining,
    Forbidden,
    NotFound,
    Overloaded,
    ParleyError,
    TooBusy,
    Unavailable,
    UnknownModel,
)
from parley.wire.error_names import tree

DOCUMENT = Path(__file__).parents[3] / "docs/architecture.md"
ALL_THREE = (Then.OTHER_REPLICA, Then.SAME_REPLICA, Then.OTHER_VERSION)


def then(when: When, error: type[ParleyError], *, of_words: bool = False) -> tuple[Then, ...]:
    return rule(when, error("no"), of_words=of_words).then


@pytest.mark.parametrize("when", When)
def test_every_error_has_a_row_in_every_situation(when: When) -> None:
    """No error that we know can find the table empty."""
    assert all(rule(when, kind("no")) in RETRIES for kind in tree())


def test_every_row_can_hold() -> None:
    """A row behind one that covers it would be read and never obeyed."""

    def covers(earlier: RetryRule, later: RetryRule) -> bool:
        stages = later.of_words or not earlier.of_words
        return earlier.when is later.when and issubclass(later.error, earlier.error) and stages

    hidden = [(a, b) for n, b in enumerate(RETRIES) for a in RETRIES[:n] if covers(a, b)]
    assert hidden == []


@pytest.mark.parametrize(
    ("error", "steps"),
    [
        (Unavailable, ALL_THREE),
        (Draining, ALL_THREE),
        (CircuitOpen, ALL_THREE),
        (Overloaded, (Then.OTHER_REPLICA, Then.OTHER_VERSION)),
        (TooBusy, (Then.OTHER_REPLICA, Then.OTHER_VERSION)),
        (DeadlinePassed, (Then.OTHER_REPLICA, Then.OTHER_VERSION)),
        (UnknownModel, (Then.OTHER_REPLICA, Then.OTHER_VERSION)),
        (NotFound, ()),
        (ChunkTooLarge, ()),
        (Forbidden, ()),
        (ParleyError, ()),
    ],
)
def test_before_the_first_answer(error: type[ParleyError], steps: tuple[Then, ...]) -> None:
    """A stream goes on to what may do better; a call with one answer does the same but keeps its version."""
    assert then(When.OPENING, error) == steps
    assert then(When.UNARY, error) == tuple(step for step in steps if step is not Then.OTHER_VERSION)


def test_in_the_middle_of_a_pipeline() -> None:
    """Kept input is replayed, other stages resume; a full asr is waited for longer; a drain is no loss."""
    assert then(When.REPLAYABLE, ParleyError, of_words=True) == (Then.REPLAY,)
    assert then(When.LIVE, ParleyError) == (Then.RESUME,)
    assert then(When.REPLAYABLE, BadInput, of_words=True) == then(When.LIVE, BadInput) == ()
    assert rule(When.REPLAYABLE, TooBusy("full"), of_words=True).waits_for_room
    assert not rule(When.REPLAYABLE, TooBusy("full")).waits_for_room
    losses = [rule(when, Draining("bye"), of_words=True).is_loss for when in (When.REPLAYABLE, When.LIVE)]
    assert losses == [False, False]


def test_a_stage_that_nobody_takes() -> None:
    """The client's fault ends the stream, as does asr without room; the rest is a notice; some is tried again."""
    assert (
        then(When.NEVER_OPENED, UnknownModel, of_words=True) == then(When.NEVER_OPENED, Overloaded, of_words=True) == ()
    )
    assert then(When.NEVER_OPENED, Overloaded) == (Then.DO_WITHOUT, Then.LATER)
    assert then(When.NEVER_OPENED, Forbidden) == then(When.NEVER_OPENED, ParleyError) == (Then.DO_WITHOUT,)
    assert then(When.NOT_REPLACED, UnknownModel, of_words=True) == (Then.DO_WITHOUT,)
    assert then(When.NOT_REPLACED, Overloaded, of_words=True) == (Then.DO_WITHOUT, Then.LATER)
    assert then(When.NOT_REPLACED, BadInput, of_words=True) == ()


def test_the_document_shows_the_table() -> None:
    """docs/architecture.md says what the code does; `python -m gateway.replicas.retry` prints the table anew."""
    shown = DOCUMENT.read_text("utf-8").partition("<!-- retries -->")[2].partition("<!-- end of retries -->")[0]
    assert shown.strip() == retry.markdown().strip()


def test_retries_are_a_share_of_the_calls() -> None:
    """The reserve is spent once; after that five calls earn one retry."""
    allowance = Allowance(CallConfig(retry_share=0.2, retry_reserve=2))
    assert [allowance.spend() for _ in range(3)] == [True, True, False]
    for _ in range(5):
        allowance.earn()
    assert [allowance.spend() for _ in range(2)] == [True, False]
