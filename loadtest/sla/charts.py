"""Curves as SVG, readable on a phone and in the dark. Must not know what they show."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDE, HIGH = 640, 260
LEFT, RIGHT, TOP, BOTTOM = 64, 36, 14, 40
COLOURS = ("#2f6fde", "#d9822b", "#1f9d62", "#b04ab8", "#c8413b", "#5f6b7a", "#0f9aa8", "#9a7b1c")
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Axis:
    """From values to a place between 0 and 1, and the values that are written on it."""

    place: Callable[[float], float]
    ticks: Sequence[tuple[float, str]]


def linear(low: float, high: float, unit: str = "") -> Axis:
    """Equal steps."""
    high = high if high > low else low + 1
    step = 10 ** math.floor(math.log10((high - low) / 4))
    step *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (step * factor) <= 6)
    first = math.ceil(low / step) * step
    ticks = [first + n * step for n in range(int((high - first) / step + 1e-9) + 1)]
    return Axis(lambda value: (value - low) / (high - low), [(tick, f"{tick:g}{unit}") for tick in ticks])


def logarithmic(low: float, high: float, unit: str = "") -> Axis:
    """Equal factors: for latencies."""
    start, end = math.floor(math.log10(max(low, 1e-3))), math.ceil(math.log10(max(high, low * 1.01, 1e-2)))
    end = max(end, start + 1)

    def place(value: float) -> float:
        return (math.log10(max(value, 10.0**start)) - start) / (end - start)

    return Axis(place, [(10.0**n, f"{10.0**n:g}{unit}") for n in range(start, end + 1)])


def percentiles() -> Axis:
    """50, 90, 99, 99.9: each nine is one step."""

    def place(percent: float) -> float:
        return min(1.0, -math.log10(max(1e-3, 1 - percent / 100)) / 3)

    return Axis(place, [(0, "0"), (50, "p50"), (90, "p90"), (99, "p99"), (99.9, "p99.9")])


def chart(
    title: str, lines: Mapping[str, Points], across: Axis, up: Axis, marks: Sequence[tuple[float, str]] = ()
) -> str:
    """Some curves on two axes; marks are moments with a word."""
    drawn = [_grid(across, up), *(_mark(across.place(at), what) for at, what in marks)]
    drawn += [_line(points, across, up, COLOURS[n % len(COLOURS)]) for n, points in enumerate(lines.values())]
    legend = "".join(
        f'<span><i style="background:{COLOURS[n % len(COLOURS)]}"></i>{escape(name)}</span>'
        for n, name in enumerate(lines)
    )
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>"
        f'<svg viewBox="0 0 {WIDE} {HIGH}" role="img" aria-label="{escape(title)}">{"".join(drawn)}</svg>'
        f'<div class="legend">{legend}</div></figure>'
    )


def _x(place: float) -> float:
    return LEFT + place * (WIDE - LEFT - RIGHT)


def _y(place: float) -> float:
    return HIGH - BOTTOM - place * (HIGH - TOP - BOTTOM)


def _grid(across: Axis, up: Axis) -> str:
    parts = []
    for value, name in up.ticks:
        y = _y(up.place(value))
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDE - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(name)}</text>')
    for value, name in across.ticks:
        x = _x(across.place(value))
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HIGH - BOTTOM}"/>')
        parts.append(f'<text x="{x:.1f}" y="{HIGH - BOTTOM + 24}" text-anchor="middle">{escape(name)}</text>')
    return "".join(parts)


def _mark(place: float, what: str) -> str:
    x = _x(min(1.0, max(0.0, place)))
    return (
        f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HIGH - BOTTOM}"/>'
        f'<text class="mark" x="{x + 3:.1f}" y="{TOP + 10}">{escape(what)}</text>'
    )


def _line(points: Points, across: Axis, up: Axis, colour: str) -> str:
    places = " ".join(f"{_x(across.place(x)):.1f},{_y(up.place(y)):.1f}" for x, y in points)
    return f'<polyline points="{places}" stroke="{colour}"/>'
