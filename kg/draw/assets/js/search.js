// Search with suggestions.
const normalizeText = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const search = elementById("search"),
  suggestionList = elementById("suggestions");
let texts = null,
  suggestions = [],
  activeIndex = -1;
function searchNodes(text) {
  const query = normalizeText(text.trim());
  if (!query) return [];
  texts = texts || nodes.map((n) => normalizeText(n.label.slice(0, 300) + " " + n.id.slice(0, 300)));
  const ranked = [];
  nodes.forEach((n, i) => {
    const at = texts[i].indexOf(query);
    if (at >= 0) ranked.push([at === 0 ? 0 : /[\s/(-]/.test(texts[i][at - 1]) ? 1 : 2, -n.size, i]);
  });
  return ranked
    .sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2])
    .slice(0, 12)
    .map((r) => nodes[r[2]]);
}
function updateSuggestions() {
  suggestions = searchNodes(search.value);
  activeIndex = suggestions.length ? 0 : -1;
  suggestionList.replaceChildren(
    ...suggestions.map((n, i) =>
      htmlElement(
        "li",
        {
          role: "option",
          id: `suggestion-${i}`,
          "aria-selected": i === 0 ? "true" : "false",
          on: {
            pointerdown: (event) => {
              event.preventDefault();
              chooseSuggestion(i);
            },
          },
        },
        kindIcon(n.kind),
        textElement("span", n.label.slice(0, 300), "name"),
        textElement("span", kinds[n.kind].name, "what"),
      ),
    ),
  );
  if (search.value.trim() && !suggestions.length)
    suggestionList.append(htmlElement("li", { text: "Nothing of that name in the picture" }));
  suggestionList.hidden = !search.value.trim();
  search.setAttribute("aria-expanded", String(!suggestionList.hidden));
  markActiveSuggestion();
}
function markActiveSuggestion() {
  [...suggestionList.children].forEach((li, i) => li.setAttribute("aria-selected", String(i === activeIndex)));
  if (activeIndex >= 0) {
    search.setAttribute("aria-activedescendant", `suggestion-${activeIndex}`);
    suggestionList.children[activeIndex].scrollIntoView({ block: "nearest" });
  } else search.removeAttribute("aria-activedescendant");
}
function chooseSuggestion(i) {
  const n = suggestions[i];
  if (!n) return;
  search.value = "";
  updateSuggestions();
  reveal(n);
  selectNode(n);
  centreOn(n);
}
search.addEventListener("input", updateSuggestions);
search.addEventListener("blur", () => {
  suggestionList.hidden = true;
  search.setAttribute("aria-expanded", "false");
});
search.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (suggestions.length) {
      activeIndex = (activeIndex + (event.key === "ArrowDown" ? 1 : suggestions.length - 1)) % suggestions.length;
      markActiveSuggestion();
    }
  } else if (event.key === "Enter") {
    event.preventDefault();
    chooseSuggestion(activeIndex);
    canvas.focus();
  }
});
