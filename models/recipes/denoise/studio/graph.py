"""DeepFilterNet3 from samples to samples as one graph: streams first, any number of 10 ms hops, every state outside.

The net is the published one, layer by layer; what surrounds it (frames, features, filter) does what its library does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from models.recipes.builder import END, OPSET, Builder
from models.recipes.denoise.studio import fourier
from models.recipes.denoise.studio.weights import Part, Values

RATE_HZ, HOP, BINS = 48_000, 480, fourier.BINS
LOW, BANDS, ORDER, AHEAD = (
    96,
    32,
    5,
    2,
)  # bins that are filtered, bands of gains, frames of a filter, frames it looks ahead
WIDE, HIDDEN, FEWEST = 64, 256, 2
KEEP = 0.99  # of the running means, each hop: one second
# The net was trained at usual levels and takes quiet speech for noise: what it looks at is brought up to this level,
# that of speech on a telephone line, by so much at the most. Five seconds are remembered.
USUAL, MOST, KEEP_LEVEL = 10 ** (-26 / 20), 10 ** (34 / 20), 0.998
FIRST_DB, FIRST_SIZE = np.linspace(-60, -90, BANDS), np.linspace(1e-3, 1e-4, LOW)  # the running means of silence
TIME = 2  # the axis of hops in [streams, channels, hops, frequencies]

STATES: dict[str, list[int]] = {
    "heard": [HOP],
    "spoken": [HOP],
    "past": [ORDER - 1, 2 * BINS],
    "level": [2],
    "loudness": [BANDS],
    "size": [LOW],
    "bands_before": [1, 2, BANDS],
    "low_before": [2, 2, LOW],
    "filters_begun": [2 * ORDER, ORDER - 1, LOW],
    **{f"hidden_{n}": [HIDDEN] for n in range(5)},
}


class Net(Builder):
    """Layers of the published net over [streams, channels, hops, frequencies] or [streams, hops, channels]."""

    def __init__(self) -> None:
        super().__init__()
        self.left: dict[str, str] = {}
        self.grus = 0

    def conv(self, of: str, layer: tuple[Values, Values | None], stride: int = 1, groups: int = 1) -> str:
        """Over frequencies alone; a kernel over time finds its past already before the first hop."""
        weight, bias = layer
        wide = weight.shape[3] // 2
        given = [of, self.value(weight), *([self.value(bias)] if bias is not None else [])]
        return self.op("Conv", *given, pads=[0, wide, 0, wide], strides=[1, stride], group=groups)

    def apart(self, of: str, layers: Sequence[tuple[Values, Values | None]], stride: int = 1) -> str:
        """Each channel by itself, then all together."""
        return self.relu(self.conv(self.conv(of, layers[0], stride, WIDE), layers[1]))

    def wider(self, of: str, layers: Sequence[tuple[Values, Values | None]]) -> str:
        """Twice the frequencies."""
        how = {"pads": [0, 1, 0, 1], "strides": [1, 2], "output_padding": [0, 1], "group": WIDE}
        spread = self.op("ConvTranspose", of, self.value(layers[0][0]), **how)
        return self.relu(self.conv(spread, layers[1]))

    def relu(self, of: str) -> str:
        """What is positive."""
        return self.op("Relu", of)

    def grouped(self, of: str, weight: Values) -> str:
        """A linear layer whose groups do not mix, over [streams, hops, channels]."""
        groups, size, _ = weight.shape
        apart = self.op("Unsqueeze", self.op("Reshape", of, self.whole(0, 0, groups, size)), self.whole(3))
        return self.op("Reshape", self.op("MatMul", apart, self.value(weight)), self.whole(0, 0, -1))

    def gru(self, of: str, weights: Sequence[Values]) -> str:
        """[streams, hops, channels]; its state is one of the graph's."""
        name, self.grus = f"hidden_{self.grus}", self.grus + 1
        hops = self.op("Transpose", of, perm=[1, 0, 2])
        initial = self.op("Unsqueeze", name, self.whole(0))
        names = [self.value(w) for w in weights]
        every, last = self.ops("GRU", hops, *names, "", initial, count=2, hidden_size=HIDDEN, linear_before_reset=1)
        self.left[name] = self.op("Squeeze", last, self.whole(0))
        return self.op("Transpose", self.op("Squeeze", every, self.whole(1)), perm=[1, 0, 2])

    def remembering(self, of: str, state: str, hops: int, axis: int) -> str:
        """With the last `hops` before it, which the state keeps."""
        whole = self.join(state, of, axis=axis)
        self.left[state] = self.part(whole, -hops, END, axis)
        return whole

    def hops(self, of: str) -> str:
        """How many there are."""
        return self.op("Shape", of, start=TIME, end=TIME + 1)

    def flat(self, of: str) -> str:
        """[streams, channels, hops, frequencies] -> [streams, hops, frequencies x channels]."""
        return self.op("Reshape", self.op("Transpose", of, perm=[0, 2, 3, 1]), self.whole(0, 0, -1))


