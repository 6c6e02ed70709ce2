// Adds to a page that reads well without it: headings that sort, and a field that finds a team.
"use strict";

const compare = {
  number: (a, b) => Number(a) - Number(b),
  text: (a, b) => a.localeCompare(b, undefined, { sensitivity: "base", numeric: true }),
};

// Numbers and dates start with the greatest, ranks with the first, text with A.
const startsUp = (heading) => heading.dataset.sort === "text" || heading.classList.contains("rank");

// What a cell holds, for comparing: its value where that is not what it shows.
const valueOf = (cell) => cell.dataset.value ?? cell.textContent.trim();

function sort(table, column, up, order) {
  const value = (row) => valueOf(row.cells[column]);
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
      sort(table, column, up, compare[heading.dataset.sort]);
    });
  });
  headings[0].setAttribute("aria-sort", "ascending");
}

function find(wanted) {
  const needle = wanted.normalize("NFKC").toLocaleLowerCase().trim();
  const names = new Set();
  for (const row of document.querySelectorAll("tbody.teams tr")) {
    const name = row.cells[1] ? valueOf(row.cells[1]) : "";
    row.hidden = !name.normalize("NFKC").toLocaleLowerCase().includes(needle);
    if (!row.hidden && name) names.add(name);
  }
  document.getElementById("found").textContent = needle ? `${names.size || "no"} team${names.size === 1 ? "" : "s"} found` : "";
}

document.querySelectorAll("table").forEach(makeSortable);
document.querySelector(".filter").hidden = false;
document.getElementById("filter").addEventListener("input", (event) => find(event.target.value));
document.documentElement.classList.add("sortable");
