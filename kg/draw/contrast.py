"""Contrast of colours as WCAG 2.2 defines it (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""

from __future__ import annotations

MIN_CONTRAST = 3.0
"""Minimum contrast of a line with its background (success criterion 1.4.11)."""


def mix(colour: str, other: str, share: float) -> str:
    """Return a colour that consists of ``colour`` by a share, and of another one.

    >>> mix("#ffffff", "#000000", 0.2)
    '#333333'
    """
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in pairs)


def contrast(a: str, b: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21.

    >>> round(contrast("#ffffff", "#000000")), round(contrast("#a9b2bd", "#fafbfc"), 2)
    (21, 2.07)
    """
    low, high = sorted((_luminance(a), _luminance(b)))
    return (high + 0.05) / (low + 0.05)


def readable(colour: str, ground: str) -> str:
    """Return a colour with enough contrast to a background: the same, or mixed with as little black or white as needed.

    >>> readable("#0072B2", "#ffffff"), readable("#F0E442", "#ffffff")
    ('#0072B2', '#9c942b')
    """
    pole = "#000000" if _luminance(ground) > 0.18 else "#ffffff"
    shares = (share / 20 for share in range(20, -1, -1))
    mixed = (colour if share == 1 else mix(colour, pole, share) for share in shares)
    return next(value for value in mixed if contrast(value, ground) >= MIN_CONTRAST)


def _channels(colour: str) -> list[int]:
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def _luminance(colour: str) -> float:
    parts = (channel / 255 for channel in _channels(colour))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
