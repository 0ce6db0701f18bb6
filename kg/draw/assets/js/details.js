// Tooltip and details panel of nodes and paths.
function setHover(n, at) {
  const tip = elementById("tip");
  if (n !== state.hover) {
    state.hover = n;
    canvas.classList.toggle("over", n !== null);
    requestPaint();
  }
  tip.hidden = !n;
  if (n && at) {
    tip.replaceChildren(textElement("div", n.label.slice(0, 200)), textElement("div", describe(n), "what"));
    placeTip(tip, at);
  }
}
function showClusterTip(cluster, at) {
  const tip = elementById("tip");
  canvas.classList.toggle("over", cluster !== null);
  tip.hidden = !cluster;
  if (!cluster) return;
  const [text, names] = clusterLabel(cluster);
  tip.replaceChildren(textElement("div", text), textElement("div", names, "what"));
  placeTip(tip, at);
}
function placeTip(tip, at) {
  tip.style.left = `${Math.min(at[0] + 14, viewWidth - tip.offsetWidth - 8)}px`;
  tip.style.top = `${Math.min(at[1] + 16, viewHeight - tip.offsetHeight - 8)}px`;
}
function describe(n) {
  const parts = [kinds[n.kind].name];
  if (n.count) parts.push(n.count);
  if (n.children.length) parts.push(state.folded.has(n) ? "closed" : "open");
  else if (n.neighbours.length) parts.push(formatCount(n.neighbours.length, "link", "links"));
  return parts.join(" · ");
}

