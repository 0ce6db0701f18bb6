// Drawing on the canvas.
const canvas = document.getElementById("canvas");
const pen = canvas.getContext("2d", { alpha: false });
const FAMILY = 'Inter, "Helvetica Neue", Helvetica, Arial, "Noto Sans", sans-serif';
const LIGHT = { ground: "#fafbfc", island: "#f0f3f6", paper: "#ffffff", ink: "#1b2330", soft: "#5b6572", line: "#a9b2bd", land: "#e7ebef", coast: "#cdd4dc" };
const DARK = { ground: "#10141a", island: "#171d25", paper: "#1a2029", ink: "#e9edf2", soft: "#a3adb9", line: "#566270", land: "#1d2530", coast: "#2e3947" };
let tone = LIGHT;
let wide = 0, high = 0, dense = 1;
let shapes = null, waiting = false;

function forget() { shapes = null; again(); }
function again() { if (!waiting) { waiting = true; requestAnimationFrame(() => { waiting = false; paint(); }); } }

function resize() {
  dense = Math.min(window.devicePixelRatio || 1, 2);
  wide = window.innerWidth; high = window.innerHeight;
  canvas.width = Math.round(wide * dense); canvas.height = Math.round(high * dense);
  again();
}

const SIDES = { square: [4, 45, 1.25], diamond: [4, 0, 1.25], triangle: [3, -90, 1.5], hexagon: [6, 0, 1.1] };
function corners(shape, x, y, r) {
  const [sides, turn, scale] = SIDES[shape];
  return Array.from({ length: sides }, (_, i) => {
    const angle = (turn + (360 / sides) * i) * Math.PI / 180;
    return [x + r * scale * Math.cos(angle), y + r * scale * Math.sin(angle)];
  });
}
function trace(path, shape, x, y, r) {
  if (SIDES[shape]) {
    corners(shape, x, y, r).forEach(([a, b], i) => (i ? path.lineTo(a, b) : path.moveTo(a, b)));
    path.closePath();
  } else {
    const own = shape === "ring" ? r * 0.86 : r;
    path.moveTo(x + own, y);
    path.arc(x, y, own, 0, 2 * Math.PI);
  }
}

function mixed(colour, ground, share) {
  const part = (text, i) => parseInt(text.slice(i, i + 2), 16);
  return "#" + [1, 3, 5].map((i) => Math.round(part(colour, i) * share + part(ground, i) * (1 - share)).toString(16).padStart(2, "0")).join("");
}

// Yellow is not seen as a line on white; there it is darker.
function lineOf(kind) { return tone === LIGHT && kinds[kind].colour === "#F0E442" ? "#b3a600" : kinds[kind].colour; }

const WIDTHS = [0.7, 1.3, 2.2, 3.6];
function widthOf(weight) { return weight <= 1 ? 0 : weight <= 4 ? 1 : weight <= 16 ? 2 : 3; }

// How large a node of the map is: of the same size on the screen at any zoom.
function radius(n) { return state.map ? Math.max(n.r * 0.55, 3) * mapScale() : n.r; }
function mapScale() { return 1 / Math.max(state.z, 0.2) * Math.min(Math.max(state.z, 0.55), 1.4); }

function prepare() {
  shapes = { marks: [], lines: WIDTHS.map(() => new Path2D()), z: state.map ? state.z : 0 };
  for (const e of seenEdges) if (!e.route && e.weight) {
    const path = shapes.lines[widthOf(e.weight)];
    path.moveTo(e.a.x, e.a.y); path.lineTo(e.b.x, e.b.y);
  }
  kinds.forEach((kind, k) => {
    const path = new Path2D();
    for (const n of seen) if (n.kind === k && (state.map || !n.card)) trace(path, kind.shape, ...spot(n), radius(n));
    shapes.marks.push(path);
  });
  shapes.order = seen.filter((n) => state.map || !n.card).sort((a, b) => b.r - a.r || a.at - b.at);
}

function paint(target = pen, size = [wide, high], scale = dense) {
  const p = target;
  const { x, y, z } = state;
  if (!shapes || (state.map && shapes.z !== z)) prepare();
  p.setTransform(1, 0, 0, 1, 0, 0);
  p.globalAlpha = 1;
  p.fillStyle = tone.ground;
  p.fillRect(0, 0, size[0] * scale, size[1] * scale);
  p.setTransform(z * scale, 0, 0, z * scale, (size[0] / 2 - x * z) * scale, (size[1] / 2 - y * z) * scale);
  const view = [x - size[0] / 2 / z, y - size[1] / 2 / z, x + size[0] / 2 / z, y + size[1] / 2 / z];
  const looked = focus();
  if (state.map) paintLand(p, z);
  else if (!state.open.size) for (const [a, b, r] of data.regions) { p.fillStyle = tone.island; p.beginPath(); p.arc(a, b, r, 0, 7); p.fill(); }
  const dim = looked ? 0.16 : 1;
  paintEdges(p, z, dim, looked);
  paintMarks(p, z, dim);
  for (const n of seen) if (n.card && !state.map && touches(n, view)) paintCard(p, n, looked && !looked.has(n) ? 0.28 : 1, z);
  if (!state.map && !state.open.size) paintHeadings(p, looked ? 0.4 : 1);
  if (looked) paintFocus(p, z, looked);
  if (state.hover && state.hover.shown) ring(p, state.hover, tone.soft, z);
  paintLabels(p, view, z, looked);
}

