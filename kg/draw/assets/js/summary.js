// Buttons of the summary page: theme, and copying of queries.
"use strict";
const dusk = window.matchMedia("(prefers-color-scheme: dark)");
const shade = (dark) => {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
};
shade(dusk.matches);
dusk.addEventListener("change", () => shade(dusk.matches));
document
  .getElementById("theme")
  .addEventListener("click", () => shade(document.documentElement.dataset.theme !== "dark"));
for (const button of document.querySelectorAll("details button"))
  button.addEventListener("click", async () => {
    const pre = button.parentElement.querySelector("pre");
    try {
      await navigator.clipboard.writeText(pre.textContent);
      button.textContent = "Copied";
    } catch {
      const range = document.createRange();
      range.selectNodeContents(pre);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      button.textContent = document.execCommand("copy") ? "Copied" : "Selected";
    }
    setTimeout(() => {
      button.textContent = "Copy";
    }, 1500);
  });
document.documentElement.dataset.ready = "1";
