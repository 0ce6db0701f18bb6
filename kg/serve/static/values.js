// A box that narrows the list of values down while its reader types.
const box = document.getElementById("find");
const items = [...document.querySelectorAll("#values li")];
const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const texts = items.map((item) => fold(item.textContent));
box.hidden = items.length < 20;
box.firstElementChild.addEventListener("input", (event) => {
  const words = fold(event.target.value).split(/\s+/);
  items.forEach((item, i) => (item.hidden = !words.every((word) => texts[i].includes(word))));
});
