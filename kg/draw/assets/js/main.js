// Start-up: buttons, theme and the first drawing.
const press = (id, act) => elementById(id).addEventListener("click", act);
press("fit", () => fit());
press("in", () => zoom(1.35, undefined, false));
press("out", () => zoom(1 / 1.35, undefined, false));
press("map", () => setMap(true));
press("network", () => setMap(false));
press("all", showAll);
press("theme", () => setTheme(theme === LIGHT));
press("help", () => elementById("keyboard").showModal());
press("save", () => {
  const menu = elementById("save-menu");
  menu.hidden = !menu.hidden;
  elementById("save").setAttribute("aria-expanded", String(!menu.hidden));
  if (!menu.hidden) menu.querySelector("button").focus();
});
for (const button of document.querySelectorAll("#save-menu button"))
  button.addEventListener("click", () => {
    closeMenus();
    EXPORTS[button.dataset.as]();
  });
resize();
const darkScheme = window.matchMedia("(prefers-color-scheme: dark)");
darkScheme.addEventListener("change", () => setTheme(darkScheme.matches));
setTheme(darkScheme.matches);
elementById("legend-fold").open = viewWidth > 760 && !nodes.every((n) => n.card);
elementById("legend-fold").addEventListener("toggle", () => requestPaint());
updateNotes();
restoreView();
document.fonts.ready.then(() => {
  textWidths.clear();
  requestPaint();
});
requestAnimationFrame(() =>
  requestAnimationFrame(() => {
    document.documentElement.dataset.ready = String(Math.round(performance.now()));
  }),
);
// For tests and debugging: the position of a node on the screen, the visible nodes, the zoom, labels and marks, and
// the frame rate.
window.picture = {
  screen: (id) => toScreen(nodesById.get(id)),
  shown: () => visibleNodes.map((n) => n.id),
  zoom: () => state.z,
  boxes: () =>
    Object.fromEntries(
      visibleNodes.map((n) => {
        const [x, y] = toScreen(n),
          [w, h] = [(n.card.w / 2) * state.z, (n.card.h / 2) * state.z];
        return [n.id, [x - w, y - h, x + w, y + h]];
      }),
    ),
  labels: () => {
    paint();
    return placeLabels(viewport(), state.z, highlightedNodes()).map((label) => [label.n ? label.n.id : label.text, label.box]);
  },
  clusters: () => shapes.clusters.map((c) => [...toScreen({ place: [c.x, c.y] }), c.r, c.members.map((n) => n.id)]),
  marks: () => visibleNodes.filter((n) => state.map || !n.card).map((n) => [...toScreen(n), displayRadius(n) * state.z]),
  paint,
  frames: (count, move) => {
    const start = performance.now();
    for (let i = 0; i < count; i++) {
      move(i, state);
      paint();
      context.getImageData(0, 0, 1, 1);
    }
    return (count / (performance.now() - start)) * 1000;
  },
};
