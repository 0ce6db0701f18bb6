// The network: pointing at a node, or focusing it, leaves only its neighbours in full colour.
export function addNetwork(svg) {
  const nodes = [...svg.querySelectorAll("[data-node]")];
  const lines = [...svg.querySelectorAll("line[data-ends]")];
  const near = (id) => {
    const found = new Set([id]);
    for (const line of lines) {
      const ends = line.dataset.ends.split(" ");
      line.classList.toggle("near", ends.includes(id));
      if (ends.includes(id)) ends.forEach((end) => found.add(end));
    }
    for (const node of nodes) node.classList.toggle("near", found.has(node.dataset.node));
    svg.classList.add("has-focus");
  };
  for (const node of nodes) {
    node.addEventListener("pointerenter", () => near(node.dataset.node));
    node.addEventListener("focusin", () => near(node.dataset.node));
    node.addEventListener("pointerleave", () => svg.classList.remove("has-focus"));
    node.addEventListener("focusout", () => svg.classList.remove("has-focus"));
  }
}
