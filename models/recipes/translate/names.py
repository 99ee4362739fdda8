"""Copying lessons: swaps the names and numbers of a pair for others, on both sides alike.

A model that has only met Tom and Mary turns every other name to noise. Half of the new names are
real, half are made of syllables, so that spelling out what the source says is the only way to win.
"""

from __future__ import annotations

import random
import re
from collections import Counter

from models.recipes.translate.corpus import Pair

REAL = (
    "Adam Agnes Ahmed Alan Albert Alexander Alice Amelie Amir Anders Andrew Angela Anna Anton Antonio Arthur Barbara Bastian Beatrice "
    "Benedikt Benjamin Bernard Bianca Birgit Bruno Camille Carla Carlos Caroline Catherine Charlotte Chloe Christian Claire Claudia Clara "
    "Daniel Daria David Deborah Denis Diana Diego Dmitri Dominik Dorothea Edgar Edward Elena Elias Elisabeth Emil Emma Erik Esther Eva "
    "Fatima Felix Fiona Florian Francesca Frank Franziska Frederic Gabriel Georg Gerard Gisela Giulia Gregor Guillaume Gustav Hannah Hans "
    "Harold Heidi Helena Henrik Hugo Ibrahim Ingrid Irene Isabella Ivan Jacob Jamal Janine Jasmin Jean Jennifer Jessica Joachim Johanna "
    "Jonas Jorge Julia Julien Jürgen Karim Karin Katharina Kevin Klaus Konrad Lara Laura Laurent Lena Leon Leonie Liam Lisa Louis Lucas "
    "Lucia Ludwig Luisa Magdalena Manuel Marcel Margaret Marianne Mario Martin Mathilde Matthias Maurice Melanie Michelle Miguel Mohammed "
    "Monika Nadia Natalie Nicolas Nils Nina Noah Olaf Oliver Olivia Oscar Pablo Pascal Patricia Paula Pedro Petra Philipp Pierre Rachel "
    "Raphael Rebecca Renate Richard Rita Robert Roland Rosa Rudolf Samira Samuel Sandra Sarah Sebastian Sergei Silvia Simon Sofia Sophie "
    "Stefan Stella Susanne Sven Sylvain Tanja Theodor Theresa Thomas Tim Tobias Ulrich Ursula Valentin Vanessa Vera Victor Vincent Walter "
    "Werner William Wolfgang Xavier Yasmin Yves Yusuf Zoe Müller Schmidt Schneider Fischer Weber Wagner Becker Hoffmann Schulz Koch Richter "
    "Klein Wolf Schröder Neumann Braun Zimmermann Krüger Hartmann Lange Werner Krause Lehmann Dubois Moreau Laurent Lefebvre Leroy Roux "
    "Fournier Girard Bonnet Dupont Lambert Fontaine Rousseau Mercier Chevalier Robinson Thompson Williams Anderson Harris Clark Lewis Walker "
    "Wright Mitchell Campbell Roberts Carter Phillips Evans Turner Parker Collins Edwards Stewart Morris Murphy Cooper Richardson Peterson "
    "Tokyo Madrid Boston Chicago Toronto Berlin Hamburg Stuttgart Bremen Leipzig Dresden Frankfurt Kiel Lyon Marseille Bordeaux Toulouse "
    "Nantes Lille Rennes Grenoble Oslo Dublin Manchester Liverpool Glasgow Bristol Oxford Denver Seattle Dallas Houston Phoenix Detroit "
    "Łukasz Søren Čapek Ünal İnci Škoda Núñez Åsa Žižek Dvořák Györgyi Błażej Ólafur Şahin Ångström Håkon Żółć Muñoz Pérez Gómez Gonçalves João "
    "Atlanta Miami Lagos Nairobi Bangkok Jakarta Manila Delhi Mumbai Osaka Kyoto Budapest Sofia Helsinki Riga Porto Bergen Malmö Zagreb"
).split()
_STARTS = "b c d f g h j k l m n p r s t v w z br ch cl cr dr fl fr gl gr kl kr pl pr qu sch sh st th tr Mc".split()
_VOWELS = "a e i o u a e i o u ai au ea ee ei ie io oa ou y ö ü é".split()
_ENDS = "- - - - l m n r s t ck ff ll mann ng nn nt rd rt son ss th x z".split()

