"""The phones that the auxiliary loss names, and what each synthesiser calls them."""

from __future__ import annotations

from collections.abc import Sequence

NAMES = (
    *("sil", "aa", "ae", "ah", "ao", "aw", "ax", "ay", "b", "ch", "d", "dh", "eh", "er", "ey", "f", "g", "hh"),
    *("ih", "iy", "jh", "k", "l", "m", "n", "ng", "ow", "oy", "p", "r", "s", "sh", "t", "th", "uh", "uw", "v"),
    *("w", "y", "z", "zh"),
)
IDS = {name: number for number, name in enumerate(NAMES)}
SILENCE = IDS["sil"]

# espeak-ng's mnemonics for its English voices; what is not here is read letter by letter.
_ESPEAK = {
    **{"a": "ae", "aa": "ae", "a#": "ax", "A:": "aa", "A#": "aa", "A@": "aa r", "0": "aa", "0#": "aa", "O": "ao"},
    **{"O:": "ao", "O@": "ao r", "o@": "ao r", "O2": "aa", "o": "ow", "oU": "ow", "oU#": "ow", "OI": "oy", "V": "ah"},
    **{"@": "ax", "@2": "ax", "@5": "ax", "@L": "ax l", "3": "er", "3:": "er", "aI": "ay", "aI@": "ay ax"},
    **{"aI3": "ay er", "aU": "aw", "aU@": "aw ax", "e": "eh", "E": "eh", "E#": "eh", "E2": "eh", "e@": "eh r"},
    **{"eI": "ey", "I": "ih", "I#": "ih", "I2": "ih", "i": "iy", "i:": "iy", "i@": "ih r", "i@3": "ih r", "I@": "ih r"},
    **{"U": "uh", "u": "uw", "u:": "uw", "U@": "uh r", "U#": "uh", "VR": "ah r", "@-": "ax", "I@3": "ih r"},
    **{"b": "b", "d": "d", "d#": "d", "f": "f", "g": "g", "h": "hh", "j": "y", "k": "k", "l": "l", "L": "l"},
    **{"m": "m", "n": "n", "N": "ng", "p": "p", "r": "r", "r-": "r", "s": "s", "t": "t", "t#": "t", "t2": "t"},
    **{"v": "v", "w": "w", "w#": "w", "z": "z", "z#": "z", "D": "dh", "T": "th", "S": "sh", "Z": "zh", "tS": "ch"},
    **{
        "dZ": "jh",
        "?": "sil",
        "*": "d",
        "_": "sil",
        "x": "k",
        "t[": "t",
        "aI2": "ay",
        "IR": "er",
        "A:r-": "aa r",
        "A@r-": "aa r",
    },
}
# flite writes the same names, but for these.
_FLITE = {"pau": "sil", "h#": "sil", "brth": "sil", "axr": "er", "ix": "ih", "el": "l", "en": "n", "em": "m", "dx": "d"}


def of_espeak(mnemonic: str) -> list[int]:
    """One event's phones; stress, length and pauses are not phones."""
    name = mnemonic.strip("',=%|;~!-") if mnemonic not in _ESPEAK else mnemonic
    if name in _ESPEAK:
        return [IDS[part] for part in _ESPEAK[name].split()]
    if not name or name[0] in "_:":
        return [SILENCE]
    # A mnemonic with a mark of its accent, or two run together: the longest known beginning, then the rest.
    for size in range(len(name) - 1, 0, -1):
        if name[:size] in _ESPEAK:
            rest = name[size:]
            return of_espeak(name[:size]) + (of_espeak(rest) if rest[0].isalpha() else [])
    return [SILENCE]


def of_flite(name: str) -> int:
    """One segment's phone."""
    return IDS.get(_FLITE.get(name, name), SILENCE)


def spread(found: Sequence[int], start_s: float, end_s: float) -> list[tuple[int, float]]:
    """Several phones over one stretch, the longer part to the first."""
    cuts = [start_s + (end_s - start_s) * (n + 1) / len(found) for n in range(len(found))]
    return list(zip(found, cuts, strict=True))


def sequence(found: Sequence[int]) -> list[int]:
    """What a CTC loss is to find: no silence."""
    return [phone for phone in found if phone != SILENCE]
