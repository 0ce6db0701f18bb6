// Labels of nodes: placement without overlaps, and drawing.
// Labels have the same size at any zoom, and cover neither each other nor other nodes. The largest node of each
// community always has one, if need be at the border of the community; the others come by size while there is room.
const MAX_LABELS = 80,
  ALWAYS_TRIED = 70,
  MAX_TRIED = 400,
  LARGE_REGION = 30, // pixels: a larger community has a label even if it has to cover nodes of others
  CELL = 48;
class Boxes {
  constructor() {
    this.cells = new Map();
  }
  each(box, act) {
    for (let i = Math.floor(box[0] / CELL); i <= Math.floor(box[2] / CELL); i++)
      for (let j = Math.floor(box[1] / CELL); j <= Math.floor(box[3] / CELL); j++) act(i * 4096 + j);
  }
  add(box) {
    this.each(box, (c) => {
      if (this.cells.has(c)) this.cells.get(c).push(box);
      else this.cells.set(c, [box]);
    });
  }
  count(box) {
    const found = new Set();
    this.each(box, (c) => {
      for (const o of this.cells.get(c) || [])
        if (box[0] < o[2] && o[0] < box[2] && box[1] < o[3] && o[1] < box[3]) found.add(o);
    });
    return found.size;
  }
}

const regionOfHub = new Map(data.regions.map((region) => [nodes[region[3]], region]));

function placeLabels(view, z, highlight) {
  const taken = new Boxes(),
    marks = new Boxes(),
    labels = [];
  const hubs = !state.map && !state.open.size;
  const clustered = new Set(shapes.clusters.flatMap((c) => c.members));
  for (const c of state.map && !highlight ? shapes.clusters : []) {
    const [sx, sy] = [(c.x - view[0]) * z, (c.y - view[1]) * z];
    marks.add([sx - c.r, sy - c.r, sx + c.r, sy + c.r]);
  }
  for (const n of visibleNodes)
    if ((state.map ? !clustered.has(n) : !n.card) && (!highlight || highlight.has(n)) && isInViewport(n, view)) {
      const [x, y] = position(n),
        r = displayRadius(n) * z * 0.85;
      const sx = (x - view[0]) * z,
        sy = (y - view[1]) * z;
      marks.add([sx - r, sy - r, sx + r, sy + r]);
    }
  // Sets the place of a label: where it covers nothing; a required one where it covers least.
  const add = (n, required) => {
    const [x, y] = position(n),
      r = displayRadius(n) * z,
      region = hubs ? regionOfHub.get(n) : null;
    if (!isInViewport(n, view)) return;
    const size = Math.min(10.5 + r * 0.16, 16),
      bold = r > 13;
    const text = n.label.length > 42 ? [...n.label.slice(0, 90)].slice(0, 40).join("") + "…" : n.label;
    const half = textWidth(text, size, bold) / 2 + 3,
      height = size * 1.2 + 1;
    const sx = (x - view[0]) * z,
      sy = (y - view[1]) * z;
    const at = (cx, top) => [cx - half, top, cx + half, top + height];
    const right = at(sx + half + r + 1, sy - height / 2),
      left = at(sx - half - r - 1, sy - height / 2);
    const places =
      n.side === "right" && !state.map
        ? [right]
        : n.side === "left" && !state.map
          ? [left]
          : [at(sx, sy + r + 1), at(sx, sy - r - 1 - height), right, left];
    const width = (view[2] - view[0]) * z,
      fits = (b) => b[0] >= 0 && b[2] <= width && !taken.count(b) && !marks.count(b);
    let box = places.find(fits),
      line = null;
    if (!box && region) {
      const [middle, cy, cr] = [(region[0] - view[0]) * z, (region[1] - view[1]) * z, region[2] * z];
      const cx = Math.max(Math.min(middle, width - half), half);
      const border = [0, 1, 2, 3].flatMap((i) => [at(cx, cy - cr - (i + 1) * height), at(cx, cy + cr + i * height)]);
      for (const dx of [-half, half]) border.push(at(cx + dx, cy - cr - height), at(cx + dx, cy + cr));
      const free = cr > LARGE_REGION ? border.filter((b) => !taken.count(b)) : [];
      box = border.find(fits) || free.sort((a, b) => marks.count(a) - marks.count(b))[0] || (required && places[0]);
      if (box && box !== places[0]) line = [sx, sy, cx, box[3] < sy ? box[3] : box[1]];
    }
    if (!box && required) box = places.find((b) => !taken.count(b));
    if (!box) return;
    taken.add(box);
    labels.push({ n, text, size, bold, x: (box[0] + box[2]) / 2, y: box[1] + size * 0.95, box, line });
  };
  const isLabelled = (n) => n && n.shown && (state.map || !n.card);
  if (isLabelled(state.hover)) add(state.hover, true);
  if (highlight) {
    const rest = [...highlight].sort((a, b) => b.r - a.r || a.index - b.index);
    const order = state.selected && highlight.has(state.selected) ? [state.selected, ...rest] : rest;
    for (const n of new Set(order)) if (isLabelled(n) && n !== state.hover) add(n, true);
    return labels;
  }
  for (const total of placeTotals(view, z, taken, marks)) labels.push({ ...total, n: null, size: 11, bold: true });
  if (hubs) for (const n of shapes.order) if (regionOfHub.has(n) && n !== state.hover) add(n, false);
  for (let i = 0; i < Math.min(shapes.order.length, MAX_TRIED) && labels.length < MAX_LABELS; i++) {
    const n = shapes.order[i];
    if (n !== state.hover && !(hubs && regionOfHub.has(n)) && (i < ALWAYS_TRIED || displayRadius(n) * z >= 3.2))
      add(n, false);
  }
  return labels;
}

const textWidths = new Map();
function textWidth(text, size, bold) {
  const key = (bold ? "b" : "r") + text;
  if (!textWidths.has(key)) {
    context.font = `${bold ? 600 : 400} 10px ${FONT_FAMILY}`;
    textWidths.set(key, context.measureText(text).width / 10);
  }
  return textWidths.get(key) * size;
}

function paintLabels(p, view, z, highlight) {
  const scale = p.getTransform().a / z;
  p.setTransform(scale, 0, 0, scale, 0, 0);
  p.textAlign = "center";
  p.lineJoin = "round";
  p.lineWidth = 3.2;
  p.strokeStyle = theme.ground;
  p.fillStyle = theme.ink;
  const labels = placeLabels(view, z, highlight);
  p.lineWidth = 0.8;
  p.strokeStyle = theme.soft;
  p.beginPath();
  for (const { line } of labels)
    if (line) {
      p.moveTo(line[0], line[1]);
      p.lineTo(line[2], line[3]);
    }
  p.stroke();
  p.lineWidth = 3.2;
  p.strokeStyle = theme.ground;
  for (const { text, size, bold, x, y } of labels) {
    p.font = `${bold ? 600 : 400} ${size.toFixed(1)}px ${FONT_FAMILY}`;
    p.globalAlpha = 0.9;
    p.strokeText(text, x, y);
    p.globalAlpha = 1;
    p.fillText(text, x, y);
  }
  p.textAlign = "start";
}