_MONTHS = {"April", "August", "September", "November"}
_WORD = re.compile(r"[^\W\d_]+")
_NAME = re.compile(r"(?<![\w-])[A-ZÄÖÜÉ][a-zäöüßéèêëàâçîïôûùœ]{2,}(?![\w-])")
_NUMBER = re.compile(r"(?<![\w.,:/$€-])\d+(?![\w.,:/%-]*\w)(?![%°])")
_ELIDES = re.compile(r"\b(?:de|que|le|la|je|me|te|se|ne|lorsque|puisque|jusque)\s$|'$", re.IGNORECASE)


class Swapper:
    """Knows which capitalised words of a corpus are names, and swaps them."""

    def __init__(self, pairs: list[Pair]) -> None:
        shared: Counter[str] = Counter()
        lower: Counter[str] = Counter()
        for pair in pairs:
            shared.update(set(_NAME.findall(pair.english)) & set(_NAME.findall(pair.foreign)))
            lower.update(word for word in _WORD.findall(pair.english) if word.islower())
        # A name is written alike in both languages and is almost never an ordinary English word.
        self._names = {word for word, n in shared.items() if lower[word.lower()] * 20 <= n} - _MONTHS

    def names(self, pair: Pair) -> list[str]:
        """Names that stand equally often on both sides."""
        mine, theirs = Counter(_NAME.findall(pair.english)), Counter(_NAME.findall(pair.foreign))
        found = [w for w in mine if w in self._names]
        if pair.language == "de":
            # "Tom's hat" is "Toms Hut": the genitive counts as the name.
            theirs.update({w: theirs[w + "s"] for w in found if f"{w}'s" in pair.english})
        return sorted(w for w in found if theirs[w] == mine[w])

    def swap(self, pair: Pair, rng: random.Random) -> Pair:
        """The pair with its names, and its numbers, replaced; the same pair when it has none."""
        english, foreign = pair.english, pair.foreign
        for old in self.names(pair):
            new = invent(rng)
            if not _clashes(foreign, old, new):
                if pair.language == "de" and f"{old}'s" in english:
                    foreign = replace(foreign, old + "s", new + ("'" if new[-1] in "sxzß" else "s"))
                english, foreign = replace(english, old, new), replace(foreign, old, new)
        for old in numbers(pair):
            new = number_like(old, rng)
            english, foreign = replace(english, old, new), replace(foreign, old, new)
        return Pair(english, foreign, pair.language)


def numbers(pair: Pair) -> list[str]:
    """Figures that stand equally often on both sides."""
    mine, theirs = Counter(_NUMBER.findall(pair.english)), Counter(_NUMBER.findall(pair.foreign))
    return sorted(w for w, n in mine.items() if theirs[w] == n and len(w) < 8 and int(w) > 1)


def number_like(old: str, rng: random.Random) -> str:
    """Another number of the same size: an hour stays an hour, a year a year, a price a price."""
    if len(old) == 1:
        return str(rng.randint(2, 9))
    if len(old) == 4 and old[:2] in ("18", "19", "20"):
        return str(rng.randint(1800, 2039))
    limit = 12 if old in ("10", "11", "12") else 31 if int(old) <= 31 else 10 ** len(old) - 1
    return str(rng.randint(10 ** (len(old) - 1), limit))


def invent(rng: random.Random) -> str:
    """A name: real, or one that nobody has ever had."""
    if rng.random() < 0.5:
        return rng.choice(REAL)
    syllables = "".join(rng.choice(_STARTS) + rng.choice(_VOWELS) for _ in range(rng.choice((1, 2, 2, 3))))
    name = syllables + rng.choice(_ENDS).strip("-")
    return name[0].upper() + name[1:]


def replace(text: str, old: str, new: str) -> str:
    return re.sub(rf"(?<!\w){old}(?!\w)", new, text)


def _clashes(text: str, old: str, new: str) -> bool:
    """French elides before a vowel (`d'Anna`, `de Tom`): never teach it otherwise."""
    vowels = "AEIOUYHÉ"
    if (old[0] in vowels) == (new[0] in vowels):
        return False
    return any(_ELIDES.search(text[: m.start()]) for m in re.finditer(rf"(?<!\w){old}(?!\w)", text))
