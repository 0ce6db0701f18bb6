// Drawing on the canvas.
const canvas = document.getElementById("canvas");
const context = canvas.getContext("2d", { alpha: false });
const FONT_FAMILY = 'Inter, "Helvetica Neue", Helvetica, Arial, "Noto Sans", sans-serif';
const LIGHT = {
  ground: "#fafbfc",
  island: "#f0f3f6",
  paper: "#ffffff",
  ink: "#1b2330",
  soft: "#5b6572",
  line: "#7d8794",
  land: "#e7ebef",
  coast: "#cdd4dc",
};
const DARK = {
  ground: "#10141a",
  island: "#171d25",
  paper: "#1a2029",
  ink: "#e9edf2",
  soft: "#a3adb9",
  line: "#6b7887",
  land: "#1d2530",
  coast: "#2e3947",
};
let theme = LIGHT;
let viewWidth = 0,
  viewHeight = 0,
  pixelRatio = 1;
let shapes = null,
  paintRequested = false;

function invalidateShapes() {
  shapes = null;
  requestPaint();
}
function requestPaint() {
  if (!paintRequested) {
    paintRequested = true;
    requestAnimationFrame(() => {
      paintRequested = false;
      paint();
    });
  }
}

function resize() {
  pixelRatio = Math.min(window.devicePixelRatio || 1, 2);
  viewWidth = window.innerWidth;
  viewHeight = window.innerHeight;
  if (isStacked !== isNarrow()) {
    updateVisible();
    Object.assign(state, fittedView());
  }
  canvas.width = Math.round(viewWidth * pixelRatio);
  canvas.height = Math.round(viewHeight * pixelRatio);
  requestPaint();
}

const POLYGONS = { square: [4, 45, 1.25], diamond: [4, 0, 1.25], triangle: [3, -90, 1.5], hexagon: [6, 0, 1.1] };
function polygonCorners(shape, x, y, r) {
  const [sides, turn, scale] = POLYGONS[shape];
  return Array.from({ length: sides }, (_, i) => {
    const angle = ((turn + (360 / sides) * i) * Math.PI) / 180;
    return [x + r * scale * Math.cos(angle), y + r * scale * Math.sin(angle)];
  });
}
function tracePath(path, shape, x, y, r) {
  if (POLYGONS[shape]) {
    polygonCorners(shape, x, y, r).forEach(([a, b], i) => (i ? path.lineTo(a, b) : path.moveTo(a, b)));
    path.closePath();
  } else {
    const own = shape === "ring" ? r * 0.86 : r;
    path.moveTo(x + own, y);
    path.arc(x, y, own, 0, 2 * Math.PI);
  }
}

function mixColours(colour, ground, share) {
  const part = (text, i) => parseInt(text.slice(i, i + 2), 16);
  return (
    "#" +
    [1, 3, 5]
      .map((i) =>
        Math.round(part(colour, i) * share + part(ground, i) * (1 - share))
          .toString(16)
          .padStart(2, "0"),
      )
      .join("")
  );
}

// The colour of lines: that of the kind, darker or lighter where it has too little contrast with the background.
function lineColour(kind) {
  return kinds[kind].lines[theme === LIGHT ? 0 : 1];
}

const WIDTHS = [0.7, 1.3, 2.2, 3.6];
function widthClass(weight) {
  return weight <= 1 ? 0 : weight <= 4 ? 1 : weight <= 16 ? 2 : 3;
}

// On the map, nodes have about the same size on the screen at any zoom.
function displayRadius(n) {
  return state.map ? Math.max(n.r * 0.55, 3) * mapScale() : n.r;
}
function mapScale() {
  return (1 / Math.max(state.z, 0.2)) * Math.min(Math.max(state.z, 0.55), 1.4);
}

function prepareShapes() {
  shapes = { marks: [], lines: WIDTHS.map(() => new Path2D()), z: state.map ? state.z : 0 };
  for (const e of visibleEdges)
    if (!e.route && e.weight) {
      const path = shapes.lines[widthClass(e.weight)];
      path.moveTo(e.a.x, e.a.y);
      path.lineTo(e.b.x, e.b.y);
    }
  const { clusters, single } = state.map
    ? clusterPlaces(visibleNodes, state.z)
    : { clusters: [], single: visibleNodes };
  shapes.clusters = clusters;
  kinds.forEach((kind, k) => {
    const path = new Path2D();
    for (const n of single)
      if (n.kind === k && (state.map || !n.card)) tracePath(path, kind.shape, ...position(n), displayRadius(n));
    shapes.marks.push(path);
  });
  shapes.order = single.filter((n) => state.map || !n.card).sort((a, b) => b.r - a.r || a.index - b.index);
}

// The visible part of the picture: left, top, right, bottom.
function viewport(size = [viewWidth, viewHeight]) {
  const [w, h] = [size[0] / 2 / state.z, size[1] / 2 / state.z];
  return [state.x - w, state.y - h, state.x + w, state.y + h];
}

