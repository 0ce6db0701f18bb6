"""A picture as one HTML file that needs nothing else: its data, its scripts, its typeface.

What comes from the data is text: it stands in the page as JSON and is put on show as text nodes or drawn. A Content
Security Policy (https://www.w3.org/TR/CSP3/) lets run the scripts of this package alone, by their digest.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from functools import cache
from typing import Any

import orjson

from kg.draw.cards import baselines
from kg.draw.letters import ASSETS
from kg.draw.picture import Edge, Node, Picture, web
from kg.draw.world import land, projected

SCRIPTS = ("model", "paint", "move", "panels", "acts", "save", "main")
LONGEST = 20_000
"""Characters of a label that a page takes."""


@cache
def _asset(name: str) -> str:
    return (ASSETS / name).read_text("utf-8")


@cache
def faces() -> str:
    """The typeface as CSS that needs no other file."""
    made = []
    for weight, name in ((400, "Regular"), (600, "SemiBold")):
        data = base64.b64encode((ASSETS / f"Inter-{name}.woff2").read_bytes()).decode()
        made.append(
            f'@font-face{{font-family:"Inter";font-style:normal;font-weight:{weight};'
            f'src:url("data:font/woff2;base64,{data}") format("woff2")}}'
        )
    return "\n".join(made) + "\n"


@cache
def _script() -> str:
    parts = "\n".join(_asset(f"{name}.js") for name in SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}}})();\n'


def policy(script: str, style: str) -> str:
    """A Content Security Policy under which one script and one style run, and nothing is fetched."""

    def digest(text: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    rules = {
        "default-src": "'none'",
        "script-src": digest(script) if script else "'none'",
        "style-src": digest(style),
        "img-src": "data: blob:",
        "font-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def filled(template: str, given: dict[str, str]) -> str:
    """A template with its marks replaced, in one pass, so that nothing that is put in is read as a mark.

    >>> filled("<p>@@a@@</p>", {"a": "@@b@@", "b": "c"})
    '<p>@@b@@</p>'
    """
    return re.sub(r"@@(\w+)@@", lambda found: given[found[1]], template)


def as_json(data: Any) -> str:
    """JSON that can stand in a script element: nothing in it ends the element or opens another.

    >>> as_json(["</script><!--"])
    '["\\\\u003c/script\\\\u003e\\\\u003c!--"]'
    """
    text = orjson.dumps(data, option=orjson.OPT_PASSTHROUGH_DATACLASS).decode()
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def page(picture: Picture, name: str = "picture") -> bytes:
    """The page of a picture that is laid out; files that are saved from it are called by ``name``."""
    style = faces() + _asset("page.css")
    given = {
        "policy": html.escape(policy(_script(), style), quote=False),
        "title": html.escape(picture.title),
        "subtitle": html.escape(picture.subtitle),
        "style": style,
        "data": as_json(data(picture, name)),
        "script": _script(),
    }
    return filled(_asset("page.html"), given).encode("utf-8", "replace")


def data(picture: Picture, name: str) -> dict[str, Any]:
    """What the scripts of a page read, see ``assets/model.js``."""
    kinds = picture.kinds()
    kind_at = {kind: i for i, kind in enumerate(kinds)}
    at = {id_: i for i, id_ in enumerate(picture.nodes)}
    words = {
        word: i
        for i, word in enumerate(dict.fromkeys(word for edge in picture.edges for word in (edge.label, edge.back)))
    }
    nodes = list(picture.nodes.values())
    has_map = any(node.place for node in nodes)
    return {
        "name": name,
        "title": picture.title,
        "notes": picture.notes,
        "kinds": [{"name": k.name, "plural": k.plural, "colour": k.colour, "shape": k.shape} for k in kinds.values()],
        "nodes": [_node(node, kind_at[node.kind]) for node in nodes],
        "edges": [_edge(edge, at, words) for edge in picture.edges],
        "words": list(words),
        "folded": [i for i, node in enumerate(nodes) if node.folded],
        "headings": [[each.x, each.y, each.text] for each in picture.headings],
        "regions": [[each.x, each.y, each.radius] for each in picture.regions],
        "land": land() if has_map else None,
        "mapFirst": picture.map_first and has_map,
    }


def _node(node: Node, kind: int) -> dict[str, Any]:
    made: dict[str, Any] = {"i": node.id, "k": kind, "l": node.label[:LONGEST], "x": node.x, "y": node.y}
    made |= {"r": node.radius, "s": round(node.size)}
    if web(node.link):
        made["u"] = node.link
    if node.details:
        made["d"] = [
            [each.heading, each.text, web(each.link)] if web(each.link) else [each.heading, each.text]
            for each in node.details
        ]
    if node.count:
        made["n"] = node.count
    if node.side:
        made["a"] = node.side
    if node.place:
        made["p"] = projected(*node.place)
    if node.card:
        lines = zip(node.card.lines, baselines(node.card), strict=True)
        text = [[line.text, line.size, line.role, y] for line, y in lines]
        made["c"] = {"w": node.card.width, "h": node.card.height, "s": node.card.strong, "t": text}
    return made


def _edge(edge: Edge, at: dict[str, int], words: dict[str, int]) -> list[Any]:
    weight = int(edge.weight) if edge.weight == int(edge.weight) else edge.weight
    made = [at[edge.source], at[edge.target], weight, words[edge.label], words[edge.back]]
    if edge.route:
        return [*made, edge.studies[:12], edge.route]
    return [*made, edge.studies[:12]] if edge.studies else made
