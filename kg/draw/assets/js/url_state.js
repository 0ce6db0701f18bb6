// View state in the URL fragment, for the history and for sharing.
let lastHash = "";
function viewHash() {
  const parts = new URLSearchParams();
  if (state.map) parts.set("map", "1");
  if (state.path.length > 1) {
    parts.set("from", state.path[0].id);
    parts.set("to", state.path[state.path.length - 1].id);
  } else if (state.selected) parts.set("node", state.selected.id);
  for (const n of state.open) parts.append("open", n.id);
  for (const k of state.hidden) parts.append("hide", kinds[k].name);
  for (const n of nodes)
    if (n.children.length && initiallyFolded.has(n) !== state.folded.has(n)) parts.append("turn", n.id);
  parts.set("at", [state.x.toFixed(1), state.y.toFixed(1), state.z.toPrecision(4)].join(","));
  return "#" + parts;
}
function pushHash() {
  const now = viewHash();
  if (now !== location.hash) {
    lastHash = now;
    location.hash = now;
  }
}
let timer = 0;
function rememberView() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const now = viewHash();
    if (now !== location.hash) {
      lastHash = now;
      history.replaceState(null, "", now);
    }
  }, 150);
}
function restoreView() {
  const parts = new URLSearchParams(location.hash.slice(1)),
    get = (name) =>
      parts
        .getAll(name)
        .map((id) => nodesById.get(id))
        .filter(Boolean);
  state.map = Boolean(data.land) && (parts.has("map") || (data.mapFirst && !location.hash));
  state.open = new Set(get("open"));
  state.hidden = new Set(
    parts
      .getAll("hide")
      .map((name) => kinds.findIndex((kind) => kind.name === name))
      .filter((k) => k >= 0),
  );
  state.folded = new Set(initiallyFolded);
  for (const n of get("turn")) state.folded[initiallyFolded.has(n) ? "delete" : "add"](n);
  state.path = [];
  updateVisible();
  const [from, to] = [get("from")[0], get("to")[0]];
  if (from && to) showPath(findPath(from, to));
  state.selected = state.path.length > 1 ? to : get("node")[0] || null;
  updateLegend();
  updateDetails();
  updateControls();
  const at = (parts.get("at") || "").split(",").map(Number);
  if (at.length === 3 && at.every(Number.isFinite) && at[2] > 0) Object.assign(state, { x: at[0], y: at[1], z: at[2] });
  else Object.assign(state, fittedView(state.map ? mostPlaces() : visibleNodes));
  requestPaint();
}
window.addEventListener("hashchange", () => {
  if (location.hash !== lastHash) {
    lastHash = location.hash;
    restoreView();
  }
});