function paint(target = context, size = [viewWidth, viewHeight], scale = pixelRatio) {
  const p = target;
  const { x, y, z } = state;
  if (!shapes || (state.map && shapes.z !== z)) prepareShapes();
  p.setTransform(1, 0, 0, 1, 0, 0);
  p.globalAlpha = 1;
  p.fillStyle = theme.ground;
  p.fillRect(0, 0, size[0] * scale, size[1] * scale);
  p.setTransform(z * scale, 0, 0, z * scale, (size[0] / 2 - x * z) * scale, (size[1] / 2 - y * z) * scale);
  const view = viewport(size);
  const highlight = highlightedNodes();
  if (!state.map && !state.open.size && !isStacked) paintFrames(p, highlight);
  if (state.map) paintLand(p, z);
  else if (!state.open.size)
    for (const [a, b, r] of data.regions) {
      p.fillStyle = theme.island;
      p.beginPath();
      p.arc(a, b, r, 0, 7);
      p.fill();
    }
  const dim = highlight ? 0.16 : 1;
  paintEdges(p, z, highlight);
  if (highlight) paintHighlightedEdges(p, z);
  paintMarks(p, z, dim);
  if (state.map) paintClusters(p, z, dim);
  for (const n of visibleNodes)
    if (n.card && !state.map && isInViewport(n, view)) paintCard(p, n, highlight && !highlight.has(n) ? 0.28 : 1, z);
  if (!state.map && !state.open.size && !isStacked) paintHeadings(p, highlight ? 0.4 : 1);
  if (highlight) paintHighlight(p, z, highlight);
  if (state.hover && state.hover.shown) ring(p, state.hover, theme.soft, z);
  paintLabels(p, view, z, highlight);
}

function paintLand(p, z) {
  if (!data.landPath) {
    data.landPath = new Path2D();
    for (const line of data.land) {
      line.forEach(([a, b], i) => (i ? data.landPath.lineTo(a, b) : data.landPath.moveTo(a, b)));
      data.landPath.closePath();
    }
  }
  p.fillStyle = theme.land;
  p.fill(data.landPath, "evenodd");
  p.strokeStyle = theme.coast;
  p.lineWidth = 0.8 / z;
  p.stroke(data.landPath);
}

function curve(p, r) {
  p.moveTo(r[0], r[1]);
  p.bezierCurveTo(r[2], r[3], r[4], r[5], r[6], r[7]);
}

function paintEdges(p, z, highlight) {
  p.strokeStyle = theme.line;
  p.globalAlpha = highlight ? 0.2 : 1;
  shapes.lines.forEach((path, i) => {
    p.lineWidth = Math.max(WIDTHS[i], 0.6 / z);
    p.stroke(path);
  });
  for (const e of visibleEdges)
    if (e.route && e.weight) {
      p.globalAlpha = highlight && !isHighlighted(e) ? 0.25 : 1;
      p.strokeStyle = lineColour(e.b.kind);
      p.lineWidth = 1.7;
      p.beginPath();
      curve(p, e.route);
      p.stroke();
    }
  p.globalAlpha = 1;
}

function paintMarks(p, z, dim) {
  p.globalAlpha = dim;
  shapes.marks.forEach((path, k) => paintMark(p, path, kinds[k], z));
  p.globalAlpha = 1;
}

function paintMark(p, path, kind, z) {
  if (kind.shape === "ring") {
    p.fillStyle = theme.paper;
    p.fill(path);
    p.strokeStyle = kind.colour;
    p.lineWidth = state.map ? 2 / z : 2.2;
    p.stroke(path);
  } else {
    p.fillStyle = kind.colour;
    p.fill(path);
    p.strokeStyle = state.map ? mixColours(kind.colour, "#202020", 0.5) : theme.ground;
    p.lineWidth = state.map ? 0.7 / z : 1.1;
    p.stroke(path);
  }
}

function isInViewport(n, view) {
  const [w, h] = n.card ? [n.card.w / 2, n.card.h / 2] : [n.r, n.r];
  const [x, y] = position(n);
  return x + w > view[0] && x - w < view[2] && y + h > view[1] && y - h < view[3];
}

