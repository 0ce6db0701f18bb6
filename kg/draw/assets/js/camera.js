// Camera: fitting, zooming, animation, and conversion of coordinates.
const reducedMotion = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
const MAX_ZOOM = 24;
let animation = 0;

function panelMargins() {
  const narrow = viewWidth <= 760;
  const open = !document.getElementById("details").hidden;
  const side = narrow ? 12 : nodes.some((n) => n.side) ? 130 : nodes.every((n) => n.card) && !state.map ? 24 : 64;
  const top = narrow ? document.getElementById("tools").getBoundingClientRect().bottom + 12 : Math.max(document.querySelector("header").getBoundingClientRect().bottom + 14, 66);
  return {
    left: side,
    top,
    right: open && !narrow ? 390 : side,
    bottom: narrow ? (open ? viewHeight * 0.48 : 60) : 24,
  };
}

function freeMargins() {
  const legend = document.getElementById("legend").getBoundingClientRect();
  const edge = panelMargins();
  // A tall picture fits best to the right of the legend, a wide one above it.
  const beside = { ...edge, left: viewWidth > 760 ? legend.right + 18 : edge.left },
    above = { ...edge };
  const fits = (e) => {
    const [l, t, r, b] = extent();
    return Math.min((viewWidth - e.left - e.right) / (r - l), (viewHeight - e.top - e.bottom) / (b - t));
  };
  if (viewWidth > 760) above.bottom = Math.max(edge.bottom, viewHeight - legend.top + 10);
  return fits(beside) >= fits(above) ? beside : above;
}

function fittedView(of = visibleNodes) {
  const [left, top, right, bottom] = extent(of),
    edge = freeMargins();
  if (isStacked && !state.map) {
    const z = Math.min((viewWidth - edge.left - edge.right) / COLUMN, 1);
    const x = COLUMN / 2 - (edge.left - edge.right) / 2 / z;
    return { x, y: top + (viewHeight / 2 - edge.top) / z, z };
  }
  const z = Math.min(
    (viewWidth - edge.left - edge.right) / Math.max(right - left, 40),
    (viewHeight - edge.top - edge.bottom) / Math.max(bottom - top, 40),
    state.map ? 6 : 1.6,
  );
  return {
    x: (left + right) / 2 - (edge.left - edge.right) / 2 / z,
    y: (top + bottom) / 2 - (edge.top - edge.bottom) / 2 / z,
    z,
  };
}

// Shows what is inside a card: all of it, or the beginning where all would be too small to read.
const READABLE = 0.6;
function showInside(card) {
  const inside = visibleNodes.filter((n) => n.parent === card);
  if (!inside.length) return;
  if (isStacked) {
    const z = fittedView().z;
    moveCamera({ x: state.x, y: card.y - card.card.h / 2 + (viewHeight / 2 - panelMargins().top) / z, z });
    return;
  }
  const whole = fittedView([card, ...inside]);
  if (whole.z >= READABLE) {
    moveCamera(whole);
    return;
  }
  const [left, top, right] = extent(inside),
    edge = panelMargins();
  const width = viewWidth - edge.left - edge.right,
    z = Math.min(Math.max(width / (right - left), READABLE), 1);
  const middle = Math.min((left + right) / 2, left + width / 2 / z);
  moveCamera({ x: middle - (edge.left - edge.right) / 2 / z, y: top + (viewHeight / 2 - edge.top - 24) / z, z });
}

function moveCamera(to, quick = false) {
  cancelAnimationFrame(animation);
  const from = { x: state.x, y: state.y, z: state.z };
  if (reducedMotion || quick) {
    Object.assign(state, to);
    requestPaint();
    rememberView();
    return;
  }
  const start = performance.now();
  const step = (now) => {
    const t = Math.min((now - start) / 320, 1),
      s = t * t * (3 - 2 * t);
    state.z = from.z * Math.pow(to.z / from.z, s);
    state.x = from.x + (to.x - from.x) * s;
    state.y = from.y + (to.y - from.y) * s;
    requestPaint();
    if (t < 1) animation = requestAnimationFrame(step);
    else rememberView();
  };
  animation = requestAnimationFrame(step);
}

function fit(quick = false) {
  moveCamera(fittedView(), quick);
}

function centreOn(n) {
  const [x, y] = position(n),
    edge = panelMargins();
  const z = Math.max(state.z, state.map ? 1.2 : n.card ? 0.8 : 1);
  moveCamera({ x: x - (edge.left - edge.right) / 2 / z, y: y - (edge.top - edge.bottom) / 2 / z, z });
}

function zoom(by, at = [viewWidth / 2, viewHeight / 2], quick = true) {
  const z = Math.min(Math.max(state.z * by, 0.02), MAX_ZOOM),
    [x, y] = toWorld(at);
  moveCamera({ z, x: x - (at[0] - viewWidth / 2) / z, y: y - (at[1] - viewHeight / 2) / z }, quick);
}

function toWorld([sx, sy]) {
  return [(sx - viewWidth / 2) / state.z + state.x, (sy - viewHeight / 2) / state.z + state.y];
}
function toScreen(n) {
  const [x, y] = position(n);
  return [(x - state.x) * state.z + viewWidth / 2, (y - state.y) * state.z + viewHeight / 2];
}

// The node at a point of the screen: the smallest one, since it is drawn on top.
function nodeAt(at, slack = 3) {
  const [x, y] = toWorld(at);
  let best = null,
    smallest = Infinity;
  if (!shapes) prepareShapes();
  const highlight = state.map && highlightedNodes();
  for (const n of state.map ? new Set([...shapes.order, ...(highlight || [])]) : visibleNodes) {
    if (!n.shown) continue;
    const [a, b] = position(n);
    const far =
      n.card && !state.map
        ? Math.abs(x - a) <= n.card.w / 2 && Math.abs(y - b) <= n.card.h / 2
          ? n.card.w
          : Infinity
        : Math.hypot(x - a, y - b) <= displayRadius(n) + slack / state.z
          ? n.r
          : Infinity;
    if (far < smallest) {
      best = n;
      smallest = far;
    }
  }
  return best;
}

function isOnBadge(n, at) {
  if (!n.card || !n.children.length || state.map) return false;
  const [x, y] = toWorld(at);
  return Math.hypot(x - (n.x + n.card.w / 2 - 20), y - (n.y - n.card.h / 2 + 20)) < 14;
}
