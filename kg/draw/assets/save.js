// Saving what is to be seen as PNG, SVG or GraphML.
function give(blob, ending) {
  const name = (data.name || "picture") + "." + ending;
  const a = make("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(a); a.click(); a.remove();
  setTimeout(() => URL.revokeObjectURL(a.href), 10000);
  tell(`${name} saved`);
}
// All that is visible, twice as fine as the screen, at most 8,000 pixels wide.
function asPng() {
  const kept = { x: state.x, y: state.y, z: state.z }, [left, top, right, bottom] = extent(), edge = 30;
  const z = state.map ? kept.z : Math.min(1, 3800 / (right - left + 60), 3800 / (bottom - top + 60));
  const size = [(right - left) * z + 2 * edge, (bottom - top) * z + 2 * edge].map((v) => Math.ceil(Math.min(v, 4000)));
  const sheet = make("canvas"); sheet.width = size[0] * 2; sheet.height = size[1] * 2;
  Object.assign(state, { x: (left + right) / 2, y: (top + bottom) / 2, z });
  if (state.map) shapes = null;
  paint(sheet.getContext("2d"), size, 2);
  Object.assign(state, kept);
  shapes = null; again();
  sheet.toBlob((blob) => give(blob, "png"), "image/png");
}
const XML = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;
function plain(text) { return text.replace(XML, "\uFFFD"); }
function element(parent, name, given = {}, text = "") {
  const made = parent.ownerDocument.createElementNS(parent.namespaceURI, name);
  for (const [key, value] of Object.entries(given)) made.setAttribute(key, typeof value === "number" ? String(Math.round(value * 100) / 100) : plain(value));
  if (text) made.textContent = plain(text);
  parent.append(made);
  return made;
}
function asSvg() {
  const [left, top, right, bottom] = extent(), e = 30, box = [left - e, top - e, right - left + 2 * e, bottom - top + 2 * e];
  const root = document.implementation.createDocument("http://www.w3.org/2000/svg", "svg").documentElement;
  for (const [key, value] of Object.entries({ viewBox: box.map((v) => v.toFixed(1)).join(" "), "font-family": FAMILY.replaceAll('"', "'") })) root.setAttribute(key, value);
  element(root, "title", {}, data.title);
  element(root, "rect", { x: box[0], y: box[1], width: box[2], height: box[3], fill: tone.ground });
  if (state.map) for (const line of data.land) element(root, "polygon", { points: line.map((p) => p.join(",")).join(" "), fill: tone.land, stroke: tone.coast, "stroke-width": 0.8 });
  else if (!state.open.size) for (const [x, y, r] of data.regions) element(root, "circle", { cx: x, cy: y, r, fill: tone.island });
  for (const l of seenEdges) if (l.weight) {
    const r = l.route, d = r ? `M${r[0]},${r[1]} C${r.slice(2).join(" ")}` : `M${l.a.x},${l.a.y} L${l.b.x},${l.b.y}`;
    element(root, "path", { d, fill: "none", stroke: r ? lineOf(l.b.kind) : tone.line, "stroke-width": r ? 1.7 : WIDTHS[widthOf(l.weight)], "stroke-opacity": 0.6 });
  }
  for (const n of seen) if (n.card && !state.map) svgCard(root, n); else svgMark(root, n);
  const view = [left - e, top - e, right + e, bottom + e], z = state.map ? state.z : 1, kept = state.z;
  if (!state.map && !state.open.size) for (const [x, y, text] of data.headings) element(root, "text", { x, y, "font-size": 11, "font-weight": "600", fill: tone.soft }, text.toUpperCase());
  state.z = z; shapes = null; prepare();
  for (const t of labelled(view, z, null, measured)) element(root, "text", { x: view[0] + t.x / z, y: view[1] + t.y / z, "font-size": t.size / z, "font-weight": t.bold ? "600" : "400", "text-anchor": "middle", fill: tone.ink, stroke: tone.ground, "stroke-width": 3 / z, "paint-order": "stroke" }, t.text);
  state.z = kept; forget();
  give(new Blob([new XMLSerializer().serializeToString(root)], { type: "image/svg+xml" }), "svg");
}
function svgMark(root, n) {
  const [x, y] = spot(n), r = radius(n), { shape, colour } = kinds[n.kind];
  const paintOf = shape === "ring" ? { fill: tone.paper, stroke: colour, "stroke-width": 2.2 } : { fill: colour, stroke: tone.ground, "stroke-width": 1 };
  if (SIDES[shape]) element(root, "polygon", { points: corners(shape, x, y, r).map((p) => p.map((v) => v.toFixed(1)).join(",")).join(" "), ...paintOf });
  else element(root, "circle", { cx: x, cy: y, r: shape === "ring" ? r * 0.86 : r, ...paintOf });
}
function svgCard(root, n) {
  const { w, h, t: lines, s: strong } = n.card, colour = kinds[n.kind].colour, left = n.x - w / 2, top = n.y - h / 2, one = lines.length === 1;
  element(root, "rect", { x: left, y: top, width: w, height: h, rx: one ? h / 2 : 8, fill: one || strong ? mixed(colour, tone.paper, 0.14) : tone.paper, stroke: lineOf(n.kind), "stroke-width": strong ? 2.2 : 1.3 });
  if (!one) element(root, "rect", { x: left, y: top + 8, width: 5, height: h - 16, fill: colour });
  for (const [text, size, role, y] of lines) element(root, "text", { x: left + 14, y: top + y, "font-size": role === "kind" ? size - 1 : size, "font-weight": role === "name" || role === "kind" ? "600" : "400", fill: role === "text" || role === "name" ? tone.ink : tone.soft }, role === "kind" ? text.toUpperCase() : text);
}
// http://graphml.graphdrawing.org/
function asGraphml() {
  const root = document.implementation.createDocument("http://graphml.graphdrawing.org/xmlns", "graphml").documentElement;
  const keys = { node: { label: "string", kind: "string", size: "double", link: "string", x: "double", y: "double" }, edge: { label: "string", weight: "double" } };
  for (const [on, names] of Object.entries(keys)) for (const [name, type] of Object.entries(names)) element(root, "key", { id: `${on}-${name}`, for: on, "attr.name": name, "attr.type": type });
  const graph = element(root, "graph", { id: "picture", edgedefault: "directed" });
  const fill = (parent, on, values) => { for (const [name, value] of Object.entries(values)) element(parent, "data", { key: `${on}-${name}` }, String(value)); };
  for (const n of seen) fill(element(graph, "node", { id: n.id }), "node", { label: n.label, kind: kinds[n.kind].name, size: n.size, link: n.link, x: n.x, y: n.y });
  for (const e of edges) if (e.a.shown && e.b.shown) fill(element(graph, "edge", { id: `e${e.at}`, source: e.a.id, target: e.b.id }), "edge", { label: e.label, weight: e.weight });
  give(new Blob(['<?xml version="1.0" encoding="UTF-8"?>\n' + new XMLSerializer().serializeToString(root) + "\n"], { type: "application/xml" }), "graphml");
}
const SAVES = { png: asPng, svg: asSvg, graphml: asGraphml };
