// What stands around the canvas: search, legend, details. Data becomes text here, never markup.
const byName = (id) => document.getElementById(id);
function make(tag, given = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name === "on") for (const [event, act] of Object.entries(value)) made.addEventListener(event, act);
    else if (name === "text") made.textContent = value;
    else made.setAttribute(name, value);
  }
  made.append(...inside);
  return made;
}
// A text from the data: whatever its direction, it leaves that of its surroundings alone.
function said(tag, text, name = "") { return make(tag, { text, dir: "auto", ...(name ? { class: name } : {}) }); }
// Only pages of the web are led to, whatever the data say.
function way(text, address) {
  const fine = /^https?:\/\//.test(address);
  return fine ? make("a", { href: address, target: "_blank", rel: "noopener noreferrer", text, dir: "auto" }) : said("span", text);
}
function sign(k) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  made.setAttribute("viewBox", "-10 -10 20 20"); made.setAttribute("class", "sign"); made.setAttribute("aria-hidden", "true");
  const { shape, colour } = kinds[k];
  const mark = document.createElementNS(made.namespaceURI, SIDES[shape] ? "polygon" : "circle");
  if (SIDES[shape]) mark.setAttribute("points", corners(shape, 0, shape === "triangle" ? 1.5 : 0, 7).join(" ")); else mark.setAttribute("r", shape === "ring" ? 6 : 7);
  mark.setAttribute("fill", shape === "ring" ? "none" : colour); mark.setAttribute("stroke", colour); mark.setAttribute("stroke-width", shape === "ring" ? 3 : 1);
  made.append(mark);
  return made;
}
function counted(n, one, many) { return `${n.toLocaleString("en")} ${n === 1 ? one : many}`; }

function legend() {
  const counts = kinds.map(() => 0);
  for (const n of nodes) if (isHere(n)) counts[n.kind]++;
  byName("kinds").replaceChildren(...kinds.map((kind, k) => {
    const box = make("input", { type: "checkbox", "data-kind": kind.name, on: { change: () => { state.hidden[box.checked ? "delete" : "add"](k); look(); push(); tell(`${kind.plural} ${box.checked ? "shown" : "hidden"}`); } } });
    box.checked = !state.hidden.has(k);
    const row = make("label", {}, box, sign(k), said("span", kind.plural, "name"), make("span", { class: "count", text: counts[k].toLocaleString("en") }));
    row.hidden = counts[k] === 0;
    return row;
  }));
}
function notes() { byName("notes").replaceChildren(...data.notes.map((text) => said("p", text))); }
function tell(text) { byName("says").textContent = text; }

// ---- search
const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const search = byName("search"), found = byName("found");
let texts = null, offered = [], chosenOffer = -1;
function matches(text) {
  const wanted = folded(text.trim());
  if (!wanted) return [];
  texts = texts || nodes.map((n) => folded(n.label.slice(0, 300) + " " + n.id.slice(0, 300)));
  const ranked = [];
  nodes.forEach((n, i) => {
    const at = texts[i].indexOf(wanted);
    if (at >= 0) ranked.push([at === 0 ? 0 : /[\s/(-]/.test(texts[i][at - 1]) ? 1 : 2, -n.size, i]);
  });
  return ranked.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]).slice(0, 12).map((r) => nodes[r[2]]);
}
function offer() {
  offered = matches(search.value); chosenOffer = offered.length ? 0 : -1;
  found.replaceChildren(...offered.map((n, i) => make("li", { role: "option", id: `found-${i}`, "aria-selected": i === 0 ? "true" : "false", on: { pointerdown: (event) => { event.preventDefault(); take(i); } } }, sign(n.kind), said("span", n.label.slice(0, 300), "name"), said("span", kinds[n.kind].name, "what"))));
  if (search.value.trim() && !offered.length) found.append(make("li", { text: "Nothing of that name in the picture" }));
  found.hidden = !search.value.trim();
  search.setAttribute("aria-expanded", String(!found.hidden));
  pointOut();
}
function pointOut() {
  [...found.children].forEach((li, i) => li.setAttribute("aria-selected", String(i === chosenOffer)));
  if (chosenOffer >= 0) { search.setAttribute("aria-activedescendant", `found-${chosenOffer}`); found.children[chosenOffer].scrollIntoView({ block: "nearest" }); } else search.removeAttribute("aria-activedescendant");
}
function take(i) {
  const n = offered[i];
  if (!n) return;
  search.value = ""; offer(); reveal(n); choose(n); show(n);
}
search.addEventListener("input", offer);
search.addEventListener("blur", () => { found.hidden = true; search.setAttribute("aria-expanded", "false"); });
search.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (offered.length) { chosenOffer = (chosenOffer + (event.key === "ArrowDown" ? 1 : offered.length - 1)) % offered.length; pointOut(); }
  } else if (event.key === "Enter") { event.preventDefault(); take(chosenOffer); canvas.focus(); }
});

