// The desk's own few lines: countdowns, the viewer's own time, keys, and news. Everything works without them.
"use strict";

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

function left(until) {
  const rest = new Date(until) - Date.now();
  if (rest <= 0) return "";
  const days = Math.floor(rest / DAY), hours = Math.floor((rest % DAY) / HOUR), minutes = Math.floor((rest % HOUR) / MINUTE);
  return days > 1 ? `${days} d ${hours} h` : `${days * 24 + hours} h ${minutes} min`;
}

function tick() {
  for (const one of document.querySelectorAll("[data-countdown]")) {
    const rest = left(one.dataset.countdown);
    one.textContent = rest && one.dataset.says.replace("…", rest);
  }
  const own = new Intl.DateTimeFormat("sv", { dateStyle: "short", timeStyle: "short" }); // as the other columns: 2026-05-09 16:00
  for (const one of document.querySelectorAll("[data-local]")) one.textContent = own.format(new Date(one.dataset.local));
}

for (const one of document.querySelectorAll("[data-own-zone]")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  one.href = `/dates?zone=${encodeURIComponent(zone)}`;
  one.textContent += ` (${zone})`;
  one.hidden = false;
}

function move(step) {
  const rows = [...document.querySelectorAll("[data-row]")];
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.classList.contains("here"));
  const next = rows[Math.min(Math.max(at + step, 0), rows.length - 1)];
  rows.forEach((row) => row.classList.remove("here"));
  next.classList.add("here");
  next.scrollIntoView({ block: "nearest" });
  next.querySelector("a")?.focus({ preventScroll: true });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, textarea, select, dialog")) return;
  const keys = {
    "/": () => (document.querySelector("[data-search]") ?? document.querySelector("[data-find]"))?.focus(),
    j: () => move(1),
    k: () => move(-1),
    "?": () => document.getElementById("keys").showModal(),
  };
  if (keys[event.key]) {
    event.preventDefault();
    keys[event.key]();
  }
});

document.addEventListener("htmx:sendError", () => {
  for (const one of document.querySelectorAll("[data-unanswered]")) one.hidden = false;
});

tick();
setInterval(tick, 30 * SECOND);
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, xhr } = event.detail;
  if (xhr.status < 400 || !["live", "job", "now"].includes(target.id)) return;
  if (target.id === "now") event.detail.selectOverride = "#trouble";
  else event.detail.shouldSwap = false; // it stays as it was, and asks again
  for (const one of document.querySelectorAll("[data-cut]")) one.hidden = false;
});
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); }); // by going back: it is as it was
document.addEventListener("htmx:afterSwap", (event) => {
  tick();
  if (event.detail.target.id === "live") document.querySelector("[data-cut]").hidden = true;
  if (["live", "job", "now"].includes(event.detail.target.id)) return;
  const answer = document.querySelector("#main [role=alert]:not([hidden]), #main .effect, #main [role=status]"); // of the form
  if (!answer) return;
  answer.tabIndex = -1;
  answer.focus();
});

const shown = document.getElementById("live");
if (shown) {
  const stream = new EventSource(`/live?since=${encodeURIComponent(shown.dataset.mark)}`);
  const news = () => document.body.dispatchEvent(new Event("news"));
  stream.addEventListener("news", news);
  document.addEventListener("htmx:beforeSwap", (event) => {
    const page = event.detail.target;
    if (page.id !== "live" || !page.querySelector(":active")) return;
    event.detail.shouldSwap = false; // a link that is being pressed would be taken away under the finger
    setTimeout(news, SECOND);
  });
  const cut = document.querySelector("[data-cut]");
  stream.addEventListener("open", () => { cut.hidden = true; });
  stream.addEventListener("error", () => setTimeout(() => { cut.hidden = stream.readyState === EventSource.OPEN; }, 10 * SECOND)); // one that ended in time comes back sooner
  addEventListener("pagehide", () => stream.close());
}
