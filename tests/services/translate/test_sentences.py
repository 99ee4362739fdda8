import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.translate.phrases import Phrases
from services.translate.sentences import PieceLimits, Sentences
from tests.sound import cut

TEXTS = st.text(st.sampled_from('aB .!?…。\n")5é,«»'), max_size=60) | st.text(max_size=60)
WORDY = st.lists(
    st.sampled_from(
        ["Mr.", "etc.", "3.", "Mai", "so", "So", "p.m.", '"No."', "«", "»", "Oh!", "a, b", "\n", "you.", "V."]
    ),
    max_size=30,
).map(" ".join)
CUTS = st.lists(st.integers(0, 60), max_size=12)
NO_PHRASES = Phrases({})


def pieces(
    text: str, cuts: list[int] | None = None, longest: int = 400, words: int = 0, phrases: Phrases = NO_PHRASES
) -> list[str]:
    sentences = Sentences(PieceLimits(words, longest), phrases)
    return [p for part in cut(text, cuts or []) for p in sentences.feed(part)] + sentences.finish()


@given(TEXTS | WORDY, CUTS, st.integers(1, 40), st.integers(0, 6))
@example("好！！好", [2], 400, 0)
@example("Mr.\nX", [3], 400, 0)
@example('"No." s', [6], 400, 0)
@example("a etc. so B", [8], 400, 3)
def test_pieces_are_the_text(text: str, cuts: list[int], longest: int, words: int) -> None:
    """Together the pieces are the text, and any chunking gives the same ones, none too long."""
    whole = pieces(text, longest=longest, words=words)
    assert "".join(whole) == text
    assert pieces(text, cuts, longest, words) == whole
    assert all(0 < len(piece) <= longest for piece in whole)
    assert not words or all(len(piece.split()) <= words for piece in whole)


@given(WORDY, st.lists(st.integers(0, 120), max_size=40))
def test_phrases_change_nothing_about_it(text: str, cuts: list[int]) -> None:
    """With phrases that hold ends of sentences too, chunks are not heard."""
    phrases = Phrases({"Oh! So": "", "you. Mr. so": "x"})
    assert pieces(text, cuts, phrases=phrases) == pieces(text, phrases=phrases)
    assert "".join(pieces(text, phrases=phrases)) == text


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("One. Two! Three?", ["One.", " Two!", " Three?"]),
        ('He said "No." She left.', ['He said "No."', " She left."]),
        ('"No!" she said. "Yes!" He ran.', ['"No!" she said.', ' "Yes!"', " He ran."]),
        ("„Nein.“ sagte er. „Doch.“ Sie ging.", ["„Nein.“ sagte er.", " „Doch.“", " Sie ging."]),
        ("« Oui. Non. » Elle rit. Bien.", ["« Oui. Non. »", " Elle rit.", " Bien."]),
        ("他说：“你好。”她走了。好", ["他说：“你好。”", "她走了。", "好"]),
        ("Dr. Who met Mr. X. at 3.14 p.m.", ["Dr. Who met Mr. X. at 3.14 p.m."]),
        ("At 5 p.m. he ate. At 6 p.m. He slept.", ["At 5 p.m. he ate.", " At 6 p.m.", " He slept."]),
        ("Brot usw. und Milch. Brot usw. Dann ging er.", ["Brot usw. und Milch.", " Brot usw.", " Dann ging er."]),
        ("Am 3. Oktober kam er. Er ist 25. Sie auch.", ["Am 3. Oktober kam er.", " Er ist 25.", " Sie auch."]),
        ("1. Do this. 2. Do that.", ["1. Do this.", " 2. Do that."]),
        ("M. Dupont et Mme. Curie dorment. Oui.", ["M. Dupont et Mme. Curie dorment.", " Oui."]),
        ("Wait... what?!  Oh", ["Wait...", " what?!", "  Oh"]),
        ("A line\nand more", ["A line\n", "and more"]),
        ("a\tb\r\nc", ["a\t", "b\r", "\nc"]),
        ("Bread etc.\nMilk", ["Bread etc.\n", "Milk"]),
        ("你好！！我很好。", ["你好！！", "我很好。"]),
        ("ठीक है। चलो।", ["ठीक है।", " चलो।"]),
        ("z.B. so", ["z.B. so"]),
        ("\n\nHello. \n", ["\n\nHello.", " \n"]),
    ],
)
def test_where_a_text_is_cut(text: str, want: list[str]) -> None:
    """After sentences and lines; not after abbreviations, initials, ordinals, inside quotes and in numbers."""
    assert pieces(text) == want


def test_a_sentence_is_told_when_it_is_complete() -> None:
    """What may still go on is held; what cannot is not."""
    sentences = Sentences(PieceLimits(), NO_PHRASES)
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


def test_a_long_sentence_is_cut_at_a_clause() -> None:
    """More words than the model takes are cut at the last clause that fits, else between words."""
    assert pieces("one, two three four, five six seven", words=5) == ["one, two three four,", " five six seven"]
    assert pieces("one, two three four five six seven", words=5) == ["one, two three four five", " six seven"]
    assert pieces("one two three four five.", words=5) == ["one two three four five."]


def test_no_cut_inside_a_phrase() -> None:
    """A phrase that holds the end of a sentence stays in one piece, however slowly it comes."""
    phrases = Phrases({"Yahoo! Mail": ""})
    want = ["I use Yahoo! Mail.", " Yahoo!", " No."]
    assert pieces("I use Yahoo! Mail. Yahoo! No.", phrases=phrases) == want
    assert pieces("I use Yahoo! Mail. Yahoo! No.", list(range(30)), phrases=phrases) == want
