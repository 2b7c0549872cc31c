"use strict";
// The decision table: sorting, filters with counts, selection of a row. The upper half does not
// use the document, so that it can be tested without a browser.

const MISSING = "\u2013";
const collator = new Intl.Collator(undefined, { numeric: true });

/** Sort key of a cell: a number where its text is one, with or without percent sign. */
function sortKey(text) {
  const trimmed = text.trim();
  const bare = trimmed.replace(/\s/gu, "").replace(/%$/u, "").replace("\u2212", "-");
  const number = /^-?\d+(\.\d+)?$/u.test(bare) ? Number(bare) : NaN;
  return { text: trimmed, number, missing: trimmed === "" || trimmed === MISSING };
}

/** Order of two keys; what is missing comes last in either direction. */
function compareKeys(a, b, sign) {
  if (a.missing || b.missing) return a.missing - b.missing;
  const difference = a.number - b.number;
  return sign * (Number.isNaN(difference) ? collator.compare(a.text, b.text) : difference);
}

/** True if a row has all words and the wanted value of every facet except one. */
function matches(row, words, wanted, except) {
  for (const facet in wanted) {
    if (facet !== except && wanted[facet] !== "" && row.facets[facet] !== wanted[facet]) return false;
  }
  return words.every((word) => row.text.includes(word));
}

/** Number of rows with each value of a facet, under the other filters. */
function countValues(rows, words, wanted, facet) {
  const counts = new Map(rows.map((row) => [row.facets[facet], 0]));
  for (const row of rows) {
    if (matches(row, words, wanted, facet)) {
      counts.set(row.facets[facet], counts.get(row.facets[facet]) + 1);
    }
  }
  return counts;
}

/** A count with separated thousands, as in the rest of the page. */
const counted = (count) => count.toLocaleString("en").replaceAll(",", "\u202f");
const wordsOf = (text) => text.toLowerCase().split(/\s+/u).filter(Boolean);

// The document from here on.

function decisionTable(table, onSelect) {
  const body = table.tBodies[0];
  const headers = [...table.tHead.rows[0].cells];
  const rows = [...body.rows].map((element) => ({
    element,
    keys: [...element.cells].map((cell) => sortKey(cell.textContent)),
    text: element.textContent.toLowerCase(),
    facets: { ...element.dataset },
  }));
  const form = document.getElementById("filters");
  const selects = [...form.querySelectorAll("select")];
  const search = form.elements.search;
  const noun = headers[0].textContent.trim().toLowerCase();
  let order = rows;
  let visible = rows;
  let selected = null;

  function sortBy(column) {
    const ascending = headers[column].getAttribute("aria-sort") !== "ascending";
    headers.forEach((header, place) => header.setAttribute(
      "aria-sort", place !== column ? "none" : ascending ? "ascending" : "descending"));
    order = [...rows].sort((a, b) => compareKeys(a.keys[column], b.keys[column], ascending ? 1 : -1));
    body.append(...order.map((row) => row.element));
    visible = order.filter((row) => !row.element.hidden);
  }

  function filter() {
    const words = wordsOf(search.value);
    const wanted = Object.fromEntries(selects.map((select) => [select.name, select.value]));
    for (const row of rows) row.element.hidden = !matches(row, words, wanted, null);
    visible = order.filter((row) => !row.element.hidden);
    for (const select of selects) {
      const counts = countValues(rows, words, wanted, select.name);
      let all = 0;
      for (const count of counts.values()) all += count;
      for (const option of select.options) {
        const count = option.value === "" ? all : counts.get(option.value) ?? 0;
        option.textContent = `${option.dataset.name} (${counted(count)})`;
      }
    }
    document.getElementById("visible-rows").textContent =
      `${counted(visible.length)} of ${counted(rows.length)} ${noun}s`;
    form.elements.reset.hidden = visible.length === rows.length;
    if (visible.length && !visible.includes(selected)) select(visible[0], false);
  }

  function select(row, focus) {
    const button = row.element.querySelector("button");
    const before = selected?.element.querySelector("button");
    before?.removeAttribute("aria-current");
    before?.setAttribute("tabindex", -1);
    button?.setAttribute("aria-current", "true");
    button?.setAttribute("tabindex", 0); // one stop of the tab key; arrows move on from there
    selected = row;
    if (focus && button) {
      button.focus({ preventScroll: true });
      row.element.scrollIntoView({ block: "nearest" });
    }
    onSelect(row.element);
  }

  /** Move the selection through the visible rows. */
  function step(by) {
    const place = visible.indexOf(selected);
    const next = visible[Math.min(Math.max(place + by, 0), visible.length - 1)];
    if (next) select(next, true);
  }

  headers.forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    button.addEventListener("click", () => sortBy(column));
    header.append(button);
  });
  body.addEventListener("click", (event) => {
    const element = event.target.closest("tr");
    const row = rows.find((one) => one.element === element);
    if (row && String(getSelection()) === "") select(row, false);
  });
  body.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (by) {
      event.preventDefault();
      step(by);
    }
  });
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  for (const button of body.querySelectorAll("button")) button.setAttribute("tabindex", -1);
  form.hidden = false;
  filter();
  return { step };
}
