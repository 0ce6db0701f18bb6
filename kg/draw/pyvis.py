"""A picture as a page of pyvis (vis-network), for those who know it, made safe.

pyvis 0.3.2 runs markup from titles that hold the letters ``href``, from headings and from its menus, and links to
bootstrap on a CDN. So its nodes get numbers as ids, there are no menus and no heading, titles hold no ``href``, links
are taken out, and a Content Security Policy lets run the scripts of the page alone. Positions are ours and physics are
off; a button turns them on.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from typing import Any

from kg.draw.picture import Node, Picture
from kg.draw.scene import INK, LINE, folded_away
from kg.errors import UsageError

SHAPES = {"circle": "dot", "ring": "dot", "square": "square", "diamond": "diamond", "triangle": "triangle"}
TITLE, LABEL, NAMED = 2000, 60, 60
"""Characters of a title and of a label; nodes that bear their label, the others show it when they are pointed at."""
OPTIONS = {
    "physics": {"enabled": False},
    "layout": {"improvedLayout": False},
    "edges": {"smooth": False, "color": {"color": LINE, "opacity": 0.5}},
    "interaction": {"hideEdgesOnDrag": True, "tooltipDelay": 100, "navigationButtons": False, "keyboard": True},
}
STYLE = """
body { margin: 0; padding: 12px 20px; font: 14px/1.45 "Helvetica Neue", Helvetica, Arial, sans-serif; color: #1b2330; }
h1 { font-size: 19px; margin: 0; overflow: hidden; overflow-wrap: anywhere; max-height: 3em; }
p { margin: 2px 0; color: #5b6572; font-size: 13px; }
#physics { float: right; }
"""
SWITCH = """
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
    """The page; raises :class:`~kg.errors.UsageError` where pyvis is not installed."""
    try:
        from pyvis.network import Network
    except ImportError as error:
        raise UsageError("The renderer pyvis is not installed; pip install 'trialkg[pyvis]'.") from error
    made = Network(height="80vh", width="100%", cdn_resources="in_line", directed=False)
    kinds = picture.kinds()
    hidden = folded_away(picture)
    ranked = sorted(picture.nodes.values(), key=lambda node: (-node.size, node.id))
    named = {node.id for node in ranked if node.card} | {node.id for node in ranked[:NAMED]}
    at = {id_: i for i, id_ in enumerate(picture.nodes) if id_ not in hidden}
    for id_, i in at.items():
        made.add_node(i, **_node(picture.nodes[id_], kinds[picture.nodes[id_].kind], id_ in named))
    for edge in picture.edges:
        if edge.weight and edge.source in at and edge.target in at:
            made.add_edge(at[edge.source], at[edge.target], width=min(0.5 + edge.weight**0.5 / 2, 5))
    made.options = OPTIONS
    return _guarded(made.generate_html(), picture).encode("utf-8", "replace")


def _node(node: Node, kind: Any, named: bool) -> dict[str, Any]:
    title = "\n".join([node.label, kind.name, *(f"{each.heading}: {each.text}" for each in node.details)])
    return {
        "label": node.label[:LABEL] if named else " ",
        "title": re.sub("href", "h\u2060ref", title[:TITLE], flags=re.IGNORECASE),
        "x": node.x,
        "y": node.y,
        "shape": "box" if node.card else SHAPES.get(kind.shape, "hexagon"),
        "size": node.radius,
        "color": "#FFFFFF" if node.card else kind.colour,
        "font": {"color": INK, "size": 13 if node.card else 12},
    }


def _guarded(text: str, picture: Picture) -> str:
    """The page without what leads elsewhere, with a policy, a title, notes and a switch."""
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r'<link\b[^>]*\bhref="https?://[^>]*>', "", text)
    text = re.sub(r'<script\b[^>]*\bsrc="https?://[^>]*>\s*</script>', "", text)
    notes = "".join(f"<p>{html.escape(note)}</p>" for note in (picture.subtitle, *picture.notes) if note)
    text = re.sub(r"<center>.*?</center>", "", text, flags=re.DOTALL)
    head = f"<h1>{html.escape(picture.title)}</h1>{notes}"
    text = text.replace("<body>", f"<body>{head}", 1).replace("</body>", f"<script>{SWITCH}</script></body>", 1)
    scripts = re.findall(r"<script\b[^>]*>(.*?)</script>", text, re.DOTALL)
    allowed = " ".join(sorted({_digest(script) for script in scripts}))
    rules = f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'"
    policy = f'<meta http-equiv="Content-Security-Policy" content="{rules}"><title>{html.escape(picture.title)}</title>'
    policy += f"<style>{STYLE}</style>"
    return text.replace('<meta charset="utf-8">', f'<meta charset="utf-8">{policy}', 1)


def _digest(script: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'"
