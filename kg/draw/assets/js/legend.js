// Legend: the kinds with their counts and filters, and the notes of the picture.
function updateLegend() {
  const counts = kinds.map(() => 0);
  for (const n of nodes) if (isAvailable(n)) counts[n.kind]++;
  elementById("kinds").replaceChildren(
    ...kinds.map((kind, k) => {
      const box = htmlElement("input", {
        type: "checkbox",
        "data-kind": kind.name,
        on: {
          change: () => {
            state.hidden[box.checked ? "delete" : "add"](k);
            updateVisible();
            pushHash();
            announce(`${kind.plural} ${box.checked ? "shown" : "hidden"}`);
          },
        },
      });
      box.checked = !state.hidden.has(k);
      const row = htmlElement(
        "label",
        {},
        box,
        kindIcon(k),
        textElement("span", kind.plural, "name"),
        htmlElement("span", { class: "count", text: counts[k].toLocaleString("en") }),
      );
      row.hidden = counts[k] === 0;
      return row;
    }),
  );
}
function updateNotes() {
  elementById("notes").replaceChildren(...data.notes.map((text) => textElement("p", text)));
}