def build(parts: dict[str, Part]) -> onnx.ModelProto:
    """From `audio` and states to `enhanced` and next states."""
    g = Net()
    real, imag, gain = heard(g)
    seen = (g.op("Mul", part, gain) for part in (real, imag))
    found, paths, sizes = encode(g, parts["enc"], *features(g, *seen))
    gains, filters = decode(g, parts["erb_dec"], found, sizes), coefficients(g, parts["df_dec"], found, paths)
    enhanced = spoken(g, *filtered(g, real, imag, gains, filters))
    return finish(g, enhanced)


def taper() -> Values:
    """The Vorbis window."""
    inner = np.sin(0.5 * np.pi * (np.arange(2 * HOP) + 0.5) / HOP)
    return np.sin(0.5 * np.pi * inner**2).astype(np.float32)


def heard(g: Net) -> tuple[str, str, str]:
    """The spectrum of every frame, [streams, hops, bins], and what brings it up to a usual level."""
    hops = g.op("Reshape", g.join("heard", "audio", axis=1), g.whole(0, -1, HOP))
    g.left["heard"] = g.op("Squeeze", g.part(hops, -1, END, 1), g.whole(1))
    newest = g.part(hops, 1, END, 1)
    frames = g.join(g.part(hops, 0, -1, 1), newest, axis=2)
    return *fourier.forward(g, g.op("Mul", frames, g.value(taper() / (2 * HOP)))), lift(g, newest)


def lift(g: Net, hops: str) -> str:
    """A gain for every frame, [streams, hops, 1], from the level so far: none for what is loud enough."""
    power = g.op("ReduceMean", g.squared(hops), axes=[-1], keepdims=1)
    ones = g.affine(power, 0.0, 1.0)
    means = running(g, g.join(power, ones, axis=2), "level", np.zeros(2), KEEP_LEVEL)
    total, weight = g.split(means, 1, 1)
    level = g.op("Sqrt", g.op("Add", g.op("Div", total, weight), g.value(1e-12)))
    return g.op("Clip", g.op("Div", g.value(USUAL), level), g.value(1.0), g.value(MOST))


def features(g: Net, real: str, imag: str) -> tuple[str, str]:
    """Bands in dB against their running mean, and low bins at unit size: [streams, 1 or 2, hops, frequencies]."""
    power = g.op("Add", g.squared(real), g.squared(imag))
    bands = g.op("MatMul", power, g.value(band_means()))
    decibels = g.op("Mul", g.op("Log", g.op("Add", bands, g.value(1e-10))), g.value(10 / np.log(10)))
    mean = running(g, decibels, "loudness", FIRST_DB)
    level = g.op("Mul", g.op("Sub", decibels, mean), g.value(1 / 40))
    size = running(g, g.op("Sqrt", g.part(power, 0, LOW, 2)), "size", FIRST_SIZE)
    unit = g.op("Sqrt", size)
    low = [g.op("Unsqueeze", g.op("Div", g.part(x, 0, LOW, 2), unit), g.whole(1)) for x in (real, imag)]
    return g.op("Unsqueeze", level, g.whole(1)), g.join(*low, axis=1)