const STUDY = "https://clinicaltrials.gov/study/";
function updateDetails() {
  const panel = elementById("details"),
    n = state.selected,
    path = state.path;
  panel.hidden = !n && path.length < 2;
  if (panel.hidden) {
    panel.replaceChildren();
    return;
  }
  panel.replaceChildren(
    closeButton(),
    ...(path.length > 1 ? pathDetails(path) : nodeDetails(n)),
  );
  panel.scrollTop = 0;
}
function closeButton() {
  const close = () => {
    if (state.selected || state.path.length || state.pathStart) goBack();
    else updateDetails();
  };
  return htmlElement("button", {
    class: "close",
    type: "button",
    "aria-label": "Close the details",
    text: "×",
    on: { click: close },
  });
}
function nodeDetails(n) {
  const parts = [
    htmlElement("p", { class: "kind" }, kindIcon(n.kind), textElement("span", describe(n))),
    textElement("h2", n.label),
    actionButtons(n),
  ];
  const list = htmlElement("dl");
  let last = "";
  for (const [heading, text, link] of n.facts) {
    if (heading !== last) list.append(textElement("dt", heading));
    last = heading;
    list.append(htmlElement("dd", {}, ...(link ? [linkElement(text, link)] : formattedText(text))));
  }
  if (n.facts.length) parts.push(list);
  if (n.neighbours.length)
    parts.push(htmlElement("h3", { text: `Linked (${n.neighbours.length.toLocaleString("en")})` }), neighbourList(n));
  if (!n.id.startsWith("_") && /^https?:/.test(n.id) && n.id !== n.link)
    parts.push(htmlElement("h3", { text: "IRI" }), textElement("div", n.id));
  return parts;
}
function actionButtons(n) {
  const act = (text, action, name) =>
    htmlElement("button", { type: "button", text, "data-act": name, on: { click: action } });
  const row = htmlElement("div", { class: "actions" });
  if (n.children.length)
    row.append(
      act(
        state.folded.has(n) ? `Open its ${n.children.length}` : `Close its ${n.children.length}`,
        () => toggleFold(n),
        "fold",
      ),
    );
  else if (state.open.has(n)) row.append(act("Close its neighbours", () => toggleNeighbours(n), "expand"));
  else if (n.neighbours.length)
    row.append(
      act(state.open.size ? "Open its neighbours" : "Only its neighbours", () => toggleNeighbours(n), "expand"),
    );
  if (n.neighbours.length) row.append(act("Path to …", () => startPath(n), "path"));
  if (/^https?:\/\//.test(n.link)) row.append(linkElement(siteName(n.link) + " ↗", n.link));
  return row;
}
function siteName(address) {
  const host = address
    .replace(/^https?:\/\/(www\.)?/, "")
    .split("/")[0]
    .slice(0, 60);
  return (
    { "clinicaltrials.gov": "ClinicalTrials.gov", "meshb.nlm.nih.gov": "MeSH", "pubmed.ncbi.nlm.nih.gov": "PubMed" }[
      host
    ] || host
  );
}
const MAX_NEIGHBOURS = 200;
function neighbourList(n) {
  const list = htmlElement("ul", { class: "neighbours" });
  const ends = n.edges
    .map((e) => ({ e, m: e.a === n ? e.b : e.a }))
    .sort((a, b) => b.e.weight - a.e.weight || a.m.kind - b.m.kind || a.m.index - b.m.index);
  for (const { e, m } of ends.slice(0, MAX_NEIGHBOURS)) {
    const role = e.a === n ? e.label : e.back;
    const what = e.studies.length && !e.label ? formatCount(e.weight, "study", "studies") : role || kinds[m.kind].name;
    list.append(
      htmlElement(
        "li",
        {},
        htmlElement(
          "button",
          {
            type: "button",
            on: {
              click: () => {
                reveal(m);
                selectNode(m);
                centreOn(m);
              },
            },
          },
          kindIcon(m.kind),
          textElement("span", m.label.slice(0, 300), "name"),
          textElement("span", what, "what"),
        ),
      ),
    );
    if (e.studies.length && kinds[m.kind].name !== "Study" && kinds[n.kind].name !== "Study") {
      const links = e.studies.slice(0, 12).map((id) => linkElement(id, STUDY + encodeURIComponent(id)));
      list.lastChild.append(
        htmlElement(
          "div",
          { class: "by" },
          ...links,
          ...(e.weight > links.length ? [`and ${e.weight - links.length} more`] : []),
        ),
      );
    }
  }
  if (ends.length > MAX_NEIGHBOURS)
    list.append(htmlElement("li", { text: `and ${(ends.length - MAX_NEIGHBOURS).toLocaleString("en")} more` }));
  return list;
}
function detourNote() {
  const count = state.detour.length;
  return count ? `Every path passes hidden nodes; this one passes ${count.toLocaleString("en")}.` : "";
}
// A text with its lists: lines that begin with a bullet or a number are items, nested by their indentation.
const ITEM = /^(\s*)(?:[*•·-]|(\d{1,3})[.)])\s+(.*)$/;
function formattedText(text) {
  const lines = text.split("\n");
  if (!lines.some((line) => ITEM.test(line))) return [textElement("span", text)];
  const top = htmlElement("div", { class: "formatted" });
  let open = []; // the lists that are open, the innermost last
  for (const line of lines) {
    const item = ITEM.exec(line);
    if (item) {
      const indent = item[1].length,
        number = item[2];
      while (open.length && open[open.length - 1].indent > indent) open.pop();
      let last = open[open.length - 1];
      if (!last || last.indent < indent || last.ordered !== Boolean(number)) {
        if (last && last.indent === indent) open.pop();
        const parent = open.length ? open[open.length - 1].list.lastChild : top;
        const list = number ? htmlElement("ol", { start: number }) : htmlElement("ul");
        parent.append(list);
        last = { list, indent, ordered: Boolean(number) };
        open.push(last);
      }
      last.list.append(textElement("li", item[3]));
    } else if (line.trim()) {
      open = [];
      top.append(textElement("p", line.trim(), /:$/.test(line.trim()) ? "lead" : ""));
    }
  }
  return [top];
}
// A list of nodes as buttons, each with a remark.
function nodeList(rows) {
  const list = htmlElement("ul", { class: "neighbours" });
  for (const [m, what] of rows)
    list.append(
      htmlElement(
        "li",
        {},
        htmlElement(
          "button",
          {
            type: "button",
            on: {
              click: () => {
                clearPath();
                reveal(m);
                selectNode(m);
                centreOn(m);
              },
            },
          },
          kindIcon(m.kind),
          textElement("span", m.label.slice(0, 300), "name"),
          textElement("span", what, "what"),
        ),
      ),
    );
  return list;
}
function pathDetails(path) {
  const list = nodeList(path.map((m) => [m, state.detour.includes(m) ? reasonHidden(m) : kinds[m.kind].name]));
  const hint = state.detour.length ? [htmlElement("p", { class: "hint", text: detourNote() })] : [];
  return [
    htmlElement("p", { class: "kind", text: "Shortest path" }),
    htmlElement("h2", { text: formatCount(path.length - 1, "step", "steps") }),
    ...hint,
    list,
  ];
}
