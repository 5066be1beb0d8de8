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

/* ---- tables: headings that sort, each group in itself. One with controls also filters, chooses
   its columns and gives its rows away. What it shows stands in the address behind #?, so that a
   link brings it back, out of the way of anchors: words, sort (a column, - before it:
   descending), columns, and by the name of a column what is asked of it ---- */
const collator = new Intl.Collator("en", { numeric: true });
document.querySelectorAll("table[data-sortable]").forEach(function sheet(table) {
  const bodies = [...table.tBodies].map((body) => [body, rowsOf(body)]);
  const rows = bodies.flatMap(([, own]) => own);
  const columns = [...table.tHead.rows[0].cells].map((head, at) => {
    const { key = String(at + 1), kind, waits } = head.dataset;
    return { at, head, key, kind, name: head.textContent.trim(), waits: waits !== undefined };
  });
  const controls = document.querySelector(`[data-controls="${table.id}"]`);
  let asked = new URLSearchParams();
  let order = "";

  function ask(name, value) {
    if (value) asked.set(name, value);
    else asked.delete(name);
  }

  function show() {
    sort(asked.get("sort") ?? "");
    if (controls) filter();
  }

  /* a button in each heading, aria-sort the order: ascending, descending, that of the page */
  for (const { head, key } of columns) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const now = head.getAttribute("aria-sort");
      ask("sort", now === "ascending" ? `-${key}` : now ? "" : key);
      show();
    });
  }

  /* empty cells stay last in both orders */
  function sort(wanted) {
    if (wanted === order) return;
    order = wanted;
    const sign = order.startsWith("-") ? -1 : 1;
    const by = columns.find(({ key }) => key === order.replace("-", ""));
    for (const { head } of columns) head.removeAttribute("aria-sort");
    by?.head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
    for (const [body, first] of bodies) {
      const keyed = first.map((row) => [by ? sortKey(row, by) : "", row]);
      keyed.sort(([a], [b]) => {
        if (a === "" || b === "") return (a === "") - (b === "");
        const numbers = typeof a === "number" && typeof b === "number";
        return sign * (numbers ? a - b : collator.compare(a, b));
      });
      body.append(...keyed.map(([, row]) => row));
    }
  }

  function sortKey(row, { at, kind }) {
    const value = row.cells[at].dataset.value ?? valueOf(row, { at, kind });
    const number = kind === "number" || row.cells[at].dataset.value !== undefined;
    return value === "" || !number || Number.isNaN(Number(value)) ? value : Number(value);
  }

  /* what a cell says: a number in full, else its text */
  function valueOf(row, { at, kind }) {
    const cell = row.cells[at];
    return (kind === "number" && cell.dataset.value) || cell.textContent.trim();
  }

  if (!controls) return;
  const fields = [...controls.querySelectorAll("[name]")];
  const [said, link] = ["output", "[data-view]"].map((one) => controls.querySelector(one));
  const told = document.querySelector(".filtered");
  const texts = new Map();
  let later = 0;

  /* a row with the name of its group, in small letters */
  function textOf(row) {
    if (!texts.size) {
      for (const [body, own] of bodies) {
        const group = body.querySelector(".group")?.textContent ?? "";
        for (const one of own) {
          const cells = [...one.cells].map((cell) => cell.textContent);
          texts.set(one, [group, ...cells].join("\n").toLowerCase());
        }
      }
    }
    return texts.get(row);
  }

  /* each word typed as a test of a text: it holds it, or, in quotes, holds it as whole words */
  function wordTests(typed) {
    return (typed.toLowerCase().match(/"[^"]+"|\S+/g) ?? []).map((word) => {
      if (!/^".+"$/.test(word)) return (text) => text.includes(word);
      const plain = word.slice(1, -1).replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
      const whole = new RegExp(`(?<![\\p{L}\\p{N}])${plain}(?![\\p{L}\\p{N}])`, "u");
      return (text) => whole.test(text);
    });
  }

  /* what is asked of a column as a test of a row */
  function testOf(column, wanted) {
    const { kind } = column;
    if (kind === "choice") return (row) => valueOf(row, column) === wanted;
    if (kind === "number") {
      const [least, most] = wanted.split("..");
      return (row) => {
        const text = valueOf(row, column);
        return text !== "" && !(least && Number(text) < Number(least)) && !(most && Number(text) > Number(most));
      };
    }
    const tests = wordTests(wanted);
    return (row) => tests.every((test) => test(valueOf(row, column).toLowerCase()));
  }

  function filter() {
    const words = wordTests(asked.get("words") ?? "");
    const tests = columns.flatMap((c) => (asked.get(c.key) ? [testOf(c, asked.get(c.key))] : []));
    for (const row of rows) {
      row.hidden = !(tests.every((test) => test(row)) && words.every((test) => test(textOf(row))));
      for (const folded of row.querySelectorAll("details")) {
        const inside = folded.textContent.toLowerCase();
        folded.open = words.some((test) => test(inside));
      }
    }
    for (const [body, own] of bodies) body.hidden = own.every((row) => row.hidden);
    const left = rows.filter((row) => !row.hidden).length;
    said.textContent = words.length || tests.length ? `${left} of ${rows.length}` : "";
    const chosen = asked.get("columns")?.split(".");
    for (const { at, head, key, waits } of columns) {
      const off = at > 0 && (chosen ? !chosen.includes(key) : waits);
      if (off === head.hidden) continue;
      for (const row of [head.parentNode, ...rows]) row.cells[at].hidden = off;
    }
    tell();
  }

  /* on paper, what was asked of the rows that are there; in the address, after a pause, the same */
  function tell() {
    const parts = said.textContent ? [`Filtered: ${said.textContent} lines`] : [];
    if (asked.get("words")) parts.push(`with the words ${asked.get("words")}`);
    for (const { key, name } of columns) {
      if (asked.get(key)) parts.push(`${name}: ${asked.get(key).replace("..", " to ")}`);
    }
    const by = columns.find(({ head }) => head.ariaSort);
    if (by) parts.push(`sorted by ${by.name}${order.startsWith("-") ? ", descending" : ""}`);
    if (told) told.textContent = parts.join("; ");
    const address = `${location.href.split("#")[0]}${asked.size ? `#?${asked}` : ""}`;
    if (link) link.href = address;
    const before = location.hash;
    clearTimeout(later);
    later = setTimeout(() => {
      if (location.hash !== before) return;
      if (asked.size || before.startsWith("#?")) history.replaceState(null, "", address);
    }, 250);
  }

  /* what is asked, from the fields, and the other way round */
  controls.addEventListener("input", () => {
    for (const name of new Set(fields.map((field) => field.name))) {
      const own = fields.filter((field) => field.name === name);
      if (name === "columns") {
        const usual = own.every((box) => box.checked !== columns.find((c) => c.key === box.value).waits);
        const chosen = own.filter((box) => box.checked).map((box) => box.value);
        ask(name, usual ? "" : chosen.join(".") || "-");
      } else {
        const values = own.map((field) => field.value.trim());
        ask(name, values.some(Boolean) ? values.join("..") : "");
      }
    }
    show();
  });

  function restore(search) {
    asked = new URLSearchParams(search);
    const chosen = asked.get("columns")?.split(".");
    for (const field of fields) {
      const { name, type, value } = field;
      const wanted = asked.get(name) ?? "";
      if (type === "checkbox") {
        field.checked = chosen ? chosen.includes(value) : !columns.find((c) => c.key === value).waits;
      } else if (type === "number") {
        field.value = wanted.split("..")[fields.indexOf(field) - fields.findIndex((f) => f.name === name)] ?? "";
      } else {
        field.value = wanted;
        if (field.value !== wanted) field.add(new Option(wanted, wanted, true, true));
      }
    }
    show();
  }

  window.addEventListener("hashchange", () => {
    if (/^(#\?.*)?$/.test(location.hash)) restore(location.hash.slice(2));
  });
  controls.querySelector("[data-all]")?.addEventListener("click", () => restore(""));
  restore(location.hash.startsWith("#?") ? location.hash.slice(2) : "");

  /* the rows as they are shown, as RFC 4180 has it; no text starts like a formula */
  function csv() {
    const kept = columns.filter(({ head }) => !head.hidden);
    const cell = (text, kind) => {
      const number = kind === "number" && Number.isFinite(Number(text));
      const safe = !number && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
      return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
    };
    const left = bodies.flatMap(([body]) => rowsOf(body)).filter((row) => !row.hidden);
    const lines = left.map((row) => kept.map((c) => cell(valueOf(row, c), c.kind)));
    return [kept.map(({ name }) => cell(name)), ...lines].map((line) => `${line.join(",")}\r\n`).join("");
  }

  controls.querySelector("[data-csv]")?.addEventListener("click", (event) => {
    const file = document.createElement("a");
    file.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv;charset=utf-8" }));
    file.download = event.currentTarget.dataset.csv;
    file.click();
    URL.revokeObjectURL(file.href);
  });
});

/* the rows of a group without its heading */
function rowsOf(body) {
  return [...body.rows].filter((row) => !row.classList.contains("group"));
}

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
