"""A word that is not known -> the nearest one that is. Pure."""

import difflib
from collections.abc import Iterable

LONGEST = 100  # letters: comparing costs the product of the lengths, and no word is so long


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant; empty: none is near."""
    if len(word) > LONGEST:
        return ""
    spelt = {each.lower(): each for each in known}
    found = difflib.get_close_matches(word.lower(), spelt, 1)
    return spelt[found[0]] if found else ""


def advice(word: str, known: Iterable[str], all_known: str = "known here: {}.") -> str:
    """The end of a refusal: the nearest known word, or all of them."""
    names = list(known)
    near = nearest(word, names)
    return f"did you mean `{near}`?" if near else all_known.format(", ".join(names) or "none")