function paintCard(p, n, alpha, z) {
  const { w, h, t: lines, s: strong } = n.card;
  const colour = kinds[n.kind].colour,
    hollow = kinds[n.kind].shape === "ring";
  const left = n.x - w / 2,
    top = n.y - h / 2;
  p.beginPath();
  p.roundRect(left, top, w, h, lines.length === 1 ? h / 2 : 8);
  p.fillStyle = theme.ground; // opaque, also where the card is dimmed: links behind it are not visible
  p.fill();
  p.globalAlpha = alpha;
  p.fillStyle =
    lines.length === 1
      ? hollow && !strong
        ? theme.paper
        : mixColours(colour, theme.paper, 0.18)
      : strong
        ? mixColours(colour, theme.paper, 0.12)
        : theme.paper;
  p.fill();
  p.strokeStyle = lines.length === 1 || strong ? lineColour(n.kind) : mixColours(lineColour(n.kind), theme.paper, 0.7);
  p.lineWidth = strong ? 2.2 : lines.length === 1 ? 1.5 : 1.2;
  p.stroke();
  if (lines.length > 1) {
    p.fillStyle = colour;
    p.fillRect(left, top + 8, 5, h - 16);
  }
  for (const [text, size, role, y] of lines) {
    if (size * z < 3.2) continue;
    const bold = role === "name" || role === "kind";
    p.font = `${bold ? 600 : 400} ${role === "kind" ? size - 1 : size}px ${FONT_FAMILY}`;
    p.fillStyle = role === "kind" || role === "soft" ? theme.soft : theme.ink;
    p.fillText(role === "kind" ? text.toUpperCase() : text, left + 14, top + y, w - 24);
  }
  if (n.children.length) paintBadge(p, n, left + w - 20, top + 20);
  p.globalAlpha = 1;
}

function paintBadge(p, n, x, y) {
  p.beginPath();
  p.arc(x, y, 10, 0, 7);
  p.fillStyle = mixColours(kinds[n.kind].colour, theme.paper, 0.22);
  p.fill();
  p.strokeStyle = theme.ink;
  p.lineWidth = 1.6;
  p.beginPath();
  p.moveTo(x - 4.5, y);
  p.lineTo(x + 4.5, y);
  if (state.folded.has(n)) {
    p.moveTo(x, y - 4.5);
    p.lineTo(x, y + 4.5);
  }
  p.stroke();
}

// A frame around the cards inside an open card, with its name.
function openFrames() {
  const frames = [];
  for (const card of nodes)
    if (card.children.length && !state.folded.has(card)) {
      const inside = card.children.filter((n) => n.shown);
      if (inside.length) frames.push([card, ...extent(inside)]);
    }
  return frames;
}
function paintFrames(p, highlight) {
  for (const [card, left, top, right, bottom] of openFrames()) {
    p.globalAlpha = highlight && !highlight.has(card) ? 0.4 : 1;
    p.beginPath();
    p.roundRect(left - 16, top - 34, right - left + 32, bottom - top + 50, 14);
    p.fillStyle = theme.island;
    p.fill();
    p.fillStyle = theme.soft;
    p.font = `600 11px ${FONT_FAMILY}`;
    p.fillText(card.label.toUpperCase(), left, top - 14);
  }
  p.globalAlpha = 1;
}

function paintHeadings(p, alpha) {
  p.globalAlpha = alpha;
  p.fillStyle = theme.soft;
  p.font = `600 11px ${FONT_FAMILY}`;
  p.strokeStyle = theme.ground;
  p.lineJoin = "round";
  p.lineWidth = 4;
  for (const [x, y, text] of data.headings) {
    p.strokeText(text.toUpperCase(), x, y);
    p.fillText(text.toUpperCase(), x, y);
  }
  p.globalAlpha = 1;
}

// Highlighted links are below all nodes, so that they cross no text.
function paintHighlightedEdges(p, z) {
  p.strokeStyle = state.path.length > 1 ? "#D55E00" : theme.ink;
  if (!state.map && !isStacked) {
    const lines = state.path.length > 1 ? edges : state.selected.edges;
    for (const e of lines)
      if (e.a.shown && e.b.shown && e.b.parent !== e.a && isHighlighted(e)) {
        p.globalAlpha = 0.75;
        p.lineWidth = Math.max(e.route ? 2.4 : WIDTHS[widthClass(e.weight)] + 0.4, 1.2 / z);
        p.beginPath();
        if (e.route) curve(p, e.route);
        else {
          p.moveTo(e.a.x, e.a.y);
          p.lineTo(e.b.x, e.b.y);
        }
        p.stroke();
      }
  }
  p.globalAlpha = 1;
}

function paintHighlight(p, z, highlight) {
  for (const n of highlight)
    if (n.shown && (state.map || !n.card)) {
      const path = new Path2D();
      tracePath(path, kinds[n.kind].shape, ...position(n), displayRadius(n));
      paintMark(p, path, kinds[n.kind], z);
    }
  for (const n of state.path.length > 1 ? state.path : [state.selected]) if (n.shown) ring(p, n, theme.ink, z);
}

function ring(p, n, colour, z) {
  const [x, y] = position(n);
  p.strokeStyle = colour;
  p.lineWidth = 2 / z;
  p.beginPath();
  if (n.card && !state.map)
    p.roundRect(
      x - n.card.w / 2 - 4,
      y - n.card.h / 2 - 4,
      n.card.w + 8,
      n.card.h + 8,
      n.card.t.length === 1 ? 19 : 11,
    );
  else p.arc(x, y, displayRadius(n) * 1.25 + 4 / z, 0, 7);
  p.stroke();
}
