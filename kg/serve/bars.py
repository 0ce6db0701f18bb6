"""Bars of counts as SVG: columns over their labels, and single bars; the style sheet sets the colours by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

from kg.serve.drawings import rectangle, svg, text
from kg.serve.formats import count_text


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a chart: its label, its number, and the URL of its studies, if there is one."""

    label: str
    number: int
    url: str = ""
    is_in: bool = True
    """Whether it is within the chosen range."""


def bar(number: int, most: int, name: str = "bar") -> Markup:
    """Return a horizontal bar, whose length is a share of its place."""
    width = 100 * number / most if most else 0
    rect = f'<rect width="{width:.2f}%" height="100%" rx="2"/>'
    return Markup(f'<svg class="{name}" aria-hidden="true">{rect}</svg>')  # noqa: S704 -- numbers only


def columns(bars: Sequence[Bar], label: str, *, width: float, height: float, noun: str = "") -> Markup:
    """Return vertical bars over their labels, as many of which are written as fit."""
    if not bars:
        return Markup("")
    most, step = max(item.number for item in bars) or 1, width / len(bars)
    parts = [f'<path class="axis" d="M0 {height:.0f}H{width:.0f}"/>']
    for i, item in enumerate(bars):
        tall = max((height - 4) * item.number / most, 1.5 if item.number else 0)
        title = f"{noun}{item.label}: {count_text(item.number, 'study', 'studies')}"
        mark = rectangle(i * step + step * 0.08, height - tall, step * 0.84, tall, "in" if item.is_in else "out", title)
        parts.append(_linked(mark, item.url, title))
    parts += _labels([item.label for item in bars], step, height + 15, width)
    return svg(label, "vertical", (0, 0, width, height + 20), parts)


def _linked(mark: str, url: str, title: str) -> str:
    return f'<a href="{escape(url)}" aria-label="{escape(title)}">{mark}</a>' if url else mark


def _labels(labels: Sequence[str], step: float, y: float, width: float) -> list[str]:
    """Return labels below columns: the first, the last, and those between with room enough."""
    room = max(len(label) for label in labels) * 7.0 + 12
    every = max(int(-(-room // step)), 1)
    places = [i for i in range(0, len(labels), every) if (len(labels) - 1 - i) * step >= room or i == len(labels) - 1]
    texts = []
    for i in dict.fromkeys([*places, len(labels) - 1]):
        half = len(labels[i]) * 3.4
        texts.append(text(min(max((i + 0.5) * step, half), width - half), y, labels[i], "soft", "middle", 12))
    return texts
