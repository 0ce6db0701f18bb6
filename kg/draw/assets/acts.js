// What a user does: choose, fold, open, filter, seek a path, go back; and the link that brings a view back.
function choose(n) {
  if (state.seeks && n && n !== state.seeks) { join(state.seeks, n); return; }
  leave();
  state.selected = n;
  details(); uncover(n); again(); push();
  if (n) tell(`${n.label.slice(0, 200)}, ${whatOf(n)}`);
}
// Moves a node out from under the details.
function uncover(n) {
  const over = n && wide > 760 ? screen(n)[0] + (n.card && !state.map ? n.card.w / 2 : n.r) * state.z - (wide - 390) : 0;
  if (over > 0) fly({ x: state.x + over / state.z, y: state.y, z: state.z });
}
// Makes a node visible that is folded away, filtered out or not among those that are opened.
function reveal(n) {
  state.hidden.delete(n.kind);
  for (const f of [...state.folded]) if (f.parts.includes(n)) state.folded.delete(f);
  if (state.map && !n.place) turn(false, true);
  look();
  if (!n.shown) { state.open.add(n); look(); }
  legend(); controls();
}
function fold(n) {
  state.folded[state.folded.has(n) ? "delete" : "add"](n);
  look(); details(); push(); fit();
  tell(`${n.label.slice(0, 200)} ${state.folded.has(n) ? "closed" : "open"}`);
}
function expand(n) {
  if (n.parts.length && !state.open.size) { fold(n); return; }
  if (state.open.has(n)) state.open.delete(n); else if (n.near.length) state.open.add(n);
  look(); details(); controls(); push(); fit();
  tell(counted(seen.length, "node", "nodes") + " shown");
}
function showAll() {
  state.open.clear(); state.path = []; state.hidden.clear();
  look(); legend(); details(); controls(); push(); fit();
}
function seek(n) {
  state.seeks = n;
  byName("details").hidden = true;
  canvas.focus();
  ask(`Path from ${n.label.slice(0, 60)}: choose the other end, or press Esc`);
}
function ask(text) { const asks = byName("asks"); asks.textContent = text; asks.hidden = !text; }
function join(from, to) {
  state.seeks = null;
  const path = between(from, to);
  if (path.length < 2) { ask(`No path leads from ${from.label.slice(0, 60)} to ${to.label.slice(0, 60)} in this picture.`); setTimeout(() => ask(""), 4000); return; }
  ask("");
  follow(path); state.selected = to;
  details(); again(); push();
  tell(`Path of ${counted(path.length - 1, "step", "steps")}: ${path.map((n) => n.label.slice(0, 60)).join(", ")}. ${detour()}`);
}
function back() {
  if (state.seeks) { state.seeks = null; ask(""); details(); return; }
  if (state.path.length || state.selected) { choose(null); return; }
  if (state.open.size) showAll();
}
function turn(map, quick = false) {
  if (map === state.map) return;
  state.map = map;
  look(); legend(); details(); controls(); push(); fit(quick);
}
function controls() {
  byName("map").hidden = byName("network").hidden = !data.land;
  byName("map").setAttribute("aria-pressed", String(state.map));
  byName("network").setAttribute("aria-pressed", String(!state.map));
  byName("all").hidden = !state.open.size && !state.hidden.size;
}
function closeMenus() { byName("saves").hidden = true; byName("save").setAttribute("aria-expanded", "false"); found.hidden = true; }
function shade(dark) {
  tone = dark ? DARK : LIGHT;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  again();
}

// ---- the link: what is looked at stands behind the #, so that it can be kept, sent and gone back to
let written = "";
function link() {
  const parts = new URLSearchParams();
  if (state.map) parts.set("map", "1");
  if (state.path.length > 1) { parts.set("from", state.path[0].id); parts.set("to", state.path[state.path.length - 1].id); }
  else if (state.selected) parts.set("node", state.selected.id);
  for (const n of state.open) parts.append("open", n.id);
  for (const k of state.hidden) parts.append("hide", kinds[k].name);
  for (const n of nodes) if (n.parts.length && first.has(n) !== state.folded.has(n)) parts.append("turn", n.id);
  parts.set("at", [state.x.toFixed(1), state.y.toFixed(1), state.z.toPrecision(4)].join(","));
  return "#" + parts;
}
function push() {
  const now = link();
  if (now !== location.hash) { written = now; location.hash = now; }
}
let later = 0;
function remember() {
  clearTimeout(later);
  later = setTimeout(() => { const now = link(); if (now !== location.hash) { written = now; history.replaceState(null, "", now); } }, 150);
}
function restore() {
  const parts = new URLSearchParams(location.hash.slice(1)), get = (name) => parts.getAll(name).map((id) => byId.get(id)).filter(Boolean);
  state.map = Boolean(data.land) && (parts.has("map") || (data.mapFirst && !location.hash));
  state.open = new Set(get("open"));
  state.hidden = new Set(parts.getAll("hide").map((name) => kinds.findIndex((kind) => kind.name === name)).filter((k) => k >= 0));
  state.folded = new Set(first);
  for (const n of get("turn")) state.folded[first.has(n) ? "delete" : "add"](n);
  state.path = [];
  look();
  const [from, to] = [get("from")[0], get("to")[0]];
  if (from && to) follow(between(from, to));
  state.selected = state.path.length > 1 ? to : get("node")[0] || null;
  legend(); details(); controls();
  const at = (parts.get("at") || "").split(",").map(Number);
  if (at.length === 3 && at.every(Number.isFinite) && at[2] > 0) Object.assign(state, { x: at[0], y: at[1], z: at[2] }); else Object.assign(state, fitted());
  again();
}
window.addEventListener("hashchange", () => { if (location.hash !== written) { written = location.hash; restore(); } });
