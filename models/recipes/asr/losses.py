"""What is minimised: the next token; the phone at each position or anywhere; looking where the token is heard."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.recipes.asr.labels import IGNORED, Batch
from models.recipes.asr.network import Recogniser
from models.recipes.training import Losses

SMOOTHING = 0.1
PHONES, LOOKS = 0.4, 0.1
GUIDED = (0, 1)  # the last layer's heads that are shown where to look: they give the word times
CORRUPTED = 0.06


def loss(model: nn.Module, batch: Batch) -> Losses:
    """The sum of all, and each by itself."""
    assert isinstance(model, Recogniser)
    heard = model.encode(batch.features, batch.padded)
    tokens = corrupted(batch.tokens, model.shape.vocabulary) if model.training else batch.tokens
    hidden, looks = model.decode(tokens, heard)
    written, right = token_loss(model, hidden, batch.labels)
    scores = model.phone_scores(heard)
    named, found = phone_loss(scores, batch.phones), sequence_loss(scores, batch.sequences)
    guided = look_loss(looks[-1], batch.spans)
    total = written + PHONES * (named + found) + LOOKS * guided
    terms = {"written": written, "right": right, "phones": named, "ctc": found, "looks": guided}
    return total, {name: value.detach() for name, value in terms.items()} | {"rows": float(len(batch.tokens))}


def token_loss(model: Recogniser, hidden: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Smoothed cross-entropy, and the share of tokens that were right."""
    real = labels != IGNORED
    wanted = labels[real]
    scores = model.logits(hidden[real]).float()
    value = functional.cross_entropy(scores, wanted, label_smoothing=SMOOTHING if model.training else 0.0)
    return value, (scores.detach().argmax(-1) == wanted).float().mean()


def corrupted(tokens: Tensor, vocabulary: int) -> Tensor:
    """Some inputs replaced: the decoder must listen, not only remember what tends to follow."""
    wrong = torch.rand(tokens.shape) < CORRUPTED
    wrong[:, :2] = False
    # Only text goes wrong; the specials and the stamps keep their meaning.
    wrong &= tokens < vocabulary // 2
    return torch.where(wrong, torch.randint(0, 1280, tokens.shape), tokens)


def phone_loss(scores: Tensor, phones: Tensor) -> Tensor:
    """Where a synthesiser said what sounds when."""
    if not bool((phones != IGNORED).any()):
        return scores.sum() * 0
    return functional.cross_entropy(scores.flatten(0, 1), phones.flatten(), ignore_index=IGNORED)


def sequence_loss(scores: Tensor, sequences: list[list[int]]) -> Tensor:
    """Where only the order is known: CTC, whose blank is the silence, so that both losses agree on every position."""
    rows = [row for row, sequence in enumerate(sequences) if 0 < len(sequence) <= scores.shape[1] // 2]
    if not rows:
        return scores.sum() * 0
    logs = torch.log_softmax(scores[rows], -1).transpose(0, 1)
    wanted = torch.tensor([phone for row in rows for phone in sequences[row]])
    lengths = torch.tensor([len(sequences[row]) for row in rows])
    places = torch.full_like(lengths, scores.shape[1])
    # Nats a position, as the other loss.
    found = functional.ctc_loss(logs, wanted, places, lengths, reduction="none", zero_infinity=True)
    return (found / lengths).mean() * 0.5


def look_loss(weights: Tensor, spans: Tensor) -> Tensor:
    """The guided heads should spend their weight inside each token's span."""
    known = spans[:, :, 1] > spans[:, :, 0]
    if not bool(known.any()):
        return weights.sum() * 0
    at = torch.arange(weights.shape[-1])
    inside = (at >= spans[:, :, :1]) & (at < spans[:, :, 1:])
    chosen = weights[:, list(GUIDED)].float()
    mass = (chosen * inside[:, None]).sum(-1)
    return -(mass + 1e-3).log().mean(1)[known].mean()
