from math import inf
from typing import Any

from parley.audio.pcm import RATE_HZ
from parley.v1.diarize_pb2 import Revision, Turn
from services.diarize.turns import Draft, Turns, drafts_of

NAMES = "ABC"
Spoken = tuple[int, float, float]


def turns() -> Turns:
    return Turns(NAMES.__getitem__)


def speak(told: Turns, *spoken: Spoken) -> list[Any]:
    """Voices with their seconds."""
    return [event for who, a, b in spoken for event in told.speak(who, round(a * RATE_HZ), round(b * RATE_HZ), 0.5)]


def drafts(*spoken: Spoken, is_open: bool = False) -> list[Draft]:
    """The same as a second look has it."""
    known = [0.0] * (len(spoken) - 1) + [0.0 if is_open else inf]
    rows = zip(spoken, known, strict=True)
    return drafts_of((who, round(a * RATE_HZ), round(b * RATE_HZ), 0.5, known_to) for (who, a, b), known_to in rows)


def told_of(turn: Turn) -> tuple[str, str, float, float]:
    start, end = (edge.ToTimedelta().total_seconds() for edge in (turn.interval.start, turn.interval.end))
    return turn.id, turn.speaker, start, end


def test_a_breath_ends_no_turn() -> None:
    """A pause of 0.3 s is part of a turn; a longer one, or another voice, ends it."""
    told = turns()
    said = speak(told, (0, 0, 1), (0, 1.3, 2), (0, 2.5, 3), (1, 3, 4)) + told.close()
    assert [told_of(turn) for turn in said] == [("t1", "A", 0, 2), ("t2", "A", 2.5, 3), ("t3", "B", 3, 4)]
    assert told.close() == []


def test_a_turn_that_lasts_is_open() -> None:
    """It is told under the number that it will have."""
    told = turns()
    speak(told, (0, 0, 1))
    (lasting,) = told.open()
    (ended,) = told.close()
    assert (lasting.is_open, ended.is_open) == (True, False)
    assert lasting.id == ended.id
    assert told.open() == []


def test_what_has_not_changed_is_not_told_again() -> None:
    """A second look that finds the same says nothing."""
    told = turns()
    speak(told, (0, 0, 1), (1, 1, 2))
    told.close()
    assert told.revise(drafts((0, 0, 1), (1, 1, 2))) == []


def test_a_change_is_told_under_the_old_number() -> None:
    """Another speaker, another end, and two turns that were one: numbers stay where most stays, new ones are new."""
    told = turns()
    speak(told, (0, 0, 4), (1, 4, 6), (0, 6, 7))
    told.close()
    (revision,) = told.revise(drafts((0, 0, 3), (2, 3, 4), (2, 5, 6), (0, 6, 7)))
    assert [told_of(turn) for turn in revision.turns] == [("t1", "A", 0, 3), ("t4", "C", 3, 4), ("t2", "C", 5, 6)]
    assert (list(revision.withdrawn_ids), revision.is_whole) == ([], False)


def test_turns_that_become_one_are_withdrawn() -> None:
    """The longer one keeps its number."""
    told = turns()
    speak(told, (0, 0, 1), (1, 1, 3), (0, 3, 4))
    told.close()
    (revision,) = told.revise(drafts((0, 0, 4)))
    assert [told_of(turn) for turn in revision.turns] == [("t2", "A", 0, 4)]
    assert sorted(revision.withdrawn_ids) == ["t1", "t3"]


def test_an_open_turn_goes_on_after_a_second_look() -> None:
    """It keeps its number, whoever it turns out to be, and is told when it ends."""
    told = turns()
    speak(told, (0, 0, 1), (1, 1, 2))
    assert told.revise(drafts((0, 0, 1), (2, 1, 2), is_open=True)) == []
    assert speak(told, (2, 2, 3)) == []
    assert [told_of(turn) for turn in told.close()] == [("t2", "C", 1, 3)]


def test_a_turn_that_opens_again_is_withdrawn() -> None:
    """What was told as ended, and goes on after all, comes again when it has ended, under a number of its own."""
    told = turns()
    speak(told, (0, 0, 1), (1, 1, 2))
    (revision,) = told.revise(drafts((0, 0, 2), is_open=True))
    assert isinstance(revision, Revision)
    assert (list(revision.turns), list(revision.withdrawn_ids)) == ([], ["t1"])
    assert [told_of(turn) for turn in told.close()] == [("t2", "A", 0, 2)]


def test_the_whole_is_told_whole() -> None:
    """The last revision has every turn, changed or not."""
    told = turns()
    speak(told, (0, 0, 1), (1, 1, 2))
    told.close()
    (revision,) = told.revise(drafts((0, 0, 1), (1, 1, 2)), is_whole=True)
    assert [turn.id for turn in revision.turns] == ["t1", "t2"]
    assert revision.is_whole


def test_turns_beside_each_other_overlap() -> None:
    """Who goes on is not ended by who speaks meanwhile, and the other way round; a second look has it the same."""
    spoken = [(0, 0, 1), (1, 0.8, 1), (0, 1, 2), (1, 1, 1.4), (0, 2, 3), (1, 3.1, 4)]
    wanted = [("A", 0, 3), ("B", 0.8, 1.4), ("B", 3.1, 4)]
    told = turns()
    said = speak(told, *spoken) + told.close()
    assert sorted(told_of(turn)[1:] for turn in said) == wanted
    assert [(NAMES[d.voice], d.start / RATE_HZ, d.end / RATE_HZ) for d in drafts(*spoken)] == wanted
