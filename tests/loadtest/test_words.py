import pytest

from loadtest.words import Difference, chrf, compare, wer


@pytest.mark.parametrize(
    ("wanted", "got", "found"),
    [
        ("alfa bravo charlie", "Alfa, bravo charlie.", Difference()),
        ("alfa bravo charlie", "alfa charlie", Difference(lost=1)),
        ("alfa bravo charlie", "alfa bravo bravo charlie", Difference(doubled=1)),
        ("alfa bravo charlie", "alfa delta charlie", Difference(changed=1)),
        ("alfa bravo", "", Difference(lost=2)),
        ("alfa bravo charlie delta", "alfa bravo alfa bravo charlie delta", Difference(doubled=2)),
    ],
)
def test_what_became_of_the_words(wanted: str, got: str, found: Difference) -> None:
    """A word that is missing is lost, one too many is doubled, one for another is changed."""
    assert compare(wanted, got) == found


def test_word_error_rate() -> None:
    """Edits for each word of the reference."""
    assert wer("one two three four", "one too three") == pytest.approx(0.5)
    assert wer("one", "one") == 0
    assert wer("", "one") == 1


def test_how_alike_translations_are() -> None:
    """The same is 100, nothing shared is 0, and nearer is more."""
    assert chrf("Guten Morgen", "Guten Morgen") == pytest.approx(100)
    assert chrf("Guten Morgen", "xyz") == pytest.approx(0, abs=0.1)
    assert chrf("Guten Morgen", "Guten Abend") > chrf("Guten Morgen", "Schlaf gut")
