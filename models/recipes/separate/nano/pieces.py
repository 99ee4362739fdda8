"""Composes pieces of music by chance: a key, chords, and parts that play them. Knows nothing of sound.

Pieces for training never use the instruments that are held out; pieces for the examination use no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from models.recipes.separate.nano.midi import Note, Piece
from models.recipes.sound import Random

DRUMS = 9
HELD_OUT = frozenset(range(3, 128, 7))  # General MIDI programs, counted from 0: some of each family
HELD_OUT_KITS = frozenset((24, 40))
KITS = (0, 8, 16, 24, 25, 32, 40, 48)
EFFECTS = 120  # from here on, programs are no instruments
SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 9, 10), (0, 2, 4, 5, 7, 9, 10))
# Which degrees may follow each, likelier ones more than once.
FOLLOWS = ((3, 4, 5, 1, 3, 4), (4, 6, 4), (5, 3), (0, 4, 1, 4), (0, 5, 0), (3, 1, 4), (0, 2))
KICK, SNARE, CLAP, STICK, CLOSED, OPEN, RIDE, CRASH = 36, 38, 39, 37, 42, 46, 51, 49
EXTRAS = (54, 56, 60, 62, 63, 67, 69, 70, 75, 76, 41, 45, 48)
KEYS, BASS = (*range(32),), (*range(32, 40),)
BOWED, LEADS = (*range(40, 55), *range(88, 96)), (*range(56, 88), 40, 41, 42, *range(104, 112))


@dataclass(frozen=True)
class Score:
    """What the parts agree on; a bar is `steps` sixteenths."""

    beat_s: float
    steps: int
    key: int
    scale: tuple[int, ...]
    chords: tuple[int, ...]  # a degree for each bar
    swing: float

    def at(self, bar: int, step: float) -> float:
        """When a step is, in seconds; every other one comes late by the swing."""
        late = self.swing if step % 2 == 1 else 0.0
        return (bar * self.steps + step + late) * self.beat_s / 4

    def tone(self, degree: int, octave: int) -> int:
        """A degree of the scale as a pitch."""
        up, place = divmod(degree, len(self.scale))
        return int(np.clip(self.key + self.scale[place] + 12 * (octave + up), 12, 110))

    def chord(self, bar: int, octave: int, tones: int) -> list[int]:
        """Thirds upon each other."""
        return [self.tone(self.chords[bar] + 2 * n, octave) for n in range(tones)]


Part = Callable[[Score, Random, int], Iterator[Note]]


def compose(rng: Random, seconds: float, held_out: bool) -> Piece:
    """A piece of so many seconds with one to six parts."""
    score = agreed(rng, seconds)
    chosen = [part for part, odds in PARTS.items() if rng.random() < odds] or [comp]
    notes, programs, pans = list[Note](), dict[int, int](), dict[int, int]()
    channels = iter(n for n in range(16) if n != DRUMS)
    for part in chosen:
        channel = DRUMS if part is drums else next(channels)
        programs[channel] = program(rng, part, held_out)
        pans[channel] = int(rng.integers(20, 108))
        loud = int(rng.integers(50, 110))
        notes += [louder(note, loud) for note in part(score, rng, channel) if note.start_s < seconds - 0.3]
    return Piece([human(note, rng) for note in notes], programs, pans)


def louder(note: Note, loud: int) -> Note:
    """A part's own loudness."""
    return Note(note.start_s, note.length_s, note.pitch, int(np.clip(note.velocity * loud / 80, 1, 127)), note.channel)


def human(note: Note, rng: Random) -> Note:
    """A little early or late."""
    start_s = max(0.0, note.start_s + rng.normal(0, 0.006))
    velocity = int(np.clip(note.velocity + rng.normal(0, 6), 1, 127))
    return Note(start_s, note.length_s, note.pitch, velocity, note.channel)


