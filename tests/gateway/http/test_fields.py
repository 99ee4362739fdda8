import pytest

from gateway.http.fields import Fields
from parley.errors import FieldInvalid


def test_an_array_may_be_spelt_either_way() -> None:
    """name, name[] and both give all their values."""
    assert Fields({"a": "1", "a[]": ["2", "3"]}).texts("a") == ["1", "2", "3"]
    assert Fields({}).texts("a") == []


@pytest.mark.parametrize("value", ["-1", "11", "nan", "inf", "x", "1e999"])
def test_a_number_out_of_bounds_names_the_bounds(value: str) -> None:
    """The message says what would be right."""
    with pytest.raises(FieldInvalid, match="from 0 to 10"):
        Fields({"n": value}).number("n", 0, 10)


def test_a_count_is_whole() -> None:
    """Half a speaker is nobody."""
    assert Fields({"n": "3"}).count("n", 5) == 3
    with pytest.raises(FieldInvalid, match="whole"):
        Fields({"n": 2.5}).count("n", 5)


def test_json_numbers_and_booleans_read_like_their_text() -> None:
    """JSON and form give the same request."""
    fields = Fields({"n": 3.5, "yes": True, "no": False})
    assert (fields.number("n", 0, 10), fields.flag("yes"), fields.flag("no"), fields.flag("absent")) == (3.5, 1, 0, 0)


def test_a_mistyped_name_is_told_the_right_one() -> None:
    """Arrays and objects are spelt with brackets; a name that nobody knows is refused with the nearest."""
    known = ("response_format", "chunking_strategy", "keywords")
    Fields({"response_format": "", "chunking_strategy[type]": "", "keywords[]": ""}).only(known)
    with pytest.raises(
        FieldInvalid, match="There is no field `responce_format`; did you mean `response_format`"
    ) as told:
        Fields({"keywords": "", "responce_format": "json"}).only(known)
    assert told.value.field == "responce_format"
    assert Fields({"keyword[]": "", "keywords": ""}).unknown(known) == ["keyword[]"]
