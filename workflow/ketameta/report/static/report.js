"use strict";
/* Makes the pages better, not readable: without it every link still leads to the same content. */

/* ---- provenance: point at a trial for a look, choose it for the whole panel ---- */
(function provenance() {
  const triggers = new Map();
  for (const link of document.querySelectorAll('figure svg a[href^="#effect-"]')) {
    triggers.set(link, link.getAttribute("href").slice(1));
  }
  for (const row of document.querySelectorAll("tr[data-effect]")) {
    triggers.set(row, row.dataset.effect);
  }
  if (!triggers.size) return;

  const dialog = element("dialog", "panel");
  const look = element("div", "look");
  look.hidden = true;
  look.setAttribute("role", "tooltip");
  look.id = "look";
  document.body.append(dialog, look);
  let shown = null;
  let timer = 0;

  function element(name, className, text) {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text) made.textContent = text;
    return made;
  }

  /* a copy of the effect's article, without the ids that must stay unique */
  function content(id) {
    const article = document.getElementById(id);
    if (!article) return null;
    const copy = element("div", "effect-copy");
    for (const child of article.children) copy.append(child.cloneNode(true));
    copy.querySelectorAll("details").forEach((node) => { node.open = true; });
    copy.querySelectorAll("[id]").forEach((node) => node.removeAttribute("id"));
    copy.querySelectorAll('[role="region"]').forEach((node) => {
      node.removeAttribute("role");
      node.removeAttribute("aria-label");
    });
    return copy;
  }

  function open(id) {
    const copy = content(id);
    if (!copy) return;
    conceal();
    const close = element("button", "close", "Close");
    close.type = "button";
    close.addEventListener("click", () => dialog.close());
    const heading = copy.querySelector("h3");
    heading.id = "panel-title";
    dialog.setAttribute("aria-labelledby", "panel-title");
    dialog.replaceChildren(close, copy);
    dialog.showModal();
    dialog.scrollTop = 0;
  }

  function reveal(trigger, id) {
    const copy = content(id);
    if (!copy || dialog.open) return;
    /* what is only looked at takes no focus: links and scroll regions stay out of the tab order */
    copy.querySelectorAll("a, [tabindex]").forEach((node) => node.setAttribute("tabindex", "-1"));
    look.replaceChildren(copy);
    look.hidden = false;
    shown = trigger;
    put();
  }

  /* below the row or above it, where there is more room */
  function put() {
    const place = shown.getBoundingClientRect();
    const below = window.innerHeight - place.bottom;
    const room = Math.max(below, place.top) - 12;
    look.style.maxHeight = Math.min(room, 380) + "px";
    const height = look.getBoundingClientRect().height;
    const top = below >= place.top ? place.bottom + 4 : place.top - height - 4;
    look.style.top = Math.max(4, top) + "px";
  }

  function conceal() {
    clearTimeout(timer);
    look.hidden = true;
    shown = null;
  }

  function later(action, wait) {
    clearTimeout(timer);
    timer = setTimeout(action, wait);
  }

  for (const [trigger, id] of triggers) {
    const link = trigger.matches("a") ? trigger : trigger.querySelector("a");
    trigger.addEventListener("pointerenter", (event) => {
      if (event.pointerType === "mouse") later(() => reveal(trigger, id), 350);
    });
    trigger.addEventListener("pointerleave", () => later(conceal, 300));
    link.addEventListener("focus", () => {
      if (link.matches(":focus-visible")) reveal(trigger, id);
    });
    link.addEventListener("blur", () => later(conceal, 100));
    trigger.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      if (String(window.getSelection()) !== "") return;
      event.preventDefault();
      link.focus({ preventScroll: true });
      open(id);
    });
  }
  look.addEventListener("pointerenter", () => clearTimeout(timer));
  look.addEventListener("pointerleave", () => later(conceal, 300));
  window.addEventListener("scroll", () => shown && put(), { passive: true });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && shown) conceal();
  });
  /* a click beside the panel closes it; a link in it leads to the place on the page */
  dialog.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (event.target === dialog || link) dialog.close();
  });
})();

/* ---- tables that sort, each group in itself: a button in each heading, aria-sort the order ---- */
(function sorting() {
  for (const table of document.querySelectorAll("table[data-sortable]")) {
    const bodies = [...table.tBodies].map((body) => [body, rowsOf(body)]);
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const now = head.getAttribute("aria-sort");
        const next = now === "ascending" ? "descending" : now === "descending" ? null : "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        if (next) head.setAttribute("aria-sort", next);
        for (const [body, first] of bodies) {
          body.append(...(next ? sorted(first, column, next === "ascending" ? 1 : -1) : first));
        }
      });
    });
  }

  /* empty cells stay last in both orders */
  function sorted(rows, column, sign) {
    const keyed = rows.map((row) => [key(row.cells[column]), row]);
    keyed.sort(([a], [b]) => {
      if (a === "" || b === "") return (a === "") - (b === "");
      const numbers = typeof a === "number" && typeof b === "number";
      return sign * (numbers ? a - b : String(a).localeCompare(String(b), "en", { numeric: true }));
    });
    return keyed.map(([, row]) => row);
  }

  function key(cell) {
    const value = cell.dataset.value;
    if (value === undefined) return cell.textContent.trim();
    return value === "" ? "" : Number(value);
  }
})();

/* the rows of a group without its heading */
function rowsOf(body) {
  return [...body.rows].filter((row) => !row.classList.contains("group"));
}

/* ---- a table that shows only the rows with every word typed, and opens what holds them ---- */
(function filtering() {
  for (const input of document.querySelectorAll("input[data-filter]")) {
    const table = document.getElementById(input.dataset.filter);
    const said = document.getElementById(input.getAttribute("aria-describedby"));
    const groups = [...table.tBodies].map((body) => {
      const name = body.querySelector(".group")?.textContent ?? "";
      return [body, rowsOf(body).map((row) => [row, `${name} ${row.textContent}`.toLowerCase()])];
    });
    const apply = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let left = 0;
      let all = 0;
      for (const [body, rows] of groups) {
        for (const [row, text] of rows) {
          row.hidden = !words.every((word) => text.includes(word));
          left += !row.hidden;
          all += 1;
          for (const folded of row.querySelectorAll("details")) {
            const inside = folded.textContent.toLowerCase();
            folded.open = words.some((word) => inside.includes(word));
          }
        }
        body.hidden = rows.every(([row]) => row.hidden);
      }
      said.textContent = words.length ? `${left} of ${all}` : "";
    };
    input.addEventListener("input", apply);
    apply(); /* a browser may have kept the words of an earlier visit */
  }
})();

/* ---- an address that names a trial unfolds it ---- */
(function unfolding() {
  const unfold = () => {
    const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    place?.querySelectorAll(":scope > details").forEach((node) => { node.open = true; });
  };
  window.addEventListener("hashchange", unfold);
  unfold();
})();

/* ---- paper shows all: folded lists are opened for printing and folded again ---- */
(function printing() {
  let folded = [];
  window.addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    folded.forEach((node) => { node.open = true; });
  });
  window.addEventListener("afterprint", () => folded.forEach((node) => { node.open = false; }));
})();