function paintLand(p, z) {
  if (!data.landPath) {
    data.landPath = new Path2D();
    for (const line of data.land) { line.forEach(([a, b], i) => (i ? data.landPath.lineTo(a, b) : data.landPath.moveTo(a, b))); data.landPath.closePath(); }
  }
  p.fillStyle = tone.land; p.fill(data.landPath, "evenodd");
  p.strokeStyle = tone.coast; p.lineWidth = 0.8 / z; p.stroke(data.landPath);
}

function curve(p, r) { p.moveTo(r[0], r[1]); p.bezierCurveTo(r[2], r[3], r[4], r[5], r[6], r[7]); }

function paintEdges(p, z, dim, looked) {
  p.strokeStyle = tone.line;
  p.globalAlpha = 0.55 * (looked ? 0.3 : 1);
  shapes.lines.forEach((path, i) => { p.lineWidth = Math.max(WIDTHS[i], 0.6 / z); p.stroke(path); });
  for (const e of seenEdges) if (e.route && e.weight) {
    p.globalAlpha = looked && !isInFocus(e) ? 0.2 : 0.65;
    p.strokeStyle = lineOf(e.b.kind); p.lineWidth = 1.7;
    p.beginPath(); curve(p, e.route); p.stroke();
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
    p.fillStyle = tone.paper; p.fill(path);
    p.strokeStyle = kind.colour; p.lineWidth = state.map ? 2 / z : 2.2; p.stroke(path);
  } else {
    p.fillStyle = kind.colour; p.fill(path);
    p.strokeStyle = state.map ? mixed(kind.colour, "#202020", 0.5) : tone.ground; p.lineWidth = state.map ? 0.7 / z : 1.1; p.stroke(path);
  }
}

function touches(n, view) {
  const [w, h] = n.card ? [n.card.w / 2, n.card.h / 2] : [n.r, n.r];
  const [x, y] = spot(n);
  return x + w > view[0] && x - w < view[2] && y + h > view[1] && y - h < view[3];
}

function paintCard(p, n, alpha, z) {
  const { w, h, t: lines, s: strong } = n.card;
  const colour = kinds[n.kind].colour, hollow = kinds[n.kind].shape === "ring";
  const left = n.x - w / 2, top = n.y - h / 2;
  p.globalAlpha = alpha;
  p.beginPath();
  p.roundRect(left, top, w, h, lines.length === 1 ? h / 2 : 8);
  p.fillStyle = lines.length === 1 ? (hollow && !strong ? tone.paper : mixed(colour, tone.paper, 0.18)) : strong ? mixed(colour, tone.paper, 0.12) : tone.paper;
  p.fill();
  p.strokeStyle = lines.length === 1 || strong ? lineOf(n.kind) : mixed(lineOf(n.kind), tone.paper, 0.7);
  p.lineWidth = strong ? 2.2 : lines.length === 1 ? 1.5 : 1.2;
  p.stroke();
  if (lines.length > 1) { p.fillStyle = colour; p.fillRect(left, top + 8, 5, h - 16); }
  for (const [text, size, role, y] of lines) {
    if (size * z < 3.2) continue;
    const bold = role === "name" || role === "kind";
    p.font = `${bold ? 600 : 400} ${role === "kind" ? size - 1 : size}px ${FAMILY}`;
    p.fillStyle = role === "kind" || role === "soft" ? tone.soft : tone.ink;
    p.fillText(role === "kind" ? text.toUpperCase() : text, left + 14, top + y, w - 24);
  }
  if (n.parts.length) paintBadge(p, n, left + w - 20, top + 20);
  p.globalAlpha = 1;
}

function paintBadge(p, n, x, y) {
  p.beginPath(); p.arc(x, y, 10, 0, 7);
  p.fillStyle = mixed(kinds[n.kind].colour, tone.paper, 0.22); p.fill();
  p.strokeStyle = tone.ink; p.lineWidth = 1.6; p.beginPath();
  p.moveTo(x - 4.5, y); p.lineTo(x + 4.5, y);
  if (state.folded.has(n)) { p.moveTo(x, y - 4.5); p.lineTo(x, y + 4.5); }
  p.stroke();
}

function paintHeadings(p, alpha) {
  p.globalAlpha = alpha; p.fillStyle = tone.soft; p.font = `600 11px ${FAMILY}`;
  for (const [x, y, text] of data.headings) p.fillText(text.toUpperCase(), x, y);
  p.globalAlpha = 1;
}