def running(g: Net, values: str, state: str, first: NDArray[np.float64], keep: float = KEEP) -> str:
    """Decaying means of [streams, hops, n] as one triangular product.

    The state is by how much the mean lies above `first`, because states begin as zeros.
    """
    hops = g.op("Squeeze", g.op("Shape", values, start=1, end=2), g.whole(0))
    at = g.op("Range", g.value(0, np.int64), g.op("Add", hops, g.value(1, np.int64)), g.value(1, np.int64))
    age = g.op("Cast", g.op("Sub", g.op("Unsqueeze", g.part(at, 1, END, 0), g.whole(1)), at), to=TensorProto.FLOAT)
    past = g.op("Cast", g.op("GreaterOrEqual", age, g.value(0.0)), to=TensorProto.FLOAT)
    decay = g.op("Mul", g.op("Pow", g.value(keep), g.op("Relu", age)), past)
    news = g.op("Mul", g.op("Sub", values, g.value(first)), g.value(1 - keep))
    above = g.op("MatMul", decay, g.join(g.op("Unsqueeze", state, g.whole(1)), news, axis=1))
    g.left[state] = g.op("Squeeze", g.part(above, -1, END, 1), g.whole(1))
    return g.op("Add", above, g.value(first))


def widths() -> list[int]:
    """How many bins each band has: equal steps of equivalent rectangular bandwidth, but never fewer than two bins."""
    rate = 24.7 * 9.265
    edges_hz = rate * np.expm1(np.arange(1, BANDS + 1) * np.log1p(RATE_HZ / 2 / rate) / BANDS)
    edges = np.floor(edges_hz * 2 * HOP / RATE_HZ + 0.5).astype(int)
    found, before, owed = [], 0, 0
    for edge in edges:
        wide = edge - before - owed
        owed = max(0, FEWEST - wide)
        found.append(max(wide, FEWEST))
        before = edge
    found[-1] += BINS - sum(found)
    return [int(wide) for wide in found]


def band_means() -> Values:
    """[bins, bands]."""
    return np.repeat(np.eye(BANDS) / np.array(widths()), widths(), axis=0).astype(np.float32)


def encode(g: Net, part: Part, level: str, low: str) -> tuple[str, str, list[str]]:
    """The embedding [streams, hops, 512], the low bins' paths, and what the bands were at every size."""
    c = part.convs
    sizes = [g.relu(g.conv(g.remembering(level, "bands_before", 2, TIME), c[0]))]
    sizes.append(g.apart(sizes[-1], c[1:3], stride=2))
    sizes.append(g.apart(sizes[-1], c[3:5], stride=2))
    sizes.append(g.apart(sizes[-1], c[5:7]))
    paths = g.relu(g.conv(g.conv(g.remembering(low, "low_before", 2, TIME), c[7], groups=2), c[8]))
    seen = g.relu(g.grouped(g.flat(g.apart(paths, c[9:11], stride=2)), part.grouped[0]))
    both = g.op("Add", g.flat(sizes[3]), seen)
    inner = g.gru(g.relu(g.grouped(both, part.grouped[1])), part.grus[0])
    return g.relu(g.grouped(inner, part.grouped[2])), paths, sizes


