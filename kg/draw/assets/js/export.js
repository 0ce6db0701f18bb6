// Export of the visible part as PNG, SVG or GraphML.
function download(blob, ending) {
  const name = (data.name || "picture") + "." + ending;
  const a = htmlElement("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(a);
  a.click();
  a.remove();
  setTimeout(() => URL.revokeObjectURL(a.href), 10000);
  announce(`${name} saved`);
}
// Everything visible, at twice the resolution of the screen and at most 8,000 pixels wide.
function savePng() {
  const previous = { x: state.x, y: state.y, z: state.z },
    [left, top, right, bottom] = extent(),
    edge = 30;
  const z = state.map ? previous.z : Math.min(1, 3800 / (right - left + 60), 3800 / (bottom - top + 60));
  const size = [(right - left) * z + 2 * edge, (bottom - top) * z + 2 * edge].map((v) => Math.ceil(Math.min(v, 4000)));
  const sheet = htmlElement("canvas");
  sheet.width = size[0] * 2;
  sheet.height = size[1] * 2;
  Object.assign(state, { x: (left + right) / 2, y: (top + bottom) / 2, z });
  if (state.map) shapes = null;
  paint(sheet.getContext("2d"), size, 2);
  Object.assign(state, previous);
  shapes = null;
  requestPaint();
  sheet.toBlob((blob) => download(blob, "png"), "image/png");
}
const XML = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;
function xmlText(text) {
  return text.replace(XML, "\uFFFD");
}
function xmlElement(parent, name, attributes = {}, text = "") {
  const node = parent.ownerDocument.createElementNS(parent.namespaceURI, name);
  for (const [key, value] of Object.entries(attributes))
    node.setAttribute(key, typeof value === "number" ? String(Math.round(value * 100) / 100) : xmlText(value));
  if (text) node.textContent = xmlText(text);
  parent.append(node);
  return node;
}
function saveSvg() {
  const [left, top, right, bottom] = extent(),
    e = 30,
    box = [left - e, top - e, right - left + 2 * e, bottom - top + 2 * e];
  const root = document.implementation.createDocument("http://www.w3.org/2000/svg", "svg").documentElement;
  for (const [key, value] of Object.entries({
    viewBox: box.map((v) => v.toFixed(1)).join(" "),
    "font-family": FONT_FAMILY.replaceAll('"', "'"),
  }))
    root.setAttribute(key, value);
  xmlElement(root, "title", {}, data.title);
  xmlElement(root, "rect", { x: box[0], y: box[1], width: box[2], height: box[3], fill: theme.ground });
  if (state.map)
    for (const line of data.land)
      xmlElement(root, "polygon", {
        points: line.map((p) => p.join(",")).join(" "),
        fill: theme.land,
        stroke: theme.coast,
        "stroke-width": 0.8,
      });
  else if (!state.open.size)
    for (const [x, y, r] of data.regions) xmlElement(root, "circle", { cx: x, cy: y, r, fill: theme.island });
  if (!state.map && !state.open.size)
    for (const [card, left, top, right, bottom] of openFrames()) {
      const frame = { x: left - 16, y: top - 34, width: right - left + 32, height: bottom - top + 50, rx: 14 };
      xmlElement(root, "rect", { ...frame, fill: theme.island });
      const text = { x: left, y: top - 14, "font-size": 11, "font-weight": "600", fill: theme.soft };
      xmlElement(root, "text", text, card.label.toUpperCase());
    }
  for (const l of visibleEdges)
    if (l.weight) {
      const r = l.route,
        d = r ? `M${r[0]},${r[1]} C${r.slice(2).join(" ")}` : `M${l.a.x},${l.a.y} L${l.b.x},${l.b.y}`;
      xmlElement(root, "path", {
        d,
        fill: "none",
        stroke: r ? lineColour(l.b.kind) : theme.line,
        "stroke-width": r ? 1.7 : WIDTHS[widthClass(l.weight)],
      });
    }
  for (const n of visibleNodes)
    if (n.card && !state.map) svgCard(root, n);
    else svgMark(root, n);
  const view = [left - e, top - e, right + e, bottom + e],
    z = state.map ? state.z : 1,
    previous = state.z;
  if (!state.map && !state.open.size)
    for (const [x, y, text] of data.headings)
      xmlElement(root, "text", { x, y, "font-size": 11, "font-weight": "600", fill: theme.soft }, text.toUpperCase());
  state.z = z;
  shapes = null;
  prepareShapes();
  for (const t of placeLabels(view, z, null))
    xmlElement(
      root,
      "text",
      {
        x: view[0] + t.x / z,
        y: view[1] + t.y / z,
        "font-size": t.size / z,
        "font-weight": t.bold ? "600" : "400",
        "text-anchor": "middle",
        fill: theme.ink,
        stroke: theme.ground,
        "stroke-width": 3 / z,
        "paint-order": "stroke",
      },
      t.text,
    );
  state.z = previous;
  invalidateShapes();
  download(new Blob([new XMLSerializer().serializeToString(root)], { type: "image/svg+xml" }), "svg");
}
function svgMark(root, n) {
  const [x, y] = position(n),
    r = displayRadius(n),
    { shape, colour } = kinds[n.kind];
  const paintOf =
    shape === "ring"
      ? { fill: theme.paper, stroke: colour, "stroke-width": 2.2 }
      : { fill: colour, stroke: theme.ground, "stroke-width": 1 };
  if (POLYGONS[shape])
    xmlElement(root, "polygon", {
      points: polygonCorners(shape, x, y, r)
        .map((p) => p.map((v) => v.toFixed(1)).join(","))
        .join(" "),
      ...paintOf,
    });
  else xmlElement(root, "circle", { cx: x, cy: y, r: shape === "ring" ? r * 0.86 : r, ...paintOf });
}
function svgCard(root, n) {
  const { w, h, t: lines, s: strong } = n.card,
    colour = kinds[n.kind].colour,
    left = n.x - w / 2,
    top = n.y - h / 2,
    one = lines.length === 1;
  xmlElement(root, "rect", {
    x: left,
    y: top,
    width: w,
    height: h,
    rx: one ? h / 2 : 8,
    fill: one || strong ? mixColours(colour, theme.paper, 0.14) : theme.paper,
    stroke: lineColour(n.kind),
    "stroke-width": strong ? 2.2 : 1.3,
  });
  if (!one) xmlElement(root, "rect", { x: left, y: top + 8, width: 5, height: h - 16, fill: colour });
  for (const [text, size, role, y] of lines)
    xmlElement(
      root,
      "text",
      {
        x: left + 14,
        y: top + y,
        "font-size": role === "kind" ? size - 1 : size,
        "font-weight": role === "name" || role === "kind" ? "600" : "400",
        fill: role === "text" || role === "name" ? theme.ink : theme.soft,
      },
      role === "kind" ? text.toUpperCase() : text,
    );
}
// http://graphml.graphdrawing.org/
function saveGraphml() {
  const root = document.implementation.createDocument(
    "http://graphml.graphdrawing.org/xmlns",
    "graphml",
  ).documentElement;
  const keys = {
    node: { label: "string", kind: "string", size: "double", link: "string", x: "double", y: "double" },
    edge: { label: "string", weight: "double" },
  };
  for (const [on, names] of Object.entries(keys))
    for (const [name, type] of Object.entries(names))
      xmlElement(root, "key", { id: `${on}-${name}`, for: on, "attr.name": name, "attr.type": type });
  const graph = xmlElement(root, "graph", { id: "picture", edgedefault: "directed" });
  const fill = (parent, on, values) => {
    for (const [name, value] of Object.entries(values))
      xmlElement(parent, "data", { key: `${on}-${name}` }, String(value));
  };
  for (const n of visibleNodes)
    fill(xmlElement(graph, "node", { id: n.id }), "node", {
      label: n.label,
      kind: kinds[n.kind].name,
      size: n.size,
      link: n.link,
      x: n.x,
      y: n.y,
    });
  for (const e of edges)
    if (e.a.shown && e.b.shown)
      fill(xmlElement(graph, "edge", { id: `e${e.index}`, source: e.a.id, target: e.b.id }), "edge", {
        label: e.label,
        weight: e.weight,
      });
  download(
    new Blob(['<?xml version="1.0" encoding="UTF-8"?>\n' + new XMLSerializer().serializeToString(root) + "\n"], {
      type: "application/xml",
    }),
    "graphml",
  );
}
const EXPORTS = { png: savePng, svg: saveSvg, graphml: saveGraphml };
