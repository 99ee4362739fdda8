import math

import pytest

from loadtest.measured.words import Difference, bleu, compare, error_rate


@pytest.mark.parametrize(
    ("wanted", "got", "found"),
    [
        ("alfa bravo charlie", "Alfa, bravo charlie.", Difference()),
        ("alfa bravo charlie", "alfa charlie", Difference(lost=1)),
        ("alfa bravo charlie", "alfa bravo bravo charlie", Difference(doubled=1)),
        ("alfa bravo charlie", "alfa delta charlie", Difference(changed=1)),
        ("alfa bravo", "", Difference(lost=2)),
        ("It's public-opinion 'til then", "it’s public opinion, til then", Difference()),
        ("don't", "do not", Difference(changed=1, doubled=1)),
        ("alfa bravo charlie delta", "alfa bravo alfa bravo charlie delta", Difference(doubled=2)),
    ],
)
def test_what_became_of_the_words(wanted: str, got: str, found: Difference) -> None:
    """A word that is missing is lost, one too many is doubled, one for another is changed."""
    assert compare(wanted, got) == found


def test_word_error_rate() -> None:
    """Edits for each word of the references, a long text counting for more than a short one."""
    assert error_rate([("one two three four", "One, too three.")]) == pytest.approx(0.5)
    assert error_rate([("one", "one")]) == 0
    assert error_rate([("", "one")]) == 1
    assert error_rate([("one", ""), ("one two three", "one two three")]) == pytest.approx(0.25)


def test_how_alike_translations_are() -> None:
    """The same is 100, nothing shared is 0, nearer is more, and silence after half the sentence costs."""
    reference = "Die Kinder spielen heute wieder im Garten."
    assert bleu([(reference, reference)]) == pytest.approx(100)
    assert bleu([(reference, "Ich war nie dort, sagte er mir.")]) == 0
    assert bleu([(reference, "")]) == 0
    near = bleu([(reference, "Die Kinder spielen heute im Garten.")])
    assert 0 < bleu([(reference, "Kinder spielen heute wieder dort")]) < near < 100
    assert bleu([(reference, "Die Kinder spielen heute")]) == pytest.approx(100 * math.exp(1 - 8 / 4))
