// A range of a histogram, chosen by dragging over it, or with two handles and the arrow keys.
function element(name, properties) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) node.setAttribute(key, value);
  return node;
}

class Brush {
  constructor(histogram, form) {
    this.histogram = histogram;
    this.key = histogram.dataset.key;
    this.lows = histogram.dataset.lows.split(",").map(Number);
    this.highs = histogram.dataset.highs.split(",").map((text) => (text === "" ? null : Number(text)));
    this.inputs = ["from", "to"].map((end) => form.elements[`${this.key}_${end}`]);
    this.build();
    this.range = this.current();
    this.draw();
  }

  build() {
    this.box = element("div", { class: "brush" });
    this.span = element("div", { class: "span" });
    this.output = element("output", { "aria-hidden": "true" });
    this.handles = ["first", "last"].map((end, i) => {
      const handle = element("button", { type: "button", class: "handle", role: "slider", "aria-label": `${this.inputs[i].labels[0]?.textContent.trim() || end}`, id: `brush-${this.key}-${i}` });
      handle.addEventListener("keydown", (event) => this.onKey(event, i));
      handle.addEventListener("pointerdown", (event) => this.onDrag(event, i));
      return handle;
    });
    this.box.append(this.span, ...this.handles, this.output);
    this.box.addEventListener("pointerdown", (event) => this.onStart(event));
    this.histogram.append(this.box);
  }

  current() {
    const [from, to] = this.inputs.map((input) => (input.value === "" ? null : Number(input.value)));
    let first = 0;
    let last = this.lows.length - 1;
    if (from !== null) while (first < last && this.lows[first] < from) first += 1;
    if (to !== null) while (last > first && (this.highs[last] === null || this.highs[last] > to) && this.lows[last] > to) last -= 1;
    return [first, last];
  }

  draw() {
    const count = this.lows.length;
    const [first, last] = this.range;
    this.span.style.left = `${(100 * first) / count}%`;
    this.span.style.width = `${(100 * (last - first + 1)) / count}%`;
    this.handles[0].style.left = `${(100 * first) / count}%`;
    this.handles[1].style.left = `${(100 * (last + 1)) / count}%`;
    this.span.hidden = first === 0 && last === count - 1;
    this.handles.forEach((handle, i) => {
      handle.setAttribute("aria-valuemin", this.lows[0]);
      handle.setAttribute("aria-valuemax", this.highs[count - 1] ?? this.lows[count - 1]);
      handle.setAttribute("aria-valuenow", i ? (this.highs[last] ?? this.lows[last]) : this.lows[first]);
      handle.setAttribute("aria-valuetext", i && this.highs[last] === null && this.key !== "start" ? `${this.lows[last]} or more` : String(i ? (this.key === "start" ? this.lows[last] : this.highs[last]) : this.lows[first]));
    });
  }

  at(event) {
    const box = this.box.getBoundingClientRect();
    const place = Math.floor(((event.clientX - box.left) / box.width) * this.lows.length);
    return Math.min(Math.max(place, 0), this.lows.length - 1);
  }

  follow(event, move, end) {
    event.preventDefault();
    this.box.setPointerCapture(event.pointerId);
    const stop = (last) => {
      this.box.removeEventListener("pointermove", move);
      this.box.removeEventListener("pointerup", stop);
      this.box.removeEventListener("pointercancel", stop);
      this.output.textContent = "";
      end(last);
    };
    this.box.addEventListener("pointermove", move);
    this.box.addEventListener("pointerup", stop);
    this.box.addEventListener("pointercancel", stop);
  }

  set(range) {
    this.range = [Math.min(...range), Math.max(...range)];
    this.draw();
    const [first, last] = this.range;
    const high = this.key === "start" ? this.lows[last] : this.highs[last];
    this.output.textContent = high === null ? `from ${this.lows[first]}` : `${this.lows[first]} – ${high}`;
  }

  onStart(event) {
    if (event.button || event.target.classList.contains("handle")) return;
    const begin = this.at(event);
    this.set([begin, begin]);
    this.follow(event, (next) => this.set([begin, this.at(next)]), () => this.apply());
  }

  onDrag(event, i) {
    if (event.button) return;
    event.stopPropagation();
    this.handles[i].focus();
    const other = this.range[1 - i];
    this.follow(event, (next) => this.set(i ? [other, this.at(next)] : [this.at(next), other]), () => this.apply());
  }

  onKey(event, i) {
    const last = this.lows.length - 1;
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: 5, PageDown: -5, Home: -last, End: last }[event.key];
    if (!step) return;
    event.preventDefault();
    const range = [...this.range];
    range[i] = Math.min(Math.max(range[i] + step, i ? range[0] : 0), i ? last : range[1]);
    this.set(range);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.apply(), 350);
  }

  apply() {
    const [first, last] = this.range;
    const high = this.key === "start" ? this.lows[last] : this.highs[last];
    this.inputs[0].value = first === 0 ? "" : this.lows[first];
    this.inputs[1].value = last === this.lows.length - 1 || high === null ? "" : high;
    this.inputs[1].dispatchEvent(new Event("change", { bubbles: true }));
  }
}

export function addBrush(histogram, form) {
  if (!histogram.dataset.lows || histogram.querySelector(".brush")) return;
  new Brush(histogram, form);
}
