// Moving about: the camera, the pointer, fingers and keys.
const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
let flight = 0;

function room() {
  const narrow = wide <= 760;
  const open = !document.getElementById("details").hidden;
  const side = narrow ? 12 : nodes.some((n) => n.side) ? 130 : nodes.every((n) => n.card) && !state.map ? 24 : 64;
  const top = narrow ? 112 : Math.max(document.querySelector("header").getBoundingClientRect().bottom + 14, 66);
  return { left: side, top, right: open && !narrow ? 390 : side, bottom: narrow ? (open ? high * 0.48 : 60) : 24 };
}

function clear() {
  const legend = document.getElementById("legend").getBoundingClientRect();
  const edge = room();
  // A tall picture leaves the legend its corner, a wide one passes above it.
  const beside = { ...edge, left: wide > 760 ? legend.right + 18 : edge.left }, above = { ...edge };
  const fits = (e) => { const [l, t, r, b] = extent(); return Math.min((wide - e.left - e.right) / (r - l), (high - e.top - e.bottom) / (b - t)); };
  if (wide > 760) above.bottom = Math.max(edge.bottom, high - legend.top + 10);
  return fits(beside) >= fits(above) ? beside : above;
}

function fitted() {
  const [left, top, right, bottom] = extent(), edge = clear();
  const z = Math.min((wide - edge.left - edge.right) / Math.max(right - left, 40), (high - edge.top - edge.bottom) / Math.max(bottom - top, 40), state.map ? 6 : 1.6);
  return { x: (left + right) / 2 - (edge.left - edge.right) / 2 / z, y: (top + bottom) / 2 - (edge.top - edge.bottom) / 2 / z, z };
}

function fly(to, quick = false) {
  cancelAnimationFrame(flight);
  const from = { x: state.x, y: state.y, z: state.z };
  if (calm || quick) { Object.assign(state, to); again(); remember(); return; }
  const start = performance.now();
  const step = (now) => {
    const t = Math.min((now - start) / 320, 1), s = t * t * (3 - 2 * t);
    state.z = from.z * Math.pow(to.z / from.z, s);
    state.x = from.x + (to.x - from.x) * s; state.y = from.y + (to.y - from.y) * s;
    again();
    if (t < 1) flight = requestAnimationFrame(step); else remember();
  };
  flight = requestAnimationFrame(step);
}

function fit(quick = false) { fly(fitted(), quick); }

function show(n) {
  const [x, y] = spot(n), edge = room();
  const z = Math.max(state.z, state.map ? 1.2 : n.card ? 0.8 : 1);
  fly({ x: x - (edge.left - edge.right) / 2 / z, y: y - (edge.top - edge.bottom) / 2 / z, z });
}

function zoom(by, at = [wide / 2, high / 2], quick = true) {
  const z = Math.min(Math.max(state.z * by, 0.02), 24), [x, y] = world(at);
  fly({ z, x: x - (at[0] - wide / 2) / z, y: y - (at[1] - high / 2) / z }, quick);
}

function world([sx, sy]) { return [(sx - wide / 2) / state.z + state.x, (sy - high / 2) / state.z + state.y]; }
function screen(n) { const [x, y] = spot(n); return [(x - state.x) * state.z + wide / 2, (y - state.y) * state.z + high / 2]; }

// The node under a point of the screen: the smallest of those that are hit, as it lies on top.
function hit(at, slack = 3) {
  const [x, y] = world(at);
  let best = null, least = Infinity;
  for (const n of seen) {
    const [a, b] = spot(n);
    const far = n.card && !state.map
      ? (Math.abs(x - a) <= n.card.w / 2 && Math.abs(y - b) <= n.card.h / 2 ? n.card.w : Infinity)
      : (Math.hypot(x - a, y - b) <= radius(n) + slack / state.z ? n.r : Infinity);
    if (far < least) { best = n; least = far; }
  }
  return best;
}

