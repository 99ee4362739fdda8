from hypothesis import given
from hypothesis import strategies as st

from services.asr.streams.agreement import Agreement

WORDS = st.lists(st.sampled_from("abc"), max_size=6)


@given(st.lists(WORDS, max_size=8))
def test_what_was_committed_stays(interims: list[list[str]]) -> None:
    """The committed words of one interim are the beginning of all later ones."""
    agreement = Agreement()
    for interim in interims:
        before = list(agreement.committed)
        told = agreement.update(interim)
        assert agreement.committed[: len(before)] == before
        assert told[: len(agreement.committed)] == agreement.committed


def test_two_in_a_row_commit() -> None:
    """A word is committed when two interims in a row begin alike up to it, not before."""
    agreement = Agreement()
    agreement.update(["the", "cat"])
    assert agreement.committed == []
    assert agreement.update(["the", "cap", "is"]) == ["the", "cap", "is"]
    assert agreement.committed == ["the"]
    assert agreement.update(["a", "cap", "is", "on"]) == ["the", "cap", "is", "on"]
    assert agreement.committed == ["the", "cap", "is"]


def test_a_shorter_interim_takes_nothing_back() -> None:
    """An engine that hears less than before does not unsay committed words."""
    agreement = Agreement()
    for _ in range(2):
        agreement.update(["the", "cat"])
    assert agreement.update([]) == ["the", "cat"]
