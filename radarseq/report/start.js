"use strict";
// Connects the parts of the page: theme button, decision table, view of one object or recording.

function themeButton(button) {
  const themes = ["auto", "light", "dark"];
  let theme = "auto";
  button.addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
  });
  button.hidden = false;
}

function start() {
  themeButton(document.getElementById("theme"));
  const table = document.getElementById("capture-table");
  if (!table) return;
  const data = document.getElementById("capture-views");
  if (data) document.getElementById("view").hidden = false;
  const draw = data ? waterfall(JSON.parse(data.textContent)) : () => {};
  const title = document.getElementById("view-title");
  const facts = document.getElementById("view-facts");
  const names = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  const rows = decisionTable(table, (row) => {
    const cells = [...row.cells].map((cell) => cell.textContent.trim());
    if (title) {
      title.textContent = cells[0];
      const known = cells.map((text, i) => [names[i], text]).slice(1).filter(([, text]) => text !== MISSING);
      facts.textContent = known.map(([name, text]) => `${name}: ${text}`).join(" \u00b7 ");
    }
    draw(Number(row.dataset.index));
  });
  document.getElementById("previous")?.addEventListener("click", () => rows.step(-1));
  document.getElementById("next")?.addEventListener("click", () => rows.step(1));
}

if (typeof document !== "undefined") start();