def decode(g: Net, part: Part, found: str, sizes: list[str]) -> str:
    """A gain for each band, [streams, hops, bands]."""
    inner = g.gru(g.gru(g.relu(g.grouped(found, part.grouped[0])), part.grus[0]), part.grus[1])
    inner = g.op("Reshape", g.relu(g.grouped(inner, part.grouped[1])), g.whole(0, 0, BANDS // 4, WIDE))
    c, now = part.convs, g.op("Transpose", inner, perm=[0, 3, 1, 2])

    def with_size(now: str, of: str, layer: tuple[Values, Values | None]) -> str:
        return g.op("Add", g.relu(g.conv(of, layer, groups=WIDE)), now)

    now = g.apart(with_size(now, sizes[3], c[0]), c[1:3])
    now = g.wider(with_size(now, sizes[2], c[3]), c[4:6])
    now = g.wider(with_size(now, sizes[1], c[6]), c[7:9])
    now = g.op("Sigmoid", g.conv(with_size(now, sizes[0], c[9]), c[10]))
    return g.op("Squeeze", now, g.whole(1))


def coefficients(g: Net, part: Part, found: str, paths: str) -> str:
    """A complex filter over frames for each low bin, [streams, hops, low, order x 2]."""
    inner = g.gru(g.gru(g.relu(g.grouped(found, part.grouped[0])), part.grus[0]), part.grus[1])
    inner = g.op("Add", inner, g.grouped(found, part.grouped[1]))
    made = g.op("Reshape", g.op("Tanh", g.grouped(inner, part.grouped[2])), g.whole(0, 0, LOW, 2 * ORDER))
    short = g.relu(g.conv(over_time(g, part.convs[0][0], paths), part.convs[1]))
    return g.op("Add", made, g.op("Transpose", short, perm=[0, 2, 3, 1]))


def over_time(g: Net, weight: Values, paths: str) -> str:
    """A convolution over the last frames. Kept is what each adds to those to come: the frames are larger."""
    outs, ins, taps, _ = weight.shape
    by_tap = weight[..., 0].reshape(2, outs // 2, ins, taps).transpose(0, 3, 1, 2).reshape(-1, ins, 1, 1)
    shares = g.op("Reshape", g.conv(paths, (by_tap, None), groups=2), g.whole(0, 2, taps, outs // 2, -1, LOW))
    total = g.op("Pad", "filters_begun", g.join(g.whole(0, 0, 0, 0, 0, 0), g.hops(paths), g.whole(0), axis=0))
    for tap, share in enumerate(g.split(shares, *[1] * taps, axis=2)):
        pads = g.whole(0, 0, taps - 1 - tap, 0, 0, 0, tap, 0)
        total = g.op("Add", total, g.op("Pad", g.op("Reshape", share, g.whole(0, outs, -1, LOW)), pads))
    g.left["filters_begun"] = g.part(total, 1 - taps, END, TIME)
    return g.part(total, 0, 1 - taps, TIME)


def filtered(g: Net, real: str, imag: str, gains: str, filters: str) -> tuple[str, str]:
    """The frame of two hops ago: its low bins filtered from the frames around it, the others by their band's gain."""
    whole = g.remembering(g.join(real, imag, axis=2), "past", ORDER - 1, 1)
    frames = g.split(whole, BINS, BINS, axis=2)
    spread = g.op("MatMul", g.part(gains, 0, END, 2), g.value((band_means() > 0).T))
    middle = [g.part(x, ORDER - 1 - AHEAD, -AHEAD, 1) for x in frames]
    high = [g.part(g.op("Mul", x, spread), LOW, BINS, 2) for x in middle]
    low = weighed(g, [g.part(x, 0, LOW, 2) for x in frames], filters)
    return g.join(low[0], high[0], axis=2), g.join(low[1], high[1], axis=2)


def weighed(g: Net, frames: list[str], filters: str) -> tuple[str, str]:
    """The complex sum over a filter's frames."""
    taps = g.split(filters, *[1] * (2 * ORDER), axis=3)
    reals, imags = [], []
    for n in range(ORDER):
        real, imag = (g.part(x, n, n + 1 - ORDER or END, 1) for x in frames)
        by_real, by_imag = (g.op("Squeeze", taps[2 * n + side], g.whole(3)) for side in (0, 1))
        reals.append(g.op("Sub", g.op("Mul", real, by_real), g.op("Mul", imag, by_imag)))
        imags.append(g.op("Add", g.op("Mul", real, by_imag), g.op("Mul", imag, by_real)))
    return g.op("Sum", *reals), g.op("Sum", *imags)


def spoken(g: Net, real: str, imag: str) -> str:
    """Frames back into samples."""
    waves = g.op("Mul", fourier.backward(g, real, imag), g.value(taper()))
    early, late = g.split(waves, HOP, HOP, axis=2)
    waiting = g.join(g.op("Unsqueeze", "spoken", g.whole(1)), g.part(late, 0, -1, 1), axis=1)
    g.left["spoken"] = g.op("Squeeze", g.part(late, -1, END, 1), g.whole(1))
    return g.op("Reshape", g.op("Add", early, waiting), g.whole(0, -1))


def finish(g: Net, enhanced: str) -> onnx.ModelProto:
    """Name inputs and outputs, and let the checker see it."""
    ends = {"enhanced": enhanced, **{f"{name}_next": g.left[name] for name in STATES}}
    named = [helper.make_node("Identity", [inner], [name]) for name, inner in ends.items()]

    def tensors(sound: str, suffix: str) -> list[onnx.ValueInfoProto]:
        wanted: dict[str, list[int | str]] = {sound: ["samples"], **{n + suffix: [*s] for n, s in STATES.items()}}
        return [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["streams", *s]) for n, s in wanted.items()]

    values = list(g.constants.values())
    inside = helper.make_graph(g.nodes + named, "studio", tensors("audio", ""), tensors("enhanced", "_next"), values)
    made = helper.make_model(
        inside, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8, producer_name="parley"
    )
    onnx.checker.check_model(made, full_check=True)
    return made
