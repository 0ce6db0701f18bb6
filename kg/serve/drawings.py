"""Small drawings of pages as SVG; the style sheet sets the colours by class."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from html import escape

from markupsafe import Markup

from kg.draw.text_metrics import text_width
from kg.serve.pages.timeline import Moment, Timeline


def svg(
    label: str, name: str, frame: tuple[float, float, float, float], parts: Iterable[str], *, is_fixed: bool = False
) -> Markup:
    """Return an SVG element; its parts are escaped already. A fixed one is not scaled to the width of its place."""
    x, y, width, height = (f"{value:.1f}".removesuffix(".0") for value in frame)
    size = f' width="{width}" height="{height}"' if is_fixed else ""
    content = "".join(parts)
    role = "group" if "<a " in content else "img"  # an image has no links
    head = f'<svg class="{name}" role="{role}" aria-label="{escape(label)}" viewBox="{x} {y} {width} {height}"{size}>'
    return Markup(f"{head}{content}</svg>")  # noqa: S704 -- the caller escapes texts


def text(x: float, y: float, content: str, name: str = "", anchor: str = "start", size: float = 12) -> str:
    """Return a text; ``anchor`` is ``start``, ``middle`` or ``end``."""
    style = f' class="{name}"' if name else ""
    ends = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}"{style}{ends}>{escape(content)}</text>'


def rectangle(x: float, y: float, width: float, height: float, name: str, title: str = "", corner: float = 2) -> str:
    """Return a rectangle; the title is shown under the pointer."""
    inside = f"<title>{escape(title)}</title>" if title else ""
    place = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}" rx="{corner:g}"'
    return f'<rect {place} class="{name}">{inside}</rect>'


TIMELINE = (560.0, 64.0)
_MARKS = (("First posted", "registered"), ("Results posted", "results posted"))


def timeline_drawing(timeline: Timeline) -> Markup:
    """Return the time of a study as a bar over years, or nothing if it has no dates."""
    days = [moment.day for moment in timeline.moments if moment.day and moment.name != "Last update"]
    if not days:
        return Markup("")
    first, last = date(min(days).year, 1, 1), date(max(days).year + 1, 1, 1)
    width = TIMELINE[0]

    def x(day: date) -> float:
        return width * (day - first).days / max((last - first).days, 1)

    parts = [*_years(first.year, last.year, x), *_bar(timeline, x), *_marks(timeline, x)]
    label = ", ".join(f"{moment.name} {moment.text}" for moment in timeline.moments)
    return svg(label, "timeline", (-8, 0, width + 16, TIMELINE[1]), parts)


def _years(first: int, last: int, x: Callable[[date], float]) -> Iterable[str]:
    step = next((step for step in (1, 2, 5, 10, 20, 50) if (last - first) / step <= 12), 100)
    yield f'<path class="axis" d="M0 42H{TIMELINE[0]:.0f}"/>'
    for year in range(first, last + 1):
        if year % step == 0 or (year == first and step == 1):
            place = x(date(year, 1, 1))
            yield f'<path class="axis" d="M{place:.1f} 42v4"/>'
            yield text(place, 60, str(year), "soft", "middle", 13)


def _bar(timeline: Timeline, x: Callable[[date], float]) -> Iterable[str]:
    start, primary, end = (timeline.get(name) for name in ("Start", "Primary completion", "Completion"))
    if start and start.day and (stop := end or primary) and stop.day:
        left, right = x(start.day), max(x(stop.day), x(start.day) + 3)
        planned = " planned" if stop.is_estimated else ""
        yield rectangle(left, 24, right - left, 13, f"run{planned}", f"{start.text} to {stop.text}", 3)
    for moment in (primary,):
        if moment and moment.day:
            place = x(moment.day)
            yield f'<path class="primary" d="M{place:.1f} 20v21"><title>{escape(_title(moment))}</title></path>'


def _marks(timeline: Timeline, x: Callable[[date], float]) -> Iterable[str]:
    """Yield the events of the record above the bar; a label that would lie over another is left out."""
    free = -100.0
    for name, label in _MARKS:
        moment = timeline.get(name)
        if moment is None or moment.day is None:
            continue
        place = x(moment.day)
        yield f'<circle class="event" cx="{place:.1f}" cy="42" r="4"><title>{escape(_title(moment))}</title></circle>'
        half = text_width(label, 13) / 2
        centre = min(max(place, half), TIMELINE[0] - half)
        if centre - half > free:
            yield text(centre, 13, label, "soft", "middle", 13)
            yield f'<path class="stem" d="M{place:.1f} 17V38"/>'
            free = centre + half + 6


def _title(moment: Moment) -> str:
    return f"{moment.name}: {moment.text}" + (" (estimated)" if moment.is_estimated else "")


def letter(index: int) -> str:
    """Return a letter for the index of a group, after Z two letters.

    >>> letter(0), letter(25), letter(26)
    ('A', 'Z', 'AA')
    """
    high, low = divmod(index, 26)
    return (chr(64 + high) if high else "") + chr(65 + low)
