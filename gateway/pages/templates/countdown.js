// Counts down what is left by the operator's clock, and keeps the page up to date. Without it the page is
// whole, as of the moment it was loaded.
"use strict";
(() => {
  const TICK_MS = 250;
  const LOOK_MS = 5000;
  const SOON_MS = 1000; // when something ended: so long the gateway may take over it
  const clock = document.getElementById("clock");
  const button = document.getElementById("pause");
  const status = document.getElementById("follow");
  const again = document.getElementById("again");
  // Operator time when the page was made, and the browser's own stopwatch then: its clock is never asked.
  let now, base;
  let paused = false;
  let looking = false;
  let next = 0;

  const set = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };

  function read(from, at) {
    now = Number(from.dataset.now);
    base = at;
    Object.assign(clock.dataset, { now: from.dataset.now, runs: from.dataset.runs, zone: from.dataset.zone });
    clock.dateTime = from.dateTime;
    clock.textContent = from.textContent;
    next = at + LOOK_MS;
  }

  const moment = () => (clock.dataset.runs === "true" ? now + performance.now() - base : now);

  function two(number) {
    return String(number).padStart(2, "0");
  }

  function left(ms) {
    const seconds = Math.max(0, Math.ceil(ms / 1000));
    return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  }

  function show() {
    const at = moment();
    if (clock.dataset.runs === "true") {
      const local = new Date(at + Number(clock.dataset.zone) * 1000).toISOString();
      set(clock, clock.textContent.replace(/\d\d:\d\d:\d\d$/, local.slice(11, 19)));
    }
    for (const cell of document.querySelectorAll("[data-ends]")) {
      const rest = Number(cell.dataset.ends) - at;
      const text = left(rest);
      if (rest <= 0 && cell.textContent !== text) next = Math.min(next, performance.now() + SOON_MS);
      set(cell, text);
    }
  }

  // What counts down differs each time and is no reason to put anything anew.
  function bare(part) {
    const copy = part.cloneNode(true);
    for (const cell of copy.querySelectorAll("[data-ends]")) cell.textContent = "";
    return copy.innerHTML;
  }

  function replace(fresh) {
    for (const part of document.querySelectorAll("[data-part]")) {
      const other = fresh.getElementById(part.id);
      if (other === null || bare(part) === bare(other)) continue;
      const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
      part.replaceChildren(...other.childNodes);
      if (focused) (document.getElementById(focused) || document.getElementById("main")).focus();
    }
  }

  async function look() {
    looking = true;
    next = performance.now() + LOOK_MS;
    try {
      const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(LOOK_MS) });
      const at = performance.now();
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const other = fresh.getElementById("clock"); // a page about a problem has none
      if (other === null) throw new Error(String(answer.status));
      if (!paused) {
        read(other, at);
        replace(fresh);
        show();
      }
      set(status, "");
    } catch {
      set(status, "The gateway does not answer. What stands here may be old.");
    }
    looking = false;
  }

  function tick() {
    if (paused || document.hidden) return;
    show();
    if (!looking && performance.now() >= next) look();
  }

  function pause() {
    paused = !paused;
    button.textContent = paused ? "Go on" : "Pause";
    set(status, paused ? "Nothing moves until you go on." : "");
    next = 0;
    tick();
  }

  const loaded = performance.getEntriesByType("navigation")[0];
  read(clock, loaded ? loaded.responseStart : 0);
  button.hidden = false;
  again.hidden = true;
  button.addEventListener("click", pause);
  document.addEventListener("visibilitychange", () => { next = 0; tick(); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) { next = 0; tick(); } });
  setInterval(tick, TICK_MS);
  tick();
})();
