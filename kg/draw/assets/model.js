// The picture as it came, and what of it is to be seen: folded, filtered, opened.
const data = JSON.parse(document.getElementById("data").textContent);
const kinds = data.kinds;
const nodes = data.nodes.map((n, i) => ({
  at: i, id: n.i, kind: n.k, label: n.l, x: n.x, y: n.y, r: n.r, size: n.s, link: n.u || "", facts: n.d || [],
  place: n.p || null, side: n.a || "", card: n.c || null, count: n.n || "", near: [], edges: [],
}));
const edges = data.edges.map((e, i) => ({
  at: i, a: nodes[e[0]], b: nodes[e[1]], weight: e[2], label: data.words[e[3]], back: data.words[e[4]], studies: e[5] || [], route: e[6] || null,
}));
const byId = new Map(nodes.map((n) => [n.id, n]));
for (const e of edges) {
  e.a.edges.push(e);
  if (e.a !== e.b) {
    e.b.edges.push(e);
    if (!e.a.near.includes(e.b)) { e.a.near.push(e.b); e.b.near.push(e.a); }
  }
}
const first = new Set(data.folded.map((i) => nodes[i]));
for (const n of nodes) n.parts = first.has(n) ? n.near.filter((m) => m.near.length === 1) : [];

const state = {
  map: false, selected: null, hidden: new Set(), open: new Set(), folded: new Set(first), path: [], detour: [], seeks: null,
  x: 0, y: 0, z: 1,
};

function isHere(n) { return !state.map || n.place !== null; }

// What is to be seen is told anew after each change, not while drawing.
let seen = [], seenEdges = [];
function look() {
  const away = new Set();
  for (const f of state.folded) for (const n of f.parts) away.add(n);
  let only = null;
  if (state.open.size) {
    only = new Set(state.open);
    for (const n of state.open) for (const m of n.near) only.add(m);
  }
  const path = new Set(state.path);
  for (const n of nodes) {
    n.shown = (path.has(n) && isHere(n)) || !state.hidden.has(n.kind) && isHere(n) && (only === null || only.has(n)) && (state.map || !away.has(n));
  }
  seen = nodes.filter((n) => n.shown);
  seenEdges = state.map ? [] : edges.filter((e) => e.a.shown && e.b.shown);
  forget();
}

function spot(n) { return state.map ? n.place : [n.x, n.y]; }

// The box that the visible nodes take.
function extent() {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const n of seen) {
    const [x, y] = spot(n);
    const [w, h] = !state.map && n.card ? [n.card.w / 2, n.card.h / 2] : [n.r, n.r + 8];
    left = Math.min(left, x - w); right = Math.max(right, x + w);
    top = Math.min(top, y - h); bottom = Math.max(bottom, y + h);
  }
  if (!state.map && !state.open.size) for (const [, y] of data.headings) top = Math.min(top, y - 12);
  return left > right ? [-100, -100, 100, 100] : [left, top, right, bottom];
}

// The fewest steps from one node to another: through what is shown, or else through anything.
function between(from, to) {
  leave();
  const path = shortest(from, to, (n) => n.shown);
  return path.length ? path : shortest(from, to, () => true);
}
function shortest(from, to, open) {
  const before = new Map([[from, null]]);
  const queue = [from];
  for (let i = 0; i < queue.length && !before.has(to); i++) {
    for (const m of queue[i].near) if (open(m) && !before.has(m)) { before.set(m, queue[i]); queue.push(m); }
  }
  if (!before.has(to)) return [];
  const path = [];
  for (let n = to; n !== null; n = before.get(n)) path.unshift(n);
  return path;
}

// Nodes of a path are shown whatever hides them, as long as the path is.
function follow(path) { state.path = path; state.detour = path.filter((n) => !n.shown); look(); }
function leave() { if (state.path.length) { state.path = []; look(); } }
function hiddenBy(n) {
  if (!isHere(n)) return "not on the map";
  return state.hidden.has(n.kind) ? "hidden by the filter" : state.open.size ? "not among the open neighbours" : "folded";
}

// What is looked at: a path, or a node with its neighbours; null for everything alike.
function focus() {
  if (state.path.length > 1) return new Set(state.path);
  if (state.selected && state.selected.shown) return new Set([state.selected, ...state.selected.near]);
  return null;
}

function isInFocus(e) {
  if (state.path.length > 1) return Math.abs(state.path.indexOf(e.a) - state.path.indexOf(e.b)) === 1 && state.path.includes(e.a) && state.path.includes(e.b);
  return e.a === state.selected || e.b === state.selected;
}
