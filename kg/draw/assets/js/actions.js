// User actions: select, fold, open neighbours, find a path, go back, switch between map and network.
function selectNode(n) {
  if (state.pathStart && n && n !== state.pathStart) {
    connect(state.pathStart, n);
    return;
  }
  clearPath();
  state.selected = n;
  updateDetails();
  moveFromPanel(n);
  requestPaint();
  pushHash();
  if (n) announce(`${n.label.slice(0, 200)}, ${describe(n)}`);
}
// Moves the camera so that the details panel does not cover the node.
function moveFromPanel(n) {
  const over =
    n && viewWidth > 760
      ? toScreen(n)[0] + (n.card && !state.map ? n.card.w / 2 : n.r) * state.z - (viewWidth - 390)
      : 0;
  if (over > 0) moveCamera({ x: state.x + over / state.z, y: state.y, z: state.z });
}
// Makes a node visible that is folded, filtered, or not among the open neighbours.
function reveal(n) {
  state.hidden.delete(n.kind);
  if (n.parent && isFoldedAway(n)) unfold(n.parent);
  if (state.map && !n.place) setMap(false, true);
  updateVisible();
  if (!n.shown) {
    state.open.add(n);
    updateVisible();
  }
  updateLegend();
  updateControls();
}
function toggleFold(n) {
  const opens = state.folded.has(n);
  if (opens) unfold(n);
  else state.folded.add(n);
  updateVisible();
  updateDetails();
  pushHash();
  if (opens && !state.map) showInside(n);
  else fit();
  announce(`${n.label.slice(0, 200)} ${state.folded.has(n) ? "closed" : "open"}`);
}
function toggleNeighbours(n) {
  if (n.children.length && !state.open.size) {
    toggleFold(n);
    return;
  }
  if (state.open.has(n)) state.open.delete(n);
  else if (n.neighbours.length) state.open.add(n);
  updateVisible();
  updateDetails();
  updateControls();
  pushHash();
  fit();
  announce(formatCount(visibleNodes.length, "node", "nodes") + " shown");
}
function showAll() {
  state.open.clear();
  state.path = [];
  state.hidden.clear();
  updateVisible();
  updateLegend();
  updateDetails();
  updateControls();
  pushHash();
  fit();
}
function startPath(n) {
  state.pathStart = n;
  elementById("details").hidden = true;
  canvas.focus();
  showPrompt(`Path from ${n.label.slice(0, 60)}: choose the other end, or press Esc`);
}
function showPrompt(text) {
  const prompt = elementById("prompt");
  prompt.textContent = text;
  prompt.hidden = !text;
}
function connect(from, to) {
  state.pathStart = null;
  const path = findPath(from, to);
  if (path.length < 2) {
    showPrompt(`No path leads from ${from.label.slice(0, 60)} to ${to.label.slice(0, 60)} in this picture.`);
    setTimeout(() => showPrompt(""), 4000);
    return;
  }
  showPrompt("");
  showPath(path);
  state.selected = to;
  updateDetails();
  requestPaint();
  pushHash();
  announce(
    `Path of ${formatCount(path.length - 1, "step", "steps")}: ${path.map((n) => n.label.slice(0, 60)).join(", ")}. ${detourNote()}`,
  );
}
function goBack() {
  if (state.pathStart) {
    state.pathStart = null;
    showPrompt("");
    updateDetails();
    return;
  }
  if (state.path.length || state.selected) {
    selectNode(null);
    return;
  }
  if (state.open.size) showAll();
}
function setMap(map, quick = false) {
  if (map === state.map) return;
  state.map = map;
  updateVisible();
  updateLegend();
  updateDetails();
  updateControls();
  pushHash();
  moveCamera(fittedView(map ? mostPlaces() : visibleNodes), quick);
}
function updateControls() {
  elementById("map").hidden = elementById("network").hidden = !data.land;
  elementById("map").setAttribute("aria-pressed", String(state.map));
  elementById("network").setAttribute("aria-pressed", String(!state.map));
  elementById("all").hidden = !state.open.size && !state.hidden.size;
}
function closeMenus() {
  elementById("save-menu").hidden = true;
  elementById("save").setAttribute("aria-expanded", "false");
  suggestionList.hidden = true;
}
function setTheme(dark) {
  theme = dark ? DARK : LIGHT;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  requestPaint();
}
