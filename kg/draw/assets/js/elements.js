// HTML elements. Data is inserted as text, never as markup.
const elementById = (id) => document.getElementById(id);
function htmlElement(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
    else if (name === "text") node.textContent = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}
// A text from the data, isolated from the writing direction of its surroundings.
function textElement(tag, text, name = "") {
  return htmlElement(tag, { text, dir: "auto", ...(name ? { class: name } : {}) });
}
// Only http and https URLs become links.
function linkElement(text, address) {
  const isWebUrl = /^https?:\/\//.test(address);
  return isWebUrl
    ? htmlElement("a", { href: address, target: "_blank", rel: "noopener noreferrer", text, dir: "auto" })
    : textElement("span", text);
}
function kindIcon(k) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  node.setAttribute("viewBox", "-10 -10 20 20");
  node.setAttribute("class", "kind-icon");
  node.setAttribute("aria-hidden", "true");
  const { shape, colour } = kinds[k];
  const mark = document.createElementNS(node.namespaceURI, POLYGONS[shape] ? "polygon" : "circle");
  if (POLYGONS[shape])
    mark.setAttribute("points", polygonCorners(shape, 0, shape === "triangle" ? 1.5 : 0, 7).join(" "));
  else mark.setAttribute("r", shape === "ring" ? 6 : 7);
  mark.setAttribute("fill", shape === "ring" ? "none" : colour);
  mark.setAttribute("stroke", colour);
  mark.setAttribute("stroke-width", shape === "ring" ? 3 : 1);
  node.append(mark);
  return node;
}
function formatCount(n, one, many) {
  return `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
}
function announce(text) {
  elementById("announcements").textContent = text;
}
