// The beginning.
const press = (id, act) => byName(id).addEventListener("click", act);
press("fit", () => fit()); press("in", () => zoom(1.35, undefined, false)); press("out", () => zoom(1 / 1.35, undefined, false));
press("map", () => turn(true)); press("network", () => turn(false)); press("all", showAll);
press("theme", () => shade(tone === LIGHT)); press("help", () => byName("keyboard").showModal());
press("save", () => { const saves = byName("saves"); saves.hidden = !saves.hidden; byName("save").setAttribute("aria-expanded", String(!saves.hidden)); if (!saves.hidden) saves.querySelector("button").focus(); });
for (const button of document.querySelectorAll("#saves button")) button.addEventListener("click", () => { closeMenus(); SAVES[button.dataset.as](); });
resize();
const dusk = window.matchMedia("(prefers-color-scheme: dark)");
dusk.addEventListener("change", () => shade(dusk.matches));
shade(dusk.matches);
byName("fold").open = wide > 760 && !nodes.every((n) => n.card);
byName("fold").addEventListener("toggle", () => again());
notes(); restore();
document.fonts.ready.then(() => { known.clear(); again(); });
requestAnimationFrame(() => requestAnimationFrame(() => { document.documentElement.dataset.ready = String(Math.round(performance.now())); }));
// For tests and for the curious: where a node stands on the screen, and how long a drawing takes.
window.picture = {
  screen: (id) => screen(byId.get(id)), shown: () => seen.map((n) => n.id), paint,
  frames: (count, move) => { const start = performance.now(); for (let i = 0; i < count; i++) { move(i, state); paint(); pen.getImageData(0, 0, 1, 1); } return count / (performance.now() - start) * 1000; },
};
