"""Charts of profiles as SVG: columns by year, and the studies of a sponsor on a line of time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from html import escape

from markupsafe import Markup

from kg.draw.text_metrics import text_width, truncate
from kg.serve.drawings import rectangle, svg, text
from kg.serve.pages.organization import Run
from kg.serve.pages.profile import Bar
from kg.serve.status import tone

YEARS = (380.0, 170.0)
RUNS, ROW, TOP = 1000.0, 20.0, 24.0
Url = Callable[[Bar], str]


def columns(bars: Sequence[Bar], url: Url, noun: str = "study", plural: str = "studies") -> Markup:
    """Return a column for each bar; ``url`` returns the URL of a bar, or an empty string."""
    if not bars:
        return Markup("")
    width, height = YEARS
    largest, step = max(bar.count for bar in bars), width / max(len(bars), 14)
    interval = -(-36 // step)
    parts = [f'<path class="axis" d="M0 {height - 20}H{width:.0f}"/>']
    for i, bar in enumerate(bars):
        tall = (height - 40) * bar.count / largest
        title = f"{bar.label}: {bar.count:,} {noun if bar.count == 1 else plural}"
        box = rectangle(i * step + step * 0.1, height - 20 - tall, step * 0.8, tall, "bar", title)
        parts.append(_linked(box, url(bar), title) if bar.count else "")
        if bar.count and (bar.count == largest or step >= 22):
            parts.append(text((i + 0.5) * step, height - 25 - tall, f"{bar.count:,}", "soft", "middle", 11))
        if i % interval == 0:
            parts.append(text((i + 0.5) * step, height - 5, bar.label, "soft", "middle", 11))
    label = f"{plural.capitalize()} by year, from {bars[0].label} to {bars[-1].label}"
    return svg(label, "columns-chart", (0, 0, width, height), parts)


def _linked(content: str, url: str, title: str) -> str:
    return f'<a href="{escape(url)}" aria-label="{escape(title)}">{content}</a>' if url else content


def runs_drawing(runs: Sequence[Run], url: Callable[[str], str]) -> Markup:
    """Return studies as bars over years, one in each row; ``url`` returns the URL of a study by its IRI."""
    days = [moment.day for run in runs for moment in (run.start, run.end) if moment.day]
    if not days:
        return Markup("")
    first, last = date(min(days).year, 1, 1), date(min(max(days).year, min(days).year + 80) + 1, 1, 1)

    def x(day: date) -> float:
        return min(max(RUNS * (day - first).days / (last - first).days, 0), RUNS)

    height = TOP + ROW * len(runs) + 4
    parts = [*_axis(first.year, last.year, x, height)]
    for i, run in enumerate(runs):
        parts += _row(run, TOP + i * ROW, x, url(run.study.iri))
    return svg(f"{len(runs)} studies over time", "runs", (0, 0, RUNS, height), parts)


def _axis(first: int, last: int, x: Callable[[date], float], height: float) -> Iterable[str]:
    step = next((step for step in (1, 2, 5, 10) if (last - first) / step <= 16), 20)
    for year in range(first, last + 1):
        if year % step == 0:
            place = x(date(year, 1, 1))
            yield f'<path class="axis" d="M{place:.1f} 16V{height:.0f}"/>'
            if place < RUNS - 20:
                yield text(max(place, 14), 11, str(year), "soft", "middle", 11)


def _row(run: Run, y: float, x: Callable[[date], float], url: str) -> Iterable[str]:
    assert run.start.day is not None
    left = min(x(run.start.day), RUNS - 6)
    right = max(x(run.end.day or run.start.day), left + 6)
    end = run.end.text or "end not stated"
    title = f"{run.number}, {run.status.label or 'status not stated'}, {run.start.text} to {end}: {run.study.text}"
    bar = rectangle(left, y + 4, right - left, ROW - 8, f"run {tone(run.status.value)}", title, 3)
    label = _label(f"{run.number} {run.study.text}", left, right, y + ROW / 2 + 4)
    yield f'<a href="{escape(url)}">{bar}{label}</a>'


def _label(content: str, left: float, right: float, y: float) -> str:
    """Return a label beside a bar, on the side with more room."""
    room = max(RUNS - right, left) - 10
    shown = truncate(content, 11.5, min(room, 420))
    if RUNS - right >= left:
        return text(right + 6, y, shown, "soft", "start", 11.5)
    return text(left - 6 - text_width(shown, 11.5), y, shown, "soft", "start", 11.5)
