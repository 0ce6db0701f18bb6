// The map: dragging, the wheel, two fingers and keys move its frame; the server draws the circles of the new frame.
const WAIT = 220;

class PanZoom {
  constructor(frame, show) {
    this.frame = frame;
    this.show = show;
    this.svg = frame.querySelector("svg");
    this.box = frame.dataset.frame.split(",").map(Number);
    [this.width, this.height] = this.svg.viewBox.baseVal ? [this.svg.viewBox.baseVal.width, this.svg.viewBox.baseVal.height] : [1000, 560];
    this.view = { x: 0, y: 0, k: 1 };
    this.pointers = new Map();
    this.svg.setAttribute("tabindex", "0");
    this.svg.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    this.svg.addEventListener("pointerdown", (event) => this.onDown(event));
    this.svg.addEventListener("keydown", (event) => this.onKey(event));
    this.svg.addEventListener("click", (event) => this.moved && (event.preventDefault(), event.stopPropagation()), true);
  }

  point(event) {
    const box = this.svg.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * this.width, ((event.clientY - box.top) / box.height) * this.height];
  }

  zoom(factor, [x, y]) {
    const k = Math.min(Math.max(this.view.k * factor, this.box[2] / 2300), this.box[2] / 24);
    const change = k / this.view.k;
    this.view = { x: x - (x - this.view.x) * change, y: y - (y - this.view.y) * change, k };
    this.draw();
  }

  draw() {
    const { x, y, k } = this.view;
    this.svg.viewBox.baseVal.x = -x / k;
    this.svg.viewBox.baseVal.y = -y / k;
    this.svg.viewBox.baseVal.width = this.width / k;
    this.svg.viewBox.baseVal.height = this.height / k;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.pointers.size || this.commit(), WAIT);
  }

  commit() {
    const { x, y, k } = this.view;
    const scale = this.box[2] / this.width;
    const next = [this.box[0] - (x / k) * scale, this.box[1] - (y / k) * scale, this.box[2] / k].map(Math.round);
    if (next.every((value, i) => value === this.box[i])) return;
    const url = new URL(location.href);
    url.searchParams.set("frame", next.join(","));
    this.show(url.pathname + url.search, { focus: document.activeElement === this.svg ? "study-map" : "" });
  }

  onWheel(event) {
    if (!event.ctrlKey && !event.metaKey && document.activeElement !== this.svg) return; // scrolling the page goes on
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY * 0.0018), this.point(event));
  }

  onDown(event) {
    if (event.button) return;
    this.moved = false;
    this.pointers.set(event.pointerId, this.point(event));
    const move = (next) => this.onMove(next);
    const up = (last) => {
      this.pointers.delete(last.pointerId);
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", up);
      removeEventListener("pointercancel", up);
      this.frame.classList.remove("dragging");
      if (this.moved) this.draw();
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", up);
    addEventListener("pointercancel", up);
    if (event.pointerType === "mouse") event.preventDefault();
    this.svg.focus({ preventScroll: true });
  }

  onMove(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = this.point(event);
    if (!this.moved && Math.hypot(now[0] - before[0], now[1] - before[1]) < 4) return;
    this.moved = true;
    this.frame.classList.add("dragging");
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const ratio = Math.hypot(now[0] - other[0], now[1] - other[1]) / Math.max(Math.hypot(before[0] - other[0], before[1] - other[1]), 1);
      this.zoom(ratio, other);
    } else {
      this.view.x += now[0] - before[0];
      this.view.y += now[1] - before[1];
      this.draw();
    }
    this.pointers.set(event.pointerId, now);
  }

  onKey(event) {
    const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
    const factor = { "+": 1.5, "=": 1.5, "-": 1 / 1.5 }[event.key];
    if ((!step && !factor) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (factor) return this.zoom(factor, [this.width / 2, this.height / 2]);
    this.view.x += step[0];
    this.view.y += step[1];
    this.draw();
  }
}

export function addMap(frame, show) {
  const svg = frame.querySelector("svg");
  svg.id = "study-map";
  new PanZoom(frame, show);
}
