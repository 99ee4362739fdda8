"""How far the pupil is from the teacher. Knows no sound."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.recipes.asr.network import Decoder, Encoder
from models.recipes.asr.teacher import END, NO_SPEECH
from models.recipes.asr.windows import Example

LIKENESS, NOTHING = 0.3, 0.25  # weights beside that of the states


class Pupil(nn.Module):
    """An encoder that learns, before a decoder that does not."""

    def __init__(self, encoder: Encoder, decoder: Decoder) -> None:
        super().__init__()
        self.encoder = encoder
        # Not a submodule: it is neither trained, averaged nor saved.
        self._frozen = (decoder.requires_grad_(False).eval(),)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Pupil:
        """Where the pupil goes, the decoder goes too."""
        self.decoder._apply(fn)
        super()._apply(fn, recurse)
        return self

    @property
    def decoder(self) -> Decoder:
        """The teacher's own."""
        decoder: Decoder = self._frozen[0]
        return decoder


def loss(model: nn.Module, examples: Sequence[Example]) -> tuple[Tensor, dict[str, Tensor | float]]:
    """The mean over a step's examples, each in a window of its own length."""
    assert isinstance(model, Pupil)
    terms: dict[str, list[Tensor]] = {"states": [], "likeness": [], "nothing": []}
    for example in examples:
        hidden = model.decoder(example.tokens[None, :-1], model.encoder(example.shown))[0].float()
        if example.states is None:
            terms["nothing"].append(nothing(model.decoder, hidden))
        else:
            terms["states"].append(distance(hidden, example.states))
            terms["likeness"].append(likeness(model.decoder, hidden, example.states))
    sums = {name: torch.stack(values).sum() if values else torch.zeros(()) for name, values in terms.items()}
    total = sums["states"] + LIKENESS * sums["likeness"] + NOTHING * sums["nothing"]
    means = {name: (sums[name] / max(1, len(values))).detach() for name, values in terms.items() if values}
    return total / len(examples), {**means}


def distance(hidden: Tensor, wanted: Tensor) -> Tensor:
    """The states' difference over their energy."""
    return (hidden - wanted).square().mean() / wanted.square().mean()


def likeness(decoder: Decoder, hidden: Tensor, wanted: Tensor) -> Tensor:
    """The divergence of what comes next, at every token, the end included."""
    mine = functional.log_softmax(decoder.logits(hidden.to(decoder.dtype)).float(), -1)
    theirs = functional.log_softmax(decoder.logits(wanted.to(decoder.dtype)).float(), -1)
    return functional.kl_div(mine, theirs, reduction="batchmean", log_target=True)


def nothing(decoder: Decoder, hidden: Tensor) -> Tensor:
    """After the start it says that nobody speaks, after the prompt it ends."""
    scores = decoder.logits(hidden.to(decoder.dtype)).float()
    return functional.cross_entropy(scores, torch.tensor([NO_SPEECH, END]))