function paintFocus(p, z, looked) {
  p.strokeStyle = state.path.length > 1 ? "#D55E00" : tone.ink;
  if (!state.map) {
    const lines = state.path.length > 1 ? edges : state.selected.edges;
    for (const e of lines) if (e.a.shown && e.b.shown && isInFocus(e)) {
      p.globalAlpha = 0.75; p.lineWidth = Math.max(e.route ? 2.4 : WIDTHS[widthOf(e.weight)] + 0.4, 1.2 / z);
      p.beginPath();
      if (e.route) curve(p, e.route); else { p.moveTo(e.a.x, e.a.y); p.lineTo(e.b.x, e.b.y); }
      p.stroke();
    }
  }
  p.globalAlpha = 1;
  for (const n of looked) if (n.shown && (state.map || !n.card)) {
    const path = new Path2D(); trace(path, kinds[n.kind].shape, ...spot(n), radius(n)); paintMark(p, path, kinds[n.kind], z);
  }
  for (const n of state.path.length > 1 ? state.path : [state.selected]) if (n.shown) ring(p, n, tone.ink, z);
}

function ring(p, n, colour, z) {
  const [x, y] = spot(n);
  p.strokeStyle = colour; p.lineWidth = 2 / z; p.beginPath();
  if (n.card && !state.map) p.roundRect(x - n.card.w / 2 - 4, y - n.card.h / 2 - 4, n.card.w + 8, n.card.h + 8, n.card.t.length === 1 ? 19 : 11);
  else p.arc(x, y, radius(n) * 1.25 + 4 / z, 0, 7);
  p.stroke();
}

// Labels of the same size at any zoom, the largest nodes first, none on another.
const MOST = 80, ALWAYS = 70;
function labelled(view, z, looked, measure) {
  const taken = new Map(), made = [];
  const add = (n, must) => {
    const [x, y] = spot(n), r = radius(n) * z;
    if (!touches(n, view) || (!must && r < 3.2)) return;
    const size = Math.min(10.5 + r * 0.16, 16), bold = r > 13;
    const text = n.label.length > 42 ? [...n.label.slice(0, 90)].slice(0, 40).join("") + "…" : n.label;
    const half = measure(text, size, bold) / 2 + 5;
    const side = state.map ? 0 : n.side === "right" ? 1 : n.side === "left" ? -1 : 0;
    const sx = (x - view[0]) * z + side * (half + r + 1), sy = (y - view[1]) * z + (side ? -size * 0.6 : r + 2);
    const box = [sx - half, sy - 2, sx + half, sy + size * 1.2 + 3];
    const cells = [];
    for (let i = Math.floor(box[0] / 90); i <= Math.floor(box[2] / 90); i++) for (let j = Math.floor(box[1] / 40); j <= Math.floor(box[3] / 40); j++) cells.push(i * 4096 + j);
    for (const c of cells) for (const o of taken.get(c) || []) if (box[0] < o[2] && o[0] < box[2] && box[1] < o[3] && o[1] < box[3]) return;
    for (const c of cells) { if (!taken.has(c)) taken.set(c, []); taken.get(c).push(box); }
    made.push({ n, text, size, bold, x: sx, y: sy + size * 0.95 });
  };
  if (state.hover && state.hover.shown && (state.map || !state.hover.card)) add(state.hover, true);
  if (looked && state.selected && state.selected.shown && state.selected !== state.hover && (state.map || !state.selected.card)) add(state.selected, true);
  if (looked) for (const n of [...looked].sort((a, b) => b.r - a.r || a.at - b.at)) if (n.shown && n !== state.hover && n !== state.selected && (state.map || !n.card)) add(n, true);
  if (!looked) for (let i = 0; i < shapes.order.length && made.length < MOST; i++) if (shapes.order[i] !== state.hover) add(shapes.order[i], i < ALWAYS);
  return made;
}

const known = new Map();
function measured(text, size, bold) {
  const key = (bold ? "b" : "r") + text;
  if (!known.has(key)) { pen.font = `${bold ? 600 : 400} 10px ${FAMILY}`; known.set(key, pen.measureText(text).width / 10); }
  return known.get(key) * size;
}

function paintLabels(p, view, z, looked) {
  const scale = p.getTransform().a / z;
  p.setTransform(scale, 0, 0, scale, 0, 0);
  p.textAlign = "center"; p.lineJoin = "round"; p.lineWidth = 3.2; p.strokeStyle = tone.ground; p.fillStyle = tone.ink;
  for (const { text, size, bold, x, y } of labelled(view, z, looked, measured)) {
    p.font = `${bold ? 600 : 400} ${size.toFixed(1)}px ${FAMILY}`;
    p.globalAlpha = 0.9; p.strokeText(text, x, y); p.globalAlpha = 1; p.fillText(text, x, y);
  }
  p.textAlign = "start";
}
