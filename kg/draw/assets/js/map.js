// The map: clusters of places that are close on the screen, totals of countries, and the view that shows most places.
const CLUSTER_DISTANCE = 28,
  MIN_CLUSTERED = 40,
  TOTALS_ZOOM = 3;
// Returns clusters of two or more places, and the other places. The largest place of a cluster is its centre.
function clusterPlaces(places, z) {
  const distance = CLUSTER_DISTANCE / z;
  if (places.length <= MIN_CLUSTERED) return { clusters: [], single: places };
  const cells = new Map(),
    groups = [];
  const cellsAround = ([x, y]) => {
    const [i, j] = [Math.floor(x / distance), Math.floor(y / distance)];
    return [-1, 0, 1].flatMap((a) => [-1, 0, 1].map((b) => (i + a) * 100003 + j + b));
  };
  for (const n of [...places].sort((a, b) => b.r - a.r || a.index - b.index)) {
    const near = cellsAround(n.place).flatMap((c) => cells.get(c) || []);
    const far = (g) => Math.hypot(g.x - n.place[0], g.y - n.place[1]);
    const group = near.filter((g) => far(g) < distance).sort((a, b) => far(a) - far(b))[0];
    if (group) group.members.push(n);
    else {
      const own = { x: n.place[0], y: n.place[1], members: [n] },
        cell = cellsAround(n.place)[4];
      groups.push(own);
      if (cells.has(cell)) cells.get(cell).push(own);
      else cells.set(cell, [own]);
    }
  }
  const clusters = groups.filter((g) => g.members.length > 1);
  for (const c of clusters) c.r = Math.min(7 + 1.1 * Math.log2(c.members.length), 15);
  return { clusters, single: groups.filter((g) => g.members.length === 1).map((g) => g.members[0]) };
}

function paintClusters(p, z, dim) {
  p.textAlign = "center";
  for (const c of shapes.clusters) {
    p.globalAlpha = dim;
    const kind = kinds[c.members[0].kind];
    p.beginPath();
    p.arc(c.x, c.y, c.r / z, 0, 7);
    p.fillStyle = mixColours(kind.colour, theme.paper, 0.55);
    p.fill();
    p.strokeStyle = lineColour(c.members[0].kind);
    p.lineWidth = 1.2 / z;
    p.stroke();
    p.fillStyle = theme.ink;
    p.font = `600 ${11 / z}px ${FONT_FAMILY}`;
    p.fillText(c.members.length.toLocaleString("en"), c.x, c.y + 4 / z);
  }
  p.textAlign = "start";
  p.globalAlpha = 1;
}

function clusterAt(at) {
  if (!state.map) return null;
  const [x, y] = toWorld(at);
  return (shapes?.clusters || []).find((c) => Math.hypot(c.x - x, c.y - y) <= (c.r + 2) / state.z) || null;
}
// Zooms into a cluster, or lists its places if they have the same coordinates.
function openCluster(cluster) {
  const [left, top, right, bottom] = extent(cluster.members);
  const apart = cluster.members.some((n) => Math.hypot(n.place[0] - cluster.x, n.place[1] - cluster.y) > 0.05);
  if (apart && state.z < MAX_ZOOM * 0.9) {
    const wanted = Math.min((viewWidth - 300) / (right - left), (viewHeight - 260) / (bottom - top));
    moveCamera({
      x: (left + right) / 2,
      y: (top + bottom) / 2,
      z: Math.min(Math.max(wanted, state.z * 1.8), MAX_ZOOM),
    });
    announce(`Zoomed to ${formatCount(cluster.members.length, "place", "places")}`);
  } else showPlaces(cluster.members);
}
function showPlaces(places) {
  state.selected = null;
  const panel = elementById("details");
  panel.hidden = false;
  panel.replaceChildren(
    closeButton(),
    htmlElement("p", { class: "kind", text: "Same place on the map" }),
    htmlElement("h2", { text: formatCount(places.length, kinds[places[0].kind].name.toLowerCase(), kinds[places[0].kind].plural) }),
    nodeList(places.map((n) => [n, n.count])),
  );
  requestPaint();
}
function clusterLabel(cluster) {
  const kind = kinds[cluster.members[0].kind],
    names = [...new Set(cluster.members.map((n) => n.label))];
  return [
    formatCount(cluster.members.length, kind.name.toLowerCase(), kind.plural),
    names.slice(0, 5).join("; ") + (names.length > 5 ? " …" : ""),
  ];
}

// Totals of countries, the largest first, each as near to its country as there is room; a line leads to a distant one.
// The largest ones may be further away than the others.
const LARGEST = 15,
  OFFSETS = [];
for (let dy = -144; dy <= 144; dy += 16) for (let dx = -2; dx <= 2; dx++) OFFSETS.push([dx, dy]);
function placeTotals(view, z, taken, marks) {
  if (!state.map || z > TOTALS_ZOOM) return [];
  const placed = [];
  data.totals.forEach(([x, y, text], i) => {
    const [sx, sy] = [(x - view[0]) * z, (y - view[1]) * z],
      half = textWidth(text, 11, true) / 2 + 4;
    const far = ([dx, dy]) => Math.hypot(dx * half, dy);
    const tries = OFFSETS.filter((offset) => far(offset) <= (i < LARGEST ? 150 : 50)).sort((a, b) => far(a) - far(b));
    for (const offset of tries) {
      const [cx, cy] = [sx + offset[0] * half, sy + offset[1]],
        box = [cx - half, cy - 8, cx + half, cy + 7];
      if (taken.count(box) || marks.count(box)) continue;
      taken.add(box);
      const nearest = [Math.min(Math.max(sx, box[0] + 4), box[2] - 4), Math.min(Math.max(sy, box[1]), box[3])];
      placed.push({ text, x: cx, y: box[3] - 4, box, line: far(offset) > 24 ? [sx, sy, ...nearest] : null });
      break;
    }
  });
  return placed;
}

// Most places: without the outer five percent on each side if the rest needs less than half of the area.
function mostPlaces() {
  const all = visibleNodes.filter((n) => n.place);
  if (all.length < 20) return all;
  const limits = [0, 1].map((axis) => {
    const values = all.map((n) => n.place[axis]).sort((a, b) => a - b);
    return [values[Math.floor(values.length * 0.05)], values[Math.ceil(values.length * 0.95) - 1]];
  });
  const most = all.filter((n) => limits.every(([low, high], axis) => n.place[axis] >= low && n.place[axis] <= high));
  const area = ([left, top, right, bottom]) => (right - left) * (bottom - top);
  return most.length && area(extent(most)) < area(extent(all)) / 2 ? most : all;
}