function onBadge(n, at) {
  if (!n.card || !n.parts.length || state.map) return false;
  const [x, y] = world(at);
  return Math.hypot(x - (n.x + n.card.w / 2 - 20), y - (n.y - n.card.h / 2 + 20)) < 14;
}

const fingers = new Map();
let moved = false, pinch = 0;
canvas.addEventListener("pointerdown", (event) => {
  canvas.focus({ preventScroll: true });
  try { canvas.setPointerCapture(event.pointerId); } catch { /* the pointer is gone already */ }
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
  moved = fingers.size > 1; pinch = 0; closeMenus();
});
canvas.addEventListener("pointermove", (event) => {
  const at = [event.clientX, event.clientY], was = fingers.get(event.pointerId);
  if (!was) { hover(event.pointerType === "touch" ? null : hit(at), at); return; }
  if (fingers.size === 1) {
    if (!moved && Math.hypot(at[0] - was[0], at[1] - was[1]) < 4) return;
    moved = true; canvas.classList.add("moving"); hover(null);
    cancelAnimationFrame(flight);
    state.x -= (at[0] - was[0]) / state.z; state.y -= (at[1] - was[1]) / state.z;
    fingers.set(event.pointerId, at); again();
    return;
  }
  fingers.set(event.pointerId, at);
  const [a, b] = [...fingers.values()], apart = Math.hypot(a[0] - b[0], a[1] - b[1]);
  if (pinch) zoom(apart / pinch, [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]);
  pinch = apart;
});
function lifted(event) {
  const at = fingers.get(event.pointerId);
  fingers.delete(event.pointerId);
  canvas.classList.remove("moving");
  if (at && !moved && event.type === "pointerup") {
    const n = hit(at, event.pointerType === "touch" ? 12 : 3);
    if (n && onBadge(n, at)) fold(n); else choose(n);
  } else remember();
}
canvas.addEventListener("pointerup", lifted);
canvas.addEventListener("pointercancel", lifted);
canvas.addEventListener("pointerleave", () => hover(null));
canvas.addEventListener("dblclick", (event) => { const n = hit([event.clientX, event.clientY]); if (n) expand(n); });
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : event.deltaMode ? 0.05 : 0.0016)), [event.clientX, event.clientY]);
}, { passive: false });

const AIMS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
function neighbourTowards([dx, dy]) {
  const from = state.selected && state.selected.shown ? spot(state.selected) : [state.x, state.y];
  let best = null, least = Infinity;
  for (const n of seen) {
    const [x, y] = spot(n), along = (x - from[0]) * dx + (y - from[1]) * dy, across = Math.abs((x - from[0]) * dy) + Math.abs((y - from[1]) * dx);
    if (n !== state.selected && along > 0.01 && along + 2.2 * across < least) { best = n; least = along + 2.2 * across; }
  }
  return best;
}

const KEYS = {
  "+": () => zoom(1.35, undefined, false), "=": () => zoom(1.35, undefined, false), "-": () => zoom(1 / 1.35, undefined, false), "0": () => fit(),
  "/": () => document.getElementById("search").focus(), "?": () => document.getElementById("keyboard").showModal(),
  e: () => state.selected && expand(state.selected), p: () => state.selected && seek(state.selected),
  m: () => data.land && turn(!state.map), Enter: () => state.selected && document.getElementById("details").focus(),
  Escape: () => back(),
};
canvas.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const act = AIMS[event.key] ? () => { const n = neighbourTowards(AIMS[event.key]); if (n) { choose(n); show(n); } } : KEYS[event.key];
  if (act) { event.preventDefault(); act(); }
});
document.addEventListener("keydown", (event) => {
  if (event.target === canvas || document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") { closeMenus(); back(); canvas.focus(); }
  if (event.key === "/" && event.target.tagName !== "INPUT") { event.preventDefault(); KEYS["/"](); }
});
window.addEventListener("resize", resize);
