"""What windows alone cost: the error of a net and a clustering that are never wrong."""

from __future__ import annotations

from models.recipes.diarize.judging.der import FRAMES_A_SECOND, painted
from models.recipes.diarize.judging.following import HOP, SIZE, span
from models.recipes.diarize.sound.conversations import Conversation
from models.recipes.diarize.sound.speakers import Turn
from models.recipes.sound import RATE_HZ


def perfect(talk: Conversation) -> list[Turn]:
    """Every window goes to whoever speaks most in it; a window without speech to nobody."""
    names = sorted({name for name, _, _ in talk.turns})
    frames = painted(talk.turns, len(talk.audio) / RATE_HZ)
    turns: list[Turn] = []
    for at in range(0, len(talk.audio) - SIZE + 1, HOP):
        first, last = (round(edge / RATE_HZ * FRAMES_A_SECOND) for edge in (at, at + SIZE))
        heard = frames[:, first:last].sum(1)
        if heard.any():
            turns.append((names[int(heard.argmax())], *span(at)))
    return turns
