"""Goes on from a published net: what its graph has in eight bits, folded, goes back into the net as it trains.

Only the scales that training normalised by are lost in a graph; they are measured anew on sound. A teacher's
directions are turned to where the net points already, or it would have to learn its own once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from models.recipes.diarize.nets.network import Dense, Picture, Voiceprint

Values = NDArray[np.float32]


def start_from(folder: Path, net: Voiceprint, sound: Iterable[Tensor]) -> None:
    """Put the weights of the model in `folder` into `net`, normalised as they are on this sound."""
    given = {name: values for name, *values in products(folder / "model.onnx")}
    layers = {name: each for name, each in net.named_modules() if isinstance(each, Dense | Picture | nn.Linear)}
    if absent := sorted(layers.keys() - given.keys()):
        raise ValueError(f"{folder} is no voice-nano: its graph has no layers {', '.join(absent)}")
    with torch.no_grad():
        for name, layer in layers.items():
            fill(layer, *map(torch.tensor, given[name]))
        spread(net, sound)


def products(path: Path) -> Iterator[tuple[str, Values, Values]]:
    """Each learnt layer by its name in the net: what it multiplies by, outputs first, and what it adds."""
    graph = onnx.load(path).graph
    held = constants(graph)
    added = {n.input[1]: held[n.input[0]] for n in graph.node if n.op_type == "Add" and n.input[0] in held}
    for node in graph.node:
        name = node.name.strip("/").rpartition("/")[0].replace("/", ".")
        if node.op_type in ("Gemm", "Conv"):
            yield name, held[node.input[1]], held[node.input[2]]
        elif node.op_type == "MatMul" and node.output[0] in added:
            yield name, held[node.input[1]].T, added[node.output[0]]


def constants(graph: onnx.GraphProto) -> dict[str, Values]:
    """What does not depend on the sound, by name, eight bits undone."""
    held = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    packed = [n for n in graph.node if n.op_type == "DequantizeLinear" and n.input[0] in held]
    return held | {n.output[0]: single(*(held[name] for name in n.input)) for n in packed}


def single(stored: NDArray[np.int8], scale: Values, zero: NDArray[np.int8]) -> Values:
    """Eight bits undone, a scale for each output."""
    return np.asarray((stored.astype(np.float32) - zero) * scale, np.float32)


def fill(layer: Dense | Picture | nn.Linear, weight: Tensor, bias: Tensor) -> None:
    """The layer as the graph has it: a normalisation that changes nothing but adds."""
    if isinstance(layer, nn.Linear):
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    else:
        (layer.weight if isinstance(layer, Dense) else layer.conv.weight).copy_(weight)
        told(layer.norm, -bias, torch.ones_like(bias))


def told(norm: nn.BatchNorm1d | nn.BatchNorm2d, mean: Tensor, variance: Tensor) -> None:
    """What a normalisation takes for the mean and variance of what it is given."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance - norm.eps)


def spread(net: Voiceprint, sound: Iterable[Tensor]) -> None:
    """Let every normalisation with a scale of its own have the mean and variance of this sound; the net stays equal."""
    layers = [each for each in net.modules() if isinstance(each, Dense | Picture) and each.norm.affine]
    for layer, (mean, square) in zip(layers, measured(net, layers, sound), strict=True):
        normalise(layer, mean, square - mean * mean)


def measured(net: Voiceprint, layers: Sequence[Dense | Picture], sound: Iterable[Tensor]) -> list[Tensor]:
    """Mean and mean square of what each layer normalises, over all of the sound."""
    found: dict[nn.Module, list[Tensor]] = {layer: [] for layer in layers}

    def look(layer: Dense | Picture, given: tuple[Tensor, ...]) -> None:
        found[layer].append(moments(layer.product(given[0])))

    hooks = [layer.register_forward_pre_hook(look) for layer in layers]
    net.eval()
    for audio in sound:
        net(audio)
    for hook in hooks:
        hook.remove()
    return [torch.stack(parts).mean(0) for parts in found.values()]


def moments(made: Tensor) -> Tensor:
    """The mean and the mean square of each output: the last axis of rows, the second of pictures."""
    flat = made.flatten(0, -2) if made.ndim < 4 else made.transpose(0, 1).flatten(1).T
    return torch.stack([flat.mean(0), flat.square().mean(0)])


def normalise(layer: Dense | Picture, mean: Tensor, variance: Tensor) -> None:
    """The same layer, its weights as large as they are drawn, what it normalises by as measured."""
    weight, norm = layer.weight if isinstance(layer, Dense) else layer.conv.weight, layer.norm
    assert norm.running_mean is not None
    factor = 2**0.5 / weight.flatten(1).norm(dim=1).clamp(min=1e-6)
    norm.bias.copy_(mean - norm.running_mean)
    weight.mul_(factor.view(-1, *[1] * (weight.ndim - 1)))
    told(norm, mean * factor, variance * factor * factor + norm.eps)
    norm.weight.copy_((variance + norm.eps / factor**2).sqrt())


@torch.no_grad()
def rotation(net: Voiceprint, heard: Iterable[tuple[Tensor, Tensor]]) -> Tensor:
    """Of all rotations the one by which a teacher's rows come nearest to what the net says of the same sound."""
    net.eval()
    together = torch.stack([lessons.T @ net(audio) for audio, lessons in heard]).sum(0)
    left, _, right = torch.linalg.svd(together)
    turned: Tensor = left @ right
    return turned