// ---- hovering
function hover(n, at) {
  const tip = byName("tip");
  if (n !== state.hover) { state.hover = n; canvas.classList.toggle("over", n !== null); again(); }
  tip.hidden = !n;
  if (n && at) {
    tip.replaceChildren(said("div", n.label.slice(0, 200)), said("div", whatOf(n), "what"));
    tip.style.left = `${Math.min(at[0] + 14, wide - tip.offsetWidth - 8)}px`;
    tip.style.top = `${Math.min(at[1] + 16, high - tip.offsetHeight - 8)}px`;
  }
}
function whatOf(n) {
  const parts = [kinds[n.kind].name];
  if (n.count) parts.push(n.count);
  if (n.parts.length) parts.push(state.folded.has(n) ? "closed" : "open"); else if (n.near.length) parts.push(counted(n.near.length, "link", "links"));
  return parts.join(" · ");
}

// ---- details
const STUDY = "https://clinicaltrials.gov/study/";
function details() {
  const panel = byName("details"), n = state.selected, path = state.path;
  panel.hidden = !n && path.length < 2;
  if (panel.hidden) { panel.replaceChildren(); return; }
  panel.replaceChildren(make("button", { class: "close", type: "button", "aria-label": "Close the details", text: "×", on: { click: () => back() } }), ...(path.length > 1 ? pathParts(path) : nodeParts(n)));
  panel.scrollTop = 0;
}
function nodeParts(n) {
  const parts = [make("p", { class: "kind" }, sign(n.kind), said("span", whatOf(n))), said("h2", n.label), acts(n)];
  const list = make("dl");
  let last = "";
  for (const [heading, text, link] of n.facts) {
    if (heading !== last) list.append(said("dt", heading));
    last = heading;
    list.append(make("dd", {}, link ? way(text, link) : said("span", text)));
  }
  if (n.facts.length) parts.push(list);
  if (n.near.length) parts.push(make("h3", { text: `Linked (${n.near.length.toLocaleString("en")})` }), near(n));
  if (!n.id.startsWith("_") && /^https?:/.test(n.id) && n.id !== n.link) parts.push(make("h3", { text: "IRI" }), said("div", n.id));
  return parts;
}
function acts(n) {
  const act = (text, does, name) => make("button", { type: "button", text, "data-act": name, on: { click: does } });
  const row = make("div", { class: "acts" });
  if (n.parts.length) row.append(act(state.folded.has(n) ? `Open its ${n.parts.length}` : `Close its ${n.parts.length}`, () => fold(n), "fold"));
  else if (state.open.has(n)) row.append(act("Close its neighbours", () => expand(n), "expand"));
  else if (n.near.length) row.append(act(state.open.size ? "Open its neighbours" : "Only its neighbours", () => expand(n), "expand"));
  if (n.near.length) row.append(act("Path to …", () => seek(n), "path"));
  if (/^https?:\/\//.test(n.link)) row.append(way(siteOf(n.link) + " ↗", n.link));
  return row;
}
function siteOf(address) {
  const host = address.replace(/^https?:\/\/(www\.)?/, "").split("/")[0].slice(0, 60);
  return { "clinicaltrials.gov": "ClinicalTrials.gov", "meshb.nlm.nih.gov": "MeSH", "pubmed.ncbi.nlm.nih.gov": "PubMed" }[host] || host;
}
const NEAR = 200;
function near(n) {
  const list = make("ul", { class: "near" });
  const ends = n.edges.map((e) => ({ e, m: e.a === n ? e.b : e.a })).sort((a, b) => b.e.weight - a.e.weight || a.m.kind - b.m.kind || a.m.at - b.m.at);
  for (const { e, m } of ends.slice(0, NEAR)) {
    const role = e.a === n ? e.label : e.back;
    const what = e.studies.length && !e.label ? counted(e.weight, "study", "studies") : role || kinds[m.kind].name;
    list.append(make("li", {}, make("button", { type: "button", on: { click: () => { reveal(m); choose(m); show(m); } } }, sign(m.kind), said("span", m.label.slice(0, 300), "name"), said("span", what, "what"))));
    if (e.studies.length && kinds[m.kind].name !== "Study" && kinds[n.kind].name !== "Study") {
      const links = e.studies.slice(0, 12).map((id) => way(id, STUDY + encodeURIComponent(id)));
      list.lastChild.append(make("div", { class: "by" }, ...links, ...(e.weight > links.length ? [`and ${e.weight - links.length} more`] : [])));
    }
  }
  if (ends.length > NEAR) list.append(make("li", { text: `and ${(ends.length - NEAR).toLocaleString("en")} more` }));
  return list;
}
function detour() {
  const count = state.detour.length;
  return count ? `Every path passes hidden nodes; this one passes ${count.toLocaleString("en")}.` : "";
}
function pathParts(path) {
  const list = make("ul", { class: "near" });
  for (const m of path) {
    const what = state.detour.includes(m) ? hiddenBy(m) : kinds[m.kind].name;
    list.append(make("li", {}, make("button", { type: "button", on: { click: () => { leave(); reveal(m); choose(m); show(m); } } }, sign(m.kind), said("span", m.label.slice(0, 300), "name"), said("span", what, "what"))));
  }
  const hint = state.detour.length ? [make("p", { class: "hint", text: detour() })] : [];
  return [make("p", { class: "kind", text: "Shortest path" }), make("h2", { text: counted(path.length - 1, "step", "steps") }), ...hint, list];
}
