import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.recipes.translate import corpus
from services.translate.spelling import clean

TEXTS = st.text(st.sampled_from("aß “„”'’»«\"–…\u00a0\u3000ﬁ\n\t")) | st.text()


@given(TEXTS)
def test_as_in_training(text: str) -> None:
    """Serving spells every text as the recipe spelt the corpus."""
    assert clean(text) == corpus.clean(text)


@pytest.mark.parametrize(
    ("text", "want"), [("„Nein“, sagte er …", '"Nein", sagte er ...'), ("« Oui »\u00a0!", '"Oui" !'), (" \n", "")]
)
def test_one_spelling(text: str, want: str) -> None:
    """Quotes, dashes, dots and spaces have one spelling each."""
    assert clean(text) == want
