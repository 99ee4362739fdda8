import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.translate.sentences import Sentences
from tests.sound import cut

TEXTS = st.text(st.sampled_from('aB .!?…。！\n")5é'), max_size=60) | st.text(max_size=60)
CUTS = st.lists(st.integers(0, 60), max_size=12)


def pieces(text: str, cuts: list[int] | None = None, longest: int = 400) -> list[str]:
    sentences = Sentences(longest)
    return [p for part in cut(text, cuts or []) for p in sentences.feed(part)] + sentences.finish()


@given(TEXTS, CUTS, st.integers(1, 40))
@example("好！！好", [2], 400)
@example("Mr.\nX", [3], 400)
def test_pieces_are_the_text(text: str, cuts: list[int], longest: int) -> None:
    """Together the pieces are the text, and any chunking gives the same ones, none too long."""
    whole = pieces(text, longest=longest)
    assert "".join(whole) == text
    assert pieces(text, cuts, longest) == whole
    assert all(0 < len(piece) <= longest + 1 for piece in whole)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("One. Two! Three?", ["One.", " Two!", " Three?"]),
        ('He said "No." She left.', ['He said "No."', " She left."]),
        ("Dr. Who met Mr. X. at 3.14 p.m.", ["Dr. Who met Mr. X. at 3.14 p.m."]),
        ("Wait... what?!  Oh", ["Wait...", " what?!", "  Oh"]),
        ("A line\nand more", ["A line\n", "and more"]),
        ("Bread etc.\nMilk", ["Bread etc.\n", "Milk"]),
        ("你好！！我很好。", ["你好！！", "我很好。"]),
        ("z.B. so", ["z.B. so"]),
        ("\n\nHello. \n", ["\n\nHello.", " \n"]),
    ],
)
def test_where_a_text_is_cut(text: str, want: list[str]) -> None:
    """After sentences and lines; not after abbreviations, initials and in numbers."""
    assert pieces(text) == want


def test_a_sentence_is_told_when_it_is_complete() -> None:
    """What may still go on is held; what cannot is not."""
    sentences = Sentences()
    assert sentences.feed("Hello.") == []
    assert sentences.feed(" Wor") == ["Hello."]
    assert sentences.feed("ld") == []
    assert sentences.finish() == [" World"]
    assert sentences.finish() == []


def test_an_endless_sentence_is_cut_at_a_space() -> None:
    """A text without an end is cut between words, one without spaces anywhere."""
    assert pieces("aaa bbb ccc", longest=8) == ["aaa bbb", " ccc"]
    assert pieces("a" * 20, longest=8) == ["a" * 8, "a" * 8, "a" * 4]


def test_a_mebibyte_at_once_is_no_trouble() -> None:
    """The largest chunk there is costs about what its pieces cost, not their square."""
    text = "A short one. " * 80_000
    assert len(pieces(text)) == 80_001