def agreed(rng: Random, seconds: float) -> Score:
    """Tempo, metre, key and chords."""
    beat_s = 60 / rng.uniform(55, 175)
    steps = int(rng.choice([16, 16, 16, 12]))
    bars = int(seconds / (beat_s * steps / 4)) + 1
    chords = [0]
    while len(chords) < 4:
        chords.append(int(rng.choice(FOLLOWS[chords[-1]])))
    slow = int(rng.choice([1, 1, 2]))  # bars that a chord lasts
    cycle = tuple(chord for chord in chords for _ in range(slow))
    whole = (cycle * (bars // len(cycle) + 1))[:bars]
    scale = SCALES[rng.integers(len(SCALES))]
    return Score(beat_s, steps, int(rng.integers(0, 12)), scale, whole, float(rng.choice([0.0, 0.0, 0.33])))


def program(rng: Random, part: Part, held_out: bool) -> int:
    """An instrument that suits the part."""
    if part is drums:
        return int(rng.choice([kit for kit in KITS if (kit in HELD_OUT_KITS) == held_out]))
    suited = range(EFFECTS) if rng.random() < 0.1 else SUITED[part]
    return int(rng.choice([n for n in suited if (n in HELD_OUT) == held_out]))


def drums(score: Score, rng: Random, channel: int) -> Iterator[Note]:
    """A bar that is repeated, now and then with a fill."""
    busy = rng.uniform(0.3, 1)
    hat = int(rng.choice([CLOSED, RIDE, 70, 54]))
    every = int(rng.choice([1, 2, 2, 4]))
    beats = [(s, hat, 60) for s in range(0, score.steps, every)]
    beats += [(s, KICK, 100) for s in range(0, score.steps, 2) if s % 8 == 0 or rng.random() < 0.3 * busy]
    back = int(rng.choice([SNARE, SNARE, CLAP, STICK]))
    beats += [(s, back, 95) for s in range(4, score.steps, 8)]
    beats += [(int(rng.integers(score.steps)), int(rng.choice(EXTRAS)), 70) for _ in range(rng.integers(0, 5))]
    for bar in range(len(score.chords)):
        fill = [(s, int(rng.choice((SNARE, *EXTRAS[-3:]))), 90) for s in range(score.steps - 4, score.steps)]
        ends = [(0, CRASH, 90)] if bar % 8 == 0 and busy > 0.6 else []
        for step, pitch, velocity in beats + ends + (fill if bar % 4 == 3 and rng.random() < busy else []):
            yield Note(score.at(bar, step), 0.1, pitch, velocity, channel)


def bass(score: Score, rng: Random, channel: int) -> Iterator[Note]:
    """The root, its fifth and its octave in a rhythm."""
    hits = rhythm(rng, score, rng.uniform(0.2, 0.6))
    degrees = [int(rng.choice([0, 0, 0, 4, 7, 2])) if n else 0 for n in range(len(hits))]
    length = rng.uniform(0.4, 1.0)
    for bar, chord in enumerate(score.chords):
        for n, (step, held) in enumerate(hits):
            pitch = score.tone(chord + degrees[n], 2 + (score.key < 5))
            yield Note(score.at(bar, step), held * length * score.beat_s / 4, pitch, 90, channel)


def comp(score: Score, rng: Random, channel: int) -> Iterator[Note]:
    """Chords in a rhythm."""
    hits = rhythm(rng, score, rng.uniform(0.1, 0.6))
    tones, octave, length = int(rng.integers(3, 5)), int(rng.integers(4, 6)), rng.uniform(0.3, 1.0)
    spread = rng.choice([0.0, 0.0, 0.02, 0.04])
    for bar in range(len(score.chords)):
        for step, held in hits:
            for n, pitch in enumerate(score.chord(bar, octave, tones)):
                start_s = score.at(bar, step) + n * spread
                yield Note(start_s, held * length * score.beat_s / 4, pitch, 75, channel)


def pad(score: Score, rng: Random, channel: int) -> Iterator[Note]:
    """Chords held for a bar."""
    tones, octave = int(rng.integers(2, 5)), int(rng.integers(3, 6))
    for bar in range(len(score.chords)):
        for pitch in score.chord(bar, octave, tones):
            yield Note(score.at(bar, 0), score.steps * score.beat_s / 4, pitch, 65, channel)


def arpeggio(score: Score, rng: Random, channel: int) -> Iterator[Note]:
    """The tones of the chord one after the other."""
    every, octave = int(rng.choice([1, 2, 2])), int(rng.integers(4, 6))
    order = [int(n) for n in rng.permutation(5)] if rng.random() < 0.5 else [0, 1, 2, 3, 4, 3, 2, 1]
    length = rng.uniform(0.5, 3)
    for bar in range(len(score.chords)):
        tones = score.chord(bar, octave, 5)
        for n, step in enumerate(range(0, score.steps, every)):
            yield Note(
                score.at(bar, step), every * length * score.beat_s / 4, tones[order[n % len(order)]], 75, channel
            )


def lead(score: Score, rng: Random, channel: int) -> Iterator[Note]:
    """A melody that walks along the scale, with rests."""
    degree, octave = 0, int(rng.integers(4, 6))
    steps = np.array([-2, -1, -1, 0, 1, 1, 2, 3, -3])
    for bar, chord in enumerate(score.chords):
        for step, held in rhythm(rng, score, rng.uniform(0.15, 0.5)):
            degree = chord if step == 0 else int(np.clip(degree + rng.choice(steps), -4, 11))
            if rng.random() < 0.85:
                yield Note(score.at(bar, step), 0.95 * held * score.beat_s / 4, score.tone(degree, octave), 85, channel)


def rhythm(rng: Random, score: Score, odds: float) -> list[tuple[int, int]]:
    """(step, steps until the next) of hits in a bar; beats are likelier than what is between."""
    weight = [1.5 if s % 4 == 0 else 1.0 if s % 2 == 0 else 0.4 for s in range(score.steps)]
    hits = [s for s in range(score.steps) if s == 0 or rng.random() < odds * weight[s]]
    return [(s, after - s) for s, after in zip(hits, [*hits[1:], score.steps], strict=True)]


PARTS: dict[Part, float] = {drums: 0.6, bass: 0.65, comp: 0.55, pad: 0.5, arpeggio: 0.35, lead: 0.5}
SUITED: dict[Part, tuple[int, ...]] = {
    bass: BASS,
    comp: KEYS,
    pad: (*BOWED, *range(16, 22)),
    arpeggio: (*KEYS, *range(45, 47), *range(80, 96)),
    lead: (*LEADS, *KEYS),
}
