// Adds to a page that reads well without it: headings that sort, a field that finds a team, long tables that fold.
"use strict";

const longest = 50; // so many rows of a table are shown at first; the style has the same number

const compare = {
  number: (a, b) => a - b,
  text: (a, b) => a.localeCompare(b, undefined, { sensitivity: "base", numeric: true }),
};

// Numbers and dates start with the greatest, ranks with the first, text with A.
const startsUp = (heading) => heading.classList.contains("rank") || (heading.dataset.sort === "text" && !heading.classList.contains("date"));

// What a cell holds, for comparing: its value where that is not what it shows; of numbers the first.
const textOf = (cell) => cell.dataset.value ?? cell.textContent.trim();
const numberOf = (cell) => textOf(cell) && parseFloat(textOf(cell)).toString();

function sort(table, column, up, kind) {
  const order = compare[kind];
  const value = (row) => (kind === "number" ? numberOf : textOf)(row.cells[column]);
  for (const body of table.tBodies) {
    const rows = [...body.rows].filter((row) => row.cells.length > 1);
    rows.sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      if (!x || !y) return !x - !y; // what is missing stands last, up or down
      return up ? order(x, y) : order(y, x);
    });
    body.append(...rows);
  }
}

function makeSortable(table) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const now = heading.getAttribute("aria-sort");
      const up = now ? now === "descending" : startsUp(heading);
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", up ? "ascending" : "descending");
      sort(table, column, up, heading.dataset.sort);
    });
  });
  headings[0].setAttribute("aria-sort", "ascending");
}

// Some browsers take a table whose rows are cards for no table, unless its parts say what they are.
function sayRoles(table) {
  const say = (role, parts) => [...parts].forEach((part) => part.setAttribute("role", role));
  say("table", [table]);
  say("rowgroup", [table.tHead, ...table.tBodies]);
  say("row", table.rows);
  say("columnheader", table.tHead.querySelectorAll("th"));
  say("rowheader", table.querySelectorAll("tbody th"));
  say("cell", table.querySelectorAll("td"));
  say("img", table.querySelectorAll("svg[aria-label]"));
}

const rows = (table) => table.querySelectorAll("tbody.teams tr").length;

function fold(table) {
  if (rows(table) <= longest) return;
  const more = document.createElement("button");
  more.type = "button";
  more.className = "more";
  more.textContent = `Show all ${rows(table)} teams`;
  more.addEventListener("click", () => {
    const next = table.querySelector(`tbody.teams tr:nth-child(${longest + 1})`);
    table.classList.remove("folded");
    more.remove();
    next.tabIndex = -1;
    next.focus();
  });
  table.classList.add("folded");
  table.after(more);
}

function find(wanted) {
  const needle = wanted.normalize("NFKC").toLocaleLowerCase().trim();
  const names = new Set();
  for (const row of document.querySelectorAll("tbody.teams tr")) {
    const name = row.cells[1] ? textOf(row.cells[1]) : "";
    row.hidden = !name.normalize("NFKC").toLocaleLowerCase().includes(needle);
    if (!row.hidden && name) names.add(name);
  }
  document.querySelectorAll(".more").forEach((more) => {
    more.hidden = Boolean(needle);
    more.previousElementSibling.classList.toggle("folded", !needle);
  });
  document.getElementById("found").textContent = needle ? `${names.size || "no"} team${names.size === 1 ? "" : "s"} found` : "";
}

document.querySelectorAll("table.board").forEach((table) => {
  makeSortable(table);
  sayRoles(table);
  fold(table);
});
document.querySelector(".filter").hidden = false;
document.getElementById("filter").addEventListener("input", (event) => find(event.target.value));
document.documentElement.classList.add("sortable");
