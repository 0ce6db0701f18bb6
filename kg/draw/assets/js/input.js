// Input: pointer, touch, wheel and keyboard.
const pointers = new Map();
let dragged = false,
  pinchDistance = 0;
canvas.addEventListener("pointerdown", (event) => {
  canvas.focus({ preventScroll: true });
  try {
    canvas.setPointerCapture(event.pointerId);
  } catch {
    /* the pointer is gone already */
  }
  pointers.set(event.pointerId, [event.clientX, event.clientY]);
  dragged = pointers.size > 1;
  pinchDistance = 0;
  closeMenus();
});
canvas.addEventListener("pointermove", (event) => {
  const at = [event.clientX, event.clientY],
    previous = pointers.get(event.pointerId);
  if (!previous) {
    const touches = event.pointerType === "touch",
      n = touches ? null : nodeAt(at);
    setHover(n, at);
    if (!n && !touches) showClusterTip(clusterAt(at), at);
    return;
  }
  if (pointers.size === 1) {
    if (!dragged && Math.hypot(at[0] - previous[0], at[1] - previous[1]) < 4) return;
    dragged = true;
    canvas.classList.add("moving");
    setHover(null);
    cancelAnimationFrame(animation);
    state.x -= (at[0] - previous[0]) / state.z;
    state.y -= (at[1] - previous[1]) / state.z;
    pointers.set(event.pointerId, at);
    requestPaint();
    return;
  }
  pointers.set(event.pointerId, at);
  const [a, b] = [...pointers.values()],
    distance = Math.hypot(a[0] - b[0], a[1] - b[1]);
  if (pinchDistance) zoom(distance / pinchDistance, [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]);
  pinchDistance = distance;
});
function onPointerUp(event) {
  const at = pointers.get(event.pointerId);
  pointers.delete(event.pointerId);
  canvas.classList.remove("moving");
  if (at && !dragged && event.type === "pointerup") {
    const n = nodeAt(at, event.pointerType === "touch" ? 12 : 3),
      cluster = n ? null : clusterAt(at);
    if (cluster) openCluster(cluster);
    else if (n && isOnBadge(n, at)) toggleFold(n);
    else selectNode(n);
  } else rememberView();
}
canvas.addEventListener("pointerup", onPointerUp);
canvas.addEventListener("pointercancel", onPointerUp);
canvas.addEventListener("pointerleave", () => setHover(null));
canvas.addEventListener("dblclick", (event) => {
  const n = nodeAt([event.clientX, event.clientY]);
  if (n) toggleNeighbours(n);
});
canvas.addEventListener(
  "wheel",
  (event) => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : event.deltaMode ? 0.05 : 0.0016)), [
      event.clientX,
      event.clientY,
    ]);
  },
  { passive: false },
);

const DIRECTIONS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
function nodeInDirection([dx, dy]) {
  const from = state.selected && state.selected.shown ? position(state.selected) : [state.x, state.y];
  let best = null,
    smallest = Infinity;
  for (const n of visibleNodes) {
    const [x, y] = position(n),
      along = (x - from[0]) * dx + (y - from[1]) * dy,
      across = Math.abs((x - from[0]) * dy) + Math.abs((y - from[1]) * dx);
    if (n !== state.selected && along > 0.01 && along + 2.2 * across < smallest) {
      best = n;
      smallest = along + 2.2 * across;
    }
  }
  return best;
}

const KEYS = {
  "+": () => zoom(1.35, undefined, false),
  "=": () => zoom(1.35, undefined, false),
  "-": () => zoom(1 / 1.35, undefined, false),
  0: () => fit(),
  "/": () => document.getElementById("search").focus(),
  "?": () => document.getElementById("keyboard").showModal(),
  e: () => state.selected && toggleNeighbours(state.selected),
  p: () => state.selected && startPath(state.selected),
  m: () => data.land && setMap(!state.map),
  Enter: () => state.selected && document.getElementById("details").focus(),
  Escape: () => goBack(),
};
canvas.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const act = DIRECTIONS[event.key]
    ? () => {
        const n = nodeInDirection(DIRECTIONS[event.key]);
        if (n) {
          selectNode(n);
          centreOn(n);
        }
      }
    : KEYS[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.target === canvas || document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") {
    closeMenus();
    goBack();
    canvas.focus();
  }
  if (event.key === "/" && event.target.tagName !== "INPUT") {
    event.preventDefault();
    KEYS["/"]();
  }
});
window.addEventListener("resize", resize);
