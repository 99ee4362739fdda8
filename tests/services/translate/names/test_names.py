"""Which words are names that a translation must keep, and which are only written with a capital."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.translate.names import NO_NAMES, Names, StandIns

DE, FR = Names("de"), Names("fr-CA")
TEXTS = st.lists(
    st.sampled_from(["Yesterday", "Farouk", "Quintana's", "met", "in", "Bad Homburg", "Mr.", ".", "I", "Tom"]),
    max_size=12,
).map(" ".join)


def found(text: str, names: Names = DE) -> list[tuple[str, bool]]:
    return [(name.text, name.is_place) for name in names.find(text)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Yesterday I met Quintana.", [("Quintana", False)]),
        ("Farouk's car is here", [("Farouk", False)]),
        ("Do you know Dr. Patel?", [("Patel", False)]),
        ("I met Anna Maria Kowalska.", [("Anna Maria Kowalska", False)]),
        ("We flew from Little Rock to Ouagadougou.", [("Little Rock", True), ("Ouagadougou", True)]),
        ("I gave it to Ngozi.", [("Ngozi", False)]),
        ("He lives in Salt Lake City.", [("Salt Lake City", True)]),
        ("It is close to the Quintana River.", [("Quintana", False)]),
    ],
)
def test_a_name_is_found(text: str, names: list[tuple[str, bool]]) -> None:
    """Whole, without its title and the genitive's s; a place after what is said of places."""
    assert found(text) == names


@pytest.mark.parametrize(
    "text",
    ["On Monday we fly to Switzerland.", "I'm in the United States.", "She is Japanese. Please help her.", "OK"],
)
def test_what_has_another_form_is_no_name(text: str) -> None:
    """Nor is the head of a sentence."""
    assert found(text) == []


def test_each_target_has_its_own_names() -> None:
    """London is Londres in French; languages without a list have none."""
    assert found("He lives in London.") == [("London", True)]
    assert found("He lives in London.", FR) == found("He lives in London.", NO_NAMES) == []
    assert not NO_NAMES.lost("He lives in Quuxville.", "")


def test_a_lost_name_is_seen() -> None:
    """In the genitive it is not lost; as a part of another word it is."""
    assert not DE.lost("That is Farouk's car.", "Das ist Farouks Auto.")
    assert DE.lost("I met Quintana.", "Ich traf Quintanaa.")


@given(TEXTS)
def test_stand_ins_give_their_places_back(text: str) -> None:
    """Whatever stands where: nobody who is there already stands for another."""
    for each in StandIns.tries(text, list(DE.find(text))):
        assert each.back(each.text) == text


def test_who_is_lost_again_is_told() -> None:
    """Then the first translation counts."""
    first, second = StandIns.tries("I met Quintana.", list(DE.find("I met Quintana.")))
    assert first.text != second.text
    assert first.back("Ich traf niemanden.") is None


def test_many_names_are_left_as_they_are() -> None:
    """There are only so many that every model knows."""
    text = "I met Quint, Farouk, Ngozi and Patel."
    assert list(StandIns.tries(text, list(DE.find(text)))) == []
