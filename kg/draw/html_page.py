"""Output of a picture as one HTML file that works offline and contains its data, scripts and typeface.

Data is embedded as JSON, and the scripts insert it as text nodes or draw it. A Content Security Policy
(https://www.w3.org/TR/CSP3/) allows only the script and the style of the page, by their digests.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from functools import cache
from typing import Any

import orjson

from kg.draw import ASSETS
from kg.draw.cards import baselines
from kg.draw.kinds import Kind
from kg.draw.picture import Edge, Node, Picture, web_url
from kg.draw.world_map import country_labels, land_rings, project

SCRIPTS = (
    *("model", "canvas", "map", "labels", "camera", "input", "elements", "legend", "search"),
    *("details", "actions", "url_state", "export", "main"),
)
"""The scripts in ``assets/js``, in the order in which a page runs them."""
MAX_LABEL = 20_000
"""Maximum length of a label."""
MAX_STUDIES = 12
"""Maximum number of studies of an edge."""


@cache
def _asset(name: str) -> str:
    return (ASSETS / name).read_text("utf-8")


@cache
def font_faces() -> str:
    """Return the typeface as CSS with embedded fonts."""
    faces = []
    for weight, name in ((400, "Regular"), (600, "SemiBold")):
        data = base64.b64encode((ASSETS / f"Inter-{name}.woff2").read_bytes()).decode()
        faces.append(
            f'@font-face{{font-family:"Inter";font-style:normal;font-weight:{weight};'
            f'src:url("data:font/woff2;base64,{data}") format("woff2")}}'
        )
    return "\n".join(faces) + "\n"


@cache
def _script() -> str:
    parts = "\n".join(_asset(f"js/{name}.js") for name in SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}}})();\n'


def csp_digest(text: str) -> str:
    """Return the digest of a script or a style in the syntax of a Content Security Policy."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def content_security_policy(script: str, style: str) -> str:
    """Return a Content Security Policy that allows one script and one style, and no requests."""
    rules = {
        "default-src": "'none'",
        "script-src": csp_digest(script),
        "style-src": csp_digest(style),
        "img-src": "data: blob:",
        "font-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def fill_template(template: str, values: dict[str, str]) -> str:
    """Replace the placeholders of a template in one pass, so that placeholders inside values are not replaced.

    >>> fill_template("<p>@@a@@</p>", {"a": "@@b@@", "b": "c"})
    '<p>@@b@@</p>'
    """
    return re.sub(r"@@(\w+)@@", lambda match: values[match[1]], template)


def json_for_script(data: Any) -> str:
    """Return JSON that is safe inside a script element: nothing in it ends the element or opens another.

    >>> json_for_script(["</script><!--"])
    '["\\\\u003c/script\\\\u003e\\\\u003c!--"]'
    """
    text = orjson.dumps(data, option=orjson.OPT_PASSTHROUGH_DATACLASS).decode()
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def picture_page(picture: Picture, name: str = "picture") -> bytes:
    """Return the page of a picture with a layout; ``name`` is the stem of files that are saved from the page."""
    style = font_faces() + _asset("page.css")
    values = {
        "policy": html.escape(content_security_policy(_script(), style), quote=False),
        "title": html.escape(picture.title),
        "subtitle": html.escape(picture.subtitle),
        "style": style,
        "data": json_for_script(page_data(picture, name)),
        "script": _script(),
    }
    return fill_template(_asset("page.html"), values).encode("utf-8", "replace")


def page_data(picture: Picture, name: str) -> dict[str, Any]:
    """Return the data of a page, which ``assets/js/model.js`` reads."""
    kinds = picture.kinds()
    kind_index = {kind: i for i, kind in enumerate(kinds)}
    node_index = {id_: i for i, id_ in enumerate(picture.nodes)}
    labels = dict.fromkeys(label for edge in picture.edges for label in (edge.label, edge.back))
    label_index = {label: i for i, label in enumerate(labels)}
    nodes = list(picture.nodes.values())
    has_map = any(node.place for node in nodes)
    return {
        "name": name,
        "title": picture.title,
        "notes": picture.notes,
        "kinds": [_kind(kind) for kind in kinds.values()],
        "nodes": [_node(node, kind_index[node.kind]) for node in nodes],
        "edges": [_edge(edge, node_index, label_index) for edge in picture.edges],
        "words": list(labels),
        "inside": [[i, node_index[node.inside]] for i, node in enumerate(nodes) if node.inside],
        "headings": [[heading.x, heading.y, heading.text] for heading in picture.headings],
        "regions": [[region.x, region.y, region.radius, node_index.get(region.hub, -1)] for region in picture.regions],
        "land": land_rings() if has_map else None,
        "totals": country_labels(picture.totals) if has_map else [],
        "mapFirst": picture.map_first and has_map,
    }


def _kind(kind: Kind) -> dict[str, Any]:
    lines = [kind.line, kind.dark_line]
    return {"name": kind.name, "plural": kind.plural, "colour": kind.colour, "shape": kind.shape, "lines": lines}


def _node(node: Node, kind: int) -> dict[str, Any]:
    data: dict[str, Any] = {"i": node.id, "k": kind, "l": node.label[:MAX_LABEL], "x": node.x, "y": node.y}
    data |= {"r": node.radius, "s": round(node.size)}
    if web_url(node.link):
        data["u"] = node.link
    if node.details:
        rows = ([detail.heading, detail.text, web_url(detail.link)] for detail in node.details)
        data["d"] = [row if row[2] else row[:2] for row in rows]
    if node.count:
        data["n"] = node.count
    if node.side:
        data["a"] = node.side
    if node.place:
        data["p"] = project(*node.place)
    if node.card:
        lines = zip(node.card.lines, baselines(node.card), strict=True)
        text = [[line.text, line.size, line.role, y] for line, y in lines]
        data["c"] = {"w": node.card.width, "h": node.card.height, "s": node.card.strong, "t": text}
    return data


def _edge(edge: Edge, nodes: dict[str, int], labels: dict[str, int]) -> list[Any]:
    weight = int(edge.weight) if edge.weight == int(edge.weight) else edge.weight
    data = [nodes[edge.source], nodes[edge.target], weight, labels[edge.label], labels[edge.back]]
    if edge.route:
        return [*data, edge.studies[:MAX_STUDIES], edge.route]
    return [*data, edge.studies[:MAX_STUDIES]] if edge.studies else data
