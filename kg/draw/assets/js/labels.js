// Labels of nodes: placement without overlaps, and drawing.
// Labels have the same size at any zoom. The largest nodes come first, and labels do not overlap.
const MAX_LABELS = 80,
  ALWAYS_LABELLED = 70;
function placeLabels(view, z, highlight) {
  const occupied = new Map(),
    labels = [];
  const add = (n, required) => {
    const [x, y] = position(n),
      r = displayRadius(n) * z;
    if (!isInViewport(n, view) || (!required && r < 3.2)) return;
    const size = Math.min(10.5 + r * 0.16, 16),
      bold = r > 13;
    const text = n.label.length > 42 ? [...n.label.slice(0, 90)].slice(0, 40).join("") + "…" : n.label;
    const half = textWidth(text, size, bold) / 2 + 5;
    const side = state.map ? 0 : n.side === "right" ? 1 : n.side === "left" ? -1 : 0;
    const sx = (x - view[0]) * z + side * (half + r + 1),
      sy = (y - view[1]) * z + (side ? -size * 0.6 : r + 2);
    const box = [sx - half, sy - 2, sx + half, sy + size * 1.2 + 3];
    const cells = [];
    for (let i = Math.floor(box[0] / 90); i <= Math.floor(box[2] / 90); i++)
      for (let j = Math.floor(box[1] / 40); j <= Math.floor(box[3] / 40); j++) cells.push(i * 4096 + j);
    for (const c of cells)
      for (const o of occupied.get(c) || [])
        if (box[0] < o[2] && o[0] < box[2] && box[1] < o[3] && o[1] < box[3]) return;
    for (const c of cells) {
      if (!occupied.has(c)) occupied.set(c, []);
      occupied.get(c).push(box);
    }
    labels.push({ n, text, size, bold, x: sx, y: sy + size * 0.95 });
  };
  if (state.hover && state.hover.shown && (state.map || !state.hover.card)) add(state.hover, true);
  if (
    highlight &&
    state.selected &&
    state.selected.shown &&
    state.selected !== state.hover &&
    (state.map || !state.selected.card)
  )
    add(state.selected, true);
  if (highlight)
    for (const n of [...highlight].sort((a, b) => b.r - a.r || a.index - b.index))
      if (n.shown && n !== state.hover && n !== state.selected && (state.map || !n.card)) add(n, true);
  if (!highlight)
    for (let i = 0; i < shapes.order.length && labels.length < MAX_LABELS; i++)
      if (shapes.order[i] !== state.hover) add(shapes.order[i], i < ALWAYS_LABELLED);
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
  for (const { text, size, bold, x, y } of placeLabels(view, z, highlight)) {
    p.font = `${bold ? 600 : 400} ${size.toFixed(1)}px ${FONT_FAMILY}`;
    p.globalAlpha = 0.9;
    p.strokeText(text, x, y);
    p.globalAlpha = 1;
    p.fillText(text, x, y);
  }
  p.textAlign = "start";
}
