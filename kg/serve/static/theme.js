// Light or dark: that of the system, or the choice of the reader, which this browser keeps.
"use strict";
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const stored = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // storage is blocked
    }
  };
  const choice = stored();
  if (choice === "light" || choice === "dark") root.dataset.theme = choice;
  addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    if (!button) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      const current = root.dataset.theme || (dark.matches ? "dark" : "light");
      root.dataset.theme = current === "dark" ? "light" : "dark";
      try {
        localStorage.setItem("theme", root.dataset.theme);
      } catch {
        // the choice lasts until the page is left
      }
    });
  });
})();
