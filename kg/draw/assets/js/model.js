// Model: the data of the picture, and the nodes and edges that are visible.
const data = JSON.parse(document.getElementById("data").textContent);
const kinds = data.kinds;
const nodes = data.nodes.map((n, i) => ({
  index: i,
  id: n.i,
  kind: n.k,
  label: n.l,
  x: n.x,
  y: n.y,
  r: n.r,
  size: n.s,
  link: n.u || "",
  facts: n.d || [],
  place: n.p || null,
  side: n.a || "",
  card: n.c || null,
  count: n.n || "",
  neighbours: [],
  edges: [],
  parent: null,
  children: [],
}));
const edges = data.edges.map((e, i) => ({
  index: i,
  a: nodes[e[0]],
  b: nodes[e[1]],
  weight: e[2],
  label: data.words[e[3]],
  back: data.words[e[4]],
  studies: e[5] || [],
  route: e[6] || null,
}));
const nodesById = new Map(nodes.map((n) => [n.id, n]));
for (const e of edges) {
  e.a.edges.push(e);
  if (e.a !== e.b) {
    e.b.edges.push(e);
    if (!e.a.neighbours.includes(e.b)) {
      e.a.neighbours.push(e.b);
      e.b.neighbours.push(e.a);
    }
  }
}
// Cards that contain others are folded at first; they may be inside each other.
for (const [child, parent] of data.inside) {
  nodes[child].parent = nodes[parent];
  nodes[parent].children.push(nodes[child]);
}
const initiallyFolded = new Set(nodes.filter((n) => n.children.length));

const state = {
  map: false,
  selected: null,
  hidden: new Set(),
  open: new Set(),
  folded: new Set(initiallyFolded),
  path: [],
  detour: [],
  pathStart: null,
  x: 0,
  y: 0,
  z: 1,
};

function isAvailable(n) {
  return !state.map || n.place !== null;
}

function isFoldedAway(n) {
  for (let card = n.parent; card; card = card.parent) if (state.folded.has(card)) return true;
  return false;
}
// Opens a card; cards inside one card share their room, so that one of them is open at a time.
function unfold(card) {
  if (card.parent) {
    unfold(card.parent);
    for (const other of card.parent.children) if (other.children.length) state.folded.add(other);
  }
  state.folded.delete(card);
}

// Visible nodes and edges are recomputed after each change, not while drawing.
let visibleNodes = [],
  visibleEdges = [];
function updateVisible() {
  let allowed = null;
  if (state.open.size) {
    allowed = new Set(state.open);
    for (const n of state.open) for (const m of n.neighbours) allowed.add(m);
  }
  const path = new Set(state.path);
  for (const n of nodes) {
    n.shown =
      (path.has(n) && isAvailable(n)) ||
      (!state.hidden.has(n.kind) &&
        isAvailable(n) &&
        (allowed === null || allowed.has(n)) &&
        (state.map || !isFoldedAway(n)));
  }
  visibleNodes = nodes.filter((n) => n.shown);
  stackCards();
  visibleEdges = state.map || isStacked ? [] : edges.filter((e) => e.a.shown && e.b.shown);
  invalidateShapes();
}

function position(n) {
  return state.map ? n.place : [n.x, n.y];
}

// On a narrow screen, cards are below each other: what is inside an open card follows it, pills share a row.
const COLUMN = 470,
  isNarrow = () => window.innerWidth <= 760 && nodes.every((n) => n.card) && nodes.some((n) => !isPill(n));
const isPill = (n) => n.card.t.length === 1;
for (const n of nodes) Object.assign(n, { wideX: n.x, wideY: n.y });
let isStacked = false;
function stackCards() {
  isStacked = isNarrow();
  for (const n of nodes) Object.assign(n, { x: n.wideX, y: n.wideY });
  if (!isStacked) return;
  let y = 0,
    x = 0,
    rowHeight = 0;
  const place = (n, indent) => {
    if (!n.shown) return;
    const { w, h } = n.card;
    if (!isPill(n) || x + w > COLUMN) [x, y, rowHeight] = [0, y + rowHeight, 0];
    n.x = (isPill(n) ? x : indent) + w / 2;
    n.y = y + h / 2;
    if (isPill(n)) [x, rowHeight] = [x + w + 8, Math.max(rowHeight, h + 8)];
    else y += h + 12;
    for (const child of n.children) place(child, Math.min(indent + 14, 42));
  };
  for (const n of nodes.filter((m) => !m.parent)) place(n, 0);
}

// The bounding box of nodes; that of all visible nodes includes the headings.
function extent(of = visibleNodes) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const n of of) {
    const [x, y] = position(n);
    const [w, h] = !state.map && n.card ? [n.card.w / 2, n.card.h / 2] : [n.r, n.r + 8];
    left = Math.min(left, x - w);
    right = Math.max(right, x + w);
    top = Math.min(top, y - h);
    bottom = Math.max(bottom, y + h);
  }
  if (of === visibleNodes && !state.map && !state.open.size && !isStacked) for (const [, y] of data.headings) top = Math.min(top, y - 12);
  return left > right ? [-100, -100, 100, 100] : [left, top, right, bottom];
}

// The shortest path between two nodes through visible nodes, or through any nodes if there is none.
function findPath(from, to) {
  clearPath();
  const path = shortestPath(from, to, (n) => n.shown);
  return path.length ? path : shortestPath(from, to, () => true);
}
function shortestPath(from, to, open) {
  const before = new Map([[from, null]]);
  const queue = [from];
  for (let i = 0; i < queue.length && !before.has(to); i++) {
    for (const m of queue[i].neighbours)
      if (open(m) && !before.has(m)) {
        before.set(m, queue[i]);
        queue.push(m);
      }
  }
  if (!before.has(to)) return [];
  const path = [];
  for (let n = to; n !== null; n = before.get(n)) path.unshift(n);
  return path;
}

// Nodes of a path are visible as long as the path is shown, even if they are filtered or folded.
function showPath(path) {
  state.path = path;
  state.detour = path.filter((n) => !n.shown);
  updateVisible();
}
function clearPath() {
  if (state.path.length) {
    state.path = [];
    updateVisible();
  }
}
function reasonHidden(n) {
  if (!isAvailable(n)) return "not on the map";
  return state.hidden.has(n.kind)
    ? "hidden by the filter"
    : state.open.size
      ? "not among the open neighbours"
      : "folded";
}

// The nodes of the path, or the selected node with its neighbours; null without a path and a selection.
function highlightedNodes() {
  if (state.path.length > 1) return new Set(state.path);
  if (state.selected && state.selected.shown) return new Set([state.selected, ...state.selected.neighbours]);
  return null;
}

function isHighlighted(e) {
  if (state.path.length > 1)
    return (
      Math.abs(state.path.indexOf(e.a) - state.path.indexOf(e.b)) === 1 &&
      state.path.includes(e.a) &&
      state.path.includes(e.b)
    );
  return e.a === state.selected || e.b === state.selected;
}
