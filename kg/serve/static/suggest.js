// Suggestions below a search box: a list box that the arrow keys and the pointer choose from.
const WAIT = 120;

function element(name, properties = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function address(item, input) {
  if (item.group === "study") return `/study/${encodeURIComponent(item.key)}`;
  const form = input.form;
  const kept = form && form.id === "filters" ? new FormData(form) : new FormData();
  const parameters = new URLSearchParams();
  for (const [name, value] of kept) if (value && !["q", "page", "frame"].includes(name)) parameters.append(name, value);
  if (!parameters.getAll(item.group).includes(item.key)) parameters.append(item.group, item.key);
  return `/studies?${parameters}`;
}

class Suggestions {
  constructor(input) {
    this.input = input;
    this.items = [];
    this.active = -1;
    this.list = element("ul", { id: "suggestions", role: "listbox", "aria-label": "Suggestions", class: "suggestions" });
    this.list.hidden = true;
    input.after(this.list);
    for (const [name, value] of Object.entries({ role: "combobox", "aria-controls": "suggestions", "aria-expanded": "false", "aria-autocomplete": "list" })) input.setAttribute(name, value);
    input.addEventListener("input", () => this.later());
    input.addEventListener("keydown", (event) => this.key(event));
    input.addEventListener("blur", () => setTimeout(() => this.close(), 150));
    input.addEventListener("focus", () => input.value && this.later());
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fetch(), WAIT);
  }

  async fetch() {
    const text = this.input.value.trim();
    this.abort?.abort();
    if (text.length < 2) return this.close();
    this.abort = new AbortController();
    try {
      const response = await fetch(`${this.input.dataset.suggest}?q=${encodeURIComponent(text)}`, { signal: this.abort.signal });
      if (!response.ok) return this.close();
      const items = await response.json();
      if (document.activeElement === this.input) this.show(items);
    } catch {
      // a newer request replaced this one, or the server is away
    }
  }

  show(items) {
    this.items = items;
    this.active = -1;
    this.list.replaceChildren(...items.map((item, i) => this.option(item, i)));
    this.list.hidden = !items.length;
    this.input.setAttribute("aria-expanded", String(items.length > 0));
    this.input.removeAttribute("aria-activedescendant");
  }

  option(item, i) {
    const label = element("span", { class: "label", dir: "auto" }, item.group === "study" ? `${item.key} ${item.label}` : item.label);
    if (item.by) label.append(element("span", { class: "soft" }, ` (${item.by})`));
    const count = item.count ? element("span", { class: "number" }, item.count.toLocaleString("en")) : "";
    const option = element("li", { id: `suggestion-${i}`, role: "option", "aria-selected": "false" }, element("span", { class: "group" }, item.title), label, count);
    option.addEventListener("mousedown", (event) => {
      event.preventDefault();
      this.go(i);
    });
    return option;
  }

  key(event) {
    if (event.key === "Escape") return this.close();
    if (event.key === "Enter" && this.active >= 0) {
      event.preventDefault();
      return this.go(this.active);
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || this.list.hidden) return;
    event.preventDefault();
    const count = this.items.length + 1;
    this.active = ((this.active + 1 + step + count) % count) - 1;
    [...this.list.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === this.active)));
    if (this.active < 0) return this.input.removeAttribute("aria-activedescendant");
    this.input.setAttribute("aria-activedescendant", `suggestion-${this.active}`);
    this.list.children[this.active].scrollIntoView({ block: "nearest" });
  }

  go(i) {
    location.assign(address(this.items[i], this.input));
  }

  close() {
    this.list.hidden = true;
    this.active = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }
}

for (const input of document.querySelectorAll("input[data-suggest]")) new Suggestions(input);
