// The SPARQL page: the editor in place of the text area, answers without reloading, and a search in the library.
const form = document.getElementById("query-form");
const area = document.getElementById("query");
const answer = document.getElementById("answer");
const stop = document.getElementById("stop");
let editor = null;
let abort = null;

const text = () => (editor ? editor.text() : area.value);

async function run(view = "") {
  abort?.abort();
  abort = new AbortController();
  const query = text();
  if (!query.trim()) return;
  const parameters = new URLSearchParams({ query });
  if (view) parameters.set("view", view);
  answer.setAttribute("aria-busy", "true");
  stop.hidden = false;
  try {
    const response = await fetch(`${form.dataset.answer}?${parameters}`, { signal: abort.signal });
    const content = await response.text();
    if (response.headers.get("content-type")?.startsWith("text/html")) show(new DOMParser().parseFromString(content, "text/html"));
    else problem(content);
    const address = `${form.getAttribute("action")}?${parameters}`;
    if (address.length < 8000) history.pushState(null, "", address);
  } catch (error) {
    if (error.name === "AbortError") return;
    problem("The server did not answer.");
  } finally {
    if (!abort?.signal.aborted) done();
  }
}

function done() {
  answer.removeAttribute("aria-busy");
  stop.hidden = true;
}

function show(page) {
  answer.replaceChildren(...[...page.body.childNodes].map((node) => document.adoptNode(node)));
  mark();
}

function problem(sentence) {
  const box = document.createElement("div");
  box.className = "panel problem";
  box.setAttribute("role", "alert");
  const content = document.createElement("pre");
  content.textContent = sentence;
  box.append(content);
  answer.replaceChildren(box);
}

function mark() {
  const message = document.getElementById("error")?.textContent ?? "";
  const place = message.match(/line (\d+), column (\d+)/);
  editor?.mark(place ? Number(place[1]) : 0, place ? Number(place[2]) : 0, message.split("\n")[0]);
}

function library() {
  const box = document.getElementById("find");
  const wide = matchMedia("(min-width: 901px)");
  document.getElementById("library").open = wide.matches;
  wide.addEventListener("change", () => (document.getElementById("library").open = wide.matches));
  box.hidden = false;
  box.firstElementChild.addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/);
    for (const link of document.querySelectorAll(".library a")) {
      const content = `${link.textContent} ${link.title} ${link.dataset.words}`.toLowerCase();
      link.parentElement.hidden = !words.every((word) => content.includes(word));
    }
    for (const section of document.querySelectorAll(".library section")) section.hidden = !section.querySelector("li:not([hidden])");
  });
}

// Fields for terms: the words of a name are completed to the key of a term.
async function terms(input) {
  const list = document.createElement("datalist");
  list.id = `${input.id}_terms`;
  input.setAttribute("list", list.id);
  input.after(list);
  const wanted = /mesh/.test(input.placeholder) ? ["condition", "intervention"] : /country/.test(input.placeholder) ? ["country"] : /study|NCT/.test(input.placeholder + input.name) ? ["study"] : /org/.test(input.placeholder) ? ["sponsor"] : [];
  if (!wanted.length) return;
  input.addEventListener("input", async () => {
    const word = input.value.trim();
    if (word.length < 2) return;
    const response = await fetch(`${input.dataset.terms}?q=${encodeURIComponent(word)}`);
    if (!response.ok) return;
    const items = (await response.json()).filter((item) => wanted.includes(item.group));
    list.replaceChildren(...items.map((item) => new Option(item.label, item.key)));
  });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
stop.addEventListener("click", () => {
  abort?.abort();
  done();
});
answer.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-view]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  run(link.dataset.view);
});
addEventListener("popstate", () => location.reload());
library();
document.querySelectorAll("input[data-terms]").forEach(terms);

try {
  const { createEditor } = await import(form.dataset.editor);
  editor = await createEditor(area, { run, completions: form.dataset.completions, suggest: form.dataset.suggest });
  document.getElementById("keys").hidden = false;
  mark();
} catch (error) {
  console.warn(`The editor is not available: ${error.message}`); // the text area stays
}
document.documentElement.dataset.ready = "1";
