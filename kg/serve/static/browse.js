// The list of studies without reloading: each change of the filters or click on a link fetches the page of the new
// state and replaces what differs. The URL is the state, so going back, reloading and sharing work.
import { addBrush } from "./brush.js";
import { addMap } from "./map.js";
import { addNetwork } from "./network.js";

const WIDE = matchMedia("(min-width: 901px)");
let abort;

function filters() {
  return document.getElementById("filters");
}

function addressOfForm() {
  const parameters = new URLSearchParams();
  for (const [name, value] of new FormData(filters())) if (value.trim()) parameters.append(name, value);
  const query = parameters.toString();
  return filters().getAttribute("action") + (query ? `?${query}` : "");
}

function openFacets() {
  return new Map([...document.querySelectorAll("details[id]")].map((item) => [item.id, item.open]));
}

async function show(address, { push = true, focus = "" } = {}) {
  abort?.abort();
  abort = new AbortController();
  const results = document.querySelector(".results-of-list");
  results.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(address, { signal: abort.signal });
    const text = await response.text();
    const page = new DOMParser().parseFromString(text, "text/html");
    const next = page.getElementById("browse");
    if (!next || response.redirected) return location.assign(address); // another page, or an error
    replace(page, next, focus);
    if (push) history.pushState(null, "", address);
  } catch (error) {
    if (error.name !== "AbortError") location.assign(address);
  }
}

function replace(page, next, focus) {
  const open = openFacets();
  const focused = focus || document.activeElement?.id || keyOf(document.activeElement);
  document.title = page.title;
  const search = document.getElementById("q");
  const value = page.getElementById("q")?.value ?? "";
  if (document.activeElement !== search) search.value = value;
  document.getElementById("browse").replaceWith(document.adoptNode(next));
  for (const [id, state] of open) {
    const item = document.getElementById(id);
    if (item) item.open = state;
  }
  enhance();
  const again = document.getElementById(focused) ?? [...document.querySelectorAll("#browse a, #browse input, #browse button")].find((item) => keyOf(item) === focused);
  again?.focus({ preventScroll: true });
}

function keyOf(item) {
  if (!item?.closest?.("#browse")) return "";
  return `${item.tagName} ${item.name ?? ""} ${item.value ?? ""} ${item.getAttribute("aria-label") ?? item.textContent}`;
}

function changed(event) {
  if (event.target.form === filters() && event.target.id !== "q") show(addressOfForm());
}

function clicked(event) {
  const link = event.target.closest?.("#browse a[href]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const url = new URL(link.href, location.href);
  if (link.hasAttribute("download") || url.origin !== location.origin || url.pathname !== location.pathname) return;
  event.preventDefault();
  const isPage = link.closest(".pages");
  show(url.pathname + url.search, { focus: isPage ? "main" : "" }).then(() => isPage && scrollTo(0, 0));
}

function submitted(event) {
  if (event.target !== filters()) return;
  event.preventDefault();
  show(addressOfForm());
}

function enhance() {
  const all = document.getElementById("all-filters");
  if (!all.dataset.set) {
    all.open = WIDE.matches;
    all.dataset.set = "1";
  }
  for (const histogram of document.querySelectorAll(".histogram")) addBrush(histogram, filters());
  const map = document.querySelector(".map-frame");
  if (map) addMap(map, show);
  const network = document.querySelector(".network");
  if (network) addNetwork(network);
  document.documentElement.dataset.ready = "1";
}

document.documentElement.classList.add("js");
document.addEventListener("change", changed);
document.addEventListener("click", clicked);
document.addEventListener("submit", submitted);
WIDE.addEventListener("change", () => (document.getElementById("all-filters").open = WIDE.matches));
addEventListener("popstate", () => show(location.pathname + location.search, { push: false }));
enhance();
