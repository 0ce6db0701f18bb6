"""Output of a picture as a page of pyvis (vis-network), hardened against markup in the data.

pyvis 0.3.2 runs markup from titles that contain ``href``, from headings and from its menus, and links to bootstrap on a
CDN. Therefore nodes have numbers as ids, menus and headings are omitted, ``href`` in titles is broken up, links are
removed, and a Content Security Policy allows only the scripts of the page. Positions come from the layout of this
package and physics are off; a button turns them on.
"""

from __future__ import annotations

import html
import re
from typing import Any

from kg.draw.html_page import csp_digest
from kg.draw.kinds import Kind
from kg.draw.picture import Node, Picture
from kg.draw.scene import INK, LINE, folded_ids
from kg.errors import missing_extra

SHAPES = {"circle": "dot", "ring": "dot", "square": "square", "diamond": "diamond", "triangle": "triangle"}
MAX_TITLE, MAX_LABEL, MAX_LABELLED = 2000, 60, 60
"""Maximum length of a title and of a label; number of nodes with a visible label, the others show it on hover."""
OPTIONS = {
    "physics": {"enabled": False},
    "layout": {"improvedLayout": False},
    "edges": {"smooth": False, "color": {"color": LINE}},
    "interaction": {"hideEdgesOnDrag": True, "tooltipDelay": 100, "navigationButtons": False, "keyboard": True},
}
STYLE = """
body { margin: 0; padding: 12px 20px; font: 14px/1.45 "Helvetica Neue", Helvetica, Arial, sans-serif; color: #1b2330; }
h1 { font-size: 19px; margin: 0; overflow: hidden; overflow-wrap: anywhere; max-height: 3em; }
p { margin: 2px 0; color: #5b6572; font-size: 13px; }
#physics { float: right; }
"""
PHYSICS_BUTTON = """
const button = document.createElement("button");
button.textContent = "Physics: off";
button.id = "physics";
button.addEventListener("click", () => {
  const on = button.textContent.endsWith("off");
  network.setOptions({ physics: { enabled: on } });
  button.textContent = "Physics: " + (on ? "on" : "off");
});
document.body.prepend(button);
network.fit();
"""


def pyvis_page(picture: Picture) -> bytes:
    """Return the page; raises :class:`~kg.errors.UsageError` if pyvis is not installed."""
    try:
        from pyvis.network import Network
    except ImportError as error:
        raise missing_extra("Pages drawn with pyvis", "pyvis") from error
    network = Network(height="80vh", width="100%", cdn_resources="in_line", directed=False)
    kinds = picture.kinds()
    hidden = folded_ids(picture)
    ranked = sorted(picture.nodes.values(), key=lambda node: (-node.size, node.id))
    labelled = {node.id for node in ranked if node.card} | {node.id for node in ranked[:MAX_LABELLED]}
    index = {id_: i for i, id_ in enumerate(picture.nodes) if id_ not in hidden}
    for id_, i in index.items():
        network.add_node(i, **_node(picture.nodes[id_], kinds[picture.nodes[id_].kind], id_ in labelled))
    for edge in picture.edges:
        if edge.weight and edge.source in index and edge.target in index:
            network.add_edge(index[edge.source], index[edge.target], width=min(0.5 + edge.weight**0.5 / 2, 5))
    network.options = OPTIONS
    return _harden(network.generate_html(), picture).encode("utf-8", "replace")


def _node(node: Node, kind: Kind, labelled: bool) -> dict[str, Any]:
    title = "\n".join([node.label, kind.name, *(f"{detail.heading}: {detail.text}" for detail in node.details)])
    return {
        "label": node.label[:MAX_LABEL] if labelled else " ",
        "title": re.sub("href", "h\u2060ref", title[:MAX_TITLE], flags=re.IGNORECASE),
        "x": node.x,
        "y": node.y,
        "shape": "box" if node.card else SHAPES.get(kind.shape, "hexagon"),
        "size": node.radius,
        "color": "#FFFFFF" if node.card else kind.colour,
        "font": {"color": INK, "size": 13 if node.card else 12},
    }


def _harden(text: str, picture: Picture) -> str:
    """Return the page without external links, with a policy, a title, notes and a button for physics."""
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r'<link\b[^>]*\bhref="https?://[^>]*>', "", text)
    text = re.sub(r'<script\b[^>]*\bsrc="https?://[^>]*>\s*</script>', "", text)
    notes = "".join(f"<p>{html.escape(note)}</p>" for note in (picture.subtitle, *picture.notes) if note)
    text = re.sub(r"<center>.*?</center>", "", text, flags=re.DOTALL)
    head = f"<h1>{html.escape(picture.title)}</h1>{notes}"
    text = text.replace("<body>", f"<body>{head}", 1).replace("</body>", f"<script>{PHYSICS_BUTTON}</script></body>", 1)
    scripts = re.findall(r"<script\b[^>]*>(.*?)</script>", text, re.DOTALL)
    digests = " ".join(sorted({csp_digest(script) for script in scripts}))
    rules = f"default-src 'none'; script-src {digests}; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'"
    policy = f'<meta http-equiv="Content-Security-Policy" content="{rules}"><title>{html.escape(picture.title)}</title>'
    policy += f"<style>{STYLE}</style>"
    return text.replace('<meta charset="utf-8">', f'<meta charset="utf-8">{policy}', 1)
