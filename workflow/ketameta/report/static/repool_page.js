"use strict";
/* The reader's own choice of trials: ticks, address, figure, words, files. What comes of it is
   pooled and worded by repool.js. */
(function repoolPage() {
  const engine = window.ketametaRepool;
  const block = document.getElementById("repool-data");
  const folded = document.getElementById("repool");
  if (!engine || !block || !folded) return;
  const data = JSON.parse(block.textContent);
  const { studies, facets, measure, published } = data;
  if (data.refused) {
    folded.querySelector("p").textContent = data.refused;
    folded.querySelector("div").remove();
    return;
  }
  const banner = document.getElementById("repool-own");
  const [status, missed] = banner.querySelectorAll("p");
  const beside = document.getElementById("repool-beside");
  const names = studies.map(({ key }) => key.replace("effect-", ""));
  const off = new Set(); /* places of trials ticked off */
  const kept = facets.map(everything); /* values of each facet, or the two ends of a range */
  let unknown = [];
  let seen;

  function everything({ kind, values }) {
    return kind === "range" ? ["", ""] : new Set(values);
  }

  function narrowed({ kind, values }, n) {
    return kind === "range" ? kept[n].join("") !== "" : kept[n].size < values.length;
  }

  /* a trial without the number that is asked for lies in no range */
  function passes({ fields }) {
    return facets.every((facet, n) => {
      const value = fields[facet.field];
      if (!narrowed(facet, n)) return true;
      if (facet.kind !== "range") return kept[n].has(value);
      const [low, high] = kept[n];
      return value >= (low === "" ? -Infinity : Number(low)) && value <= (high === "" ? Infinity : Number(high));
    });
  }

  /* ---- the address: ?without=TRIAL&FIELD=VALUE&RANGE=LOW..HIGH; what it asks in vain is said ---- */
  function read() {
    for (const [field, value] of new URLSearchParams(location.search)) {
      const n = facets.findIndex((facet) => facet.field === field);
      const { kind, values } = facets[n] ?? {};
      const trial = field === "without" ? names.indexOf(value) : -1;
      const ends = value.split("..");
      if (trial >= 0) off.add(trial);
      else if (kind === "range" && ends.length === 2 && ends.every((end) => Number.isFinite(Number(end)))) kept[n] = ends;
      else if (kind === "choice" && (value === "" || values.includes(value))) {
        if (!narrowed(facets[n], n)) kept[n].clear();
        if (value) kept[n].add(value);
      } else unknown.push(`${field}=${value}`);
    }
  }

  function write() {
    const query = new URLSearchParams([...off].map((place) => ["without", names[place]]));
    facets.forEach((facet, n) => {
      const values = facet.kind === "range" ? [kept[n].join("..")] : [...kept[n]];
      if (narrowed(facet, n)) for (const value of values.length ? values : [""]) query.append(facet.field, value);
    });
    history.replaceState(null, "", location.pathname + (String(query) && `?${query}`) + location.hash);
  }

  /* ---- what is ticked and filled in ---- */
  function make(name, attributes, ...inside) {
    const made = document.createElement(name);
    for (const key in attributes) made.setAttribute(key, attributes[key]);
    made.append(...inside);
    return made;
  }

  function tick(parent, words, change) {
    const box = make("input", { type: "checkbox" });
    box.addEventListener("change", () => { change(box.checked); choose(); });
    parent.append(make("label", {}, box, ` ${words}`));
    return box;
  }

  const boxes = studies.map(({ label }, place) => (
    tick(folded.querySelector(".ticks"), label, (on) => (on ? off.delete(place) : off.add(place)))
  ));

  const filters = facets.map(({ field, label, kind, values, unit, unknown: gaps }, n) => {
    const parent = make("fieldset", {}, make("legend", {}, label));
    folded.querySelector(".filters").append(parent);
    if (kind !== "range") {
      const ticks = values.map((value) => {
        const number = studies.filter(({ fields }) => fields[field] === value).length;
        return tick(parent, `${value} (${number})`, (on) => (on ? kept[n].add(value) : kept[n].delete(value)));
      });
      return () => ticks.forEach((box, i) => { box.checked = kept[n].has(values[i]); });
    }
    const [min, max] = values;
    const inputs = ["from", "to"].map((word, end) => {
      const input = make("input", { type: "number", step: "any", min, max, placeholder: values[end] });
      input.addEventListener("input", () => { kept[n][end] = input.value; choose(); });
      parent.append(make("label", {}, `${word} `, input), " ");
      return input;
    });
    parent.append(unit ?? "", gaps ? " (leaves out trials of which it is not known)" : "");
    return () => inputs.forEach((input, end) => { if (input.value !== kept[n][end]) input.value = kept[n][end]; });
  });

  for (const button of document.querySelectorAll("[data-tick]")) {
    button.addEventListener("click", () => {
      off.clear();
      if (button.dataset.tick === "none") studies.forEach((_, place) => off.add(place));
      if (button.dataset.tick === "published") {
        facets.forEach((facet, n) => { kept[n] = everything(facet); });
        folded.querySelector("summary").focus();
      }
      choose();
    });
  }

  /* ---- changes of the figure, and the way back ---- */
  const first = new Map();
  const added = [];

  function set(node, changes) {
    for (const [name, value] of Object.entries(changes)) {
      if (name === "text") node.textContent = value;
      else if (value === null) node.removeAttribute(name);
      else node.setAttribute(name, typeof value === "number" ? Number(value.toFixed(2)) : value);
    }
  }

  function put(node, changes) {
    const before = first.get(node) ?? {};
    first.set(node, before);
    for (const name in changes) before[name] = name in before ? before[name] : name === "text" ? node.textContent : node.getAttribute(name);
    set(node, changes);
  }

  function undo() {
    for (const [node, before] of first) set(node, before);
    first.clear();
    added.splice(0).forEach((node) => node.remove());
  }

  /* a shape in the colour of another */
  function add(group, name, like, changes) {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    const colour = like.getAttribute("stroke") ?? like.getAttribute("fill");
    set(node, { class: like.getAttribute("class"), [name === "line" ? "stroke" : "fill"]: colour, ...changes });
    group.append(node);
    added.push(node);
    return node;
  }

  const at = (node, name) => Number(node.getAttribute(name));
  const direct = (node, what) => [...node.querySelectorAll(`:scope > :is(${what})`)];
  const held = (x, low, high) => Math.min(Math.max(x, low), high);
  const pen = make("canvas").getContext("2d");

  function font(node) {
    const [style, weight, size] = ["style", "weight", "size"].map((name) => node.getAttribute(`font-${name}`) ?? "");
    return `${style} ${weight} ${size || 13}px ${node.ownerSVGElement.getAttribute("font-family")}`;
  }

  function width(words, node) {
    pen.font = font(node);
    return pen.measureText(words).width;
  }

  /* the axis of a figure is read off the labels of its ticks */
  function figureOf(svg) {
    const scale = measure.log ? Math.log : Number;
    const line = svg.querySelector("g.axis > line");
    const ticks = [...svg.querySelectorAll("g.axis > text.ink[text-anchor='middle']")];
    const [[xa, a], [xb, b]] = [ticks[0], ticks.at(-1)].map((text) => [at(text, "x"), scale(text.textContent.replace("−", "-").replaceAll(",", ""))]);
    return {
      svg,
      x0: at(line, "x1"),
      x1: at(line, "x2"),
      place: (value) => held(xa + ((scale(value) - a) / (b - a)) * (xb - xa), -1e5, 1e5),
      rows: studies.map(({ key }) => direct(svg, `a[href="#${CSS.escape(key)}"]`)[0]),
      below: direct(svg, "g.axis ~ text.ink[x='12']:not([font-weight])"),
      small: [...(svg.closest(".printed")?.querySelectorAll("li") ?? [])].filter((line) => /^(Heterogeneity|Test for|Subtotals)/.test(line.textContent)),
      muted: svg.querySelector("text.muted"),
    };
  }

  const side = ({ x0, x1 }, x) => (x > x1 + 0.01) - (x < x0 - 0.01);
  const right = ({ x1 }, group) => direct(group, "text").filter((text) => at(text, "x") > x1);

  /* numbers stand on their decimal point: what is before it grows to the left */
  function cell(texts, words) {
    if (texts[0].hasAttribute("text-anchor")) return put(texts[0], { text: words });
    const before = (token) => /^[^\d∞–]*(?:[\d,]*\d|[∞–])?/.exec(token)[0];
    const tokens = words.split(" ");
    texts.forEach((node, n) => {
      const text = tokens[tokens.length - texts.length + n] ?? "";
      const moved = width(before(node.textContent), node) - width(before(text), node);
      put(node, { x: at(node, "x") + moved, text });
    });
  }

  function wrapped(words, node, room) {
    const lines = [];
    for (const word of words.split(" ").filter(Boolean)) {
      const longer = `${lines.at(-1)} ${word}`;
      if (lines.length && width(longer, node) <= room) lines[lines.length - 1] = longer;
      else lines.push(word);
    }
    return lines;
  }

  /* in the lines that there are: where words need more, the last one is drawn together */
  function lines(texts, said, room) {
    const out = said.flatMap((words) => wrapped(words, texts[0], room));
    out.push(out.splice(texts.length - 1).join(" "));
    texts.forEach((node, n) => {
      const text = out[n] ?? "";
      const long = { textLength: room, lengthAdjust: "spacingAndGlyphs" };
      put(node, { text, ...(width(text, node) > room && long) });
    });
  }

  /* a trial that is left out stays, in grey and struck through */
  function trial({ muted }, row, share) {
    for (const node of direct(row, ".predict")) put(node, { display: "none" });
    for (const square of direct(row, "rect:not(.hit)")) {
      const size = Math.sqrt(16 + 180 * (share ?? 0));
      const shift = (at(square, "width") - size) / 2;
      put(square, { x: at(square, "x") + shift, y: at(square, "y") + shift, width: size, height: size });
    }
    if (share !== null) return;
    for (const node of direct(row, "text, line, polygon, rect:not(.hit)")) {
      put(node, { class: "muted", [node.matches("line") ? "stroke" : "fill"]: muted.getAttribute("fill") });
      if (node.matches("text")) put(node, { "text-decoration": "line-through" });
    }
  }

  const points = (pairs) => pairs.map((pair) => pair.map((value) => Number(value.toFixed(2))).join()).join(" ");

  function arrow(figure, group, y, x, like) {
    const beyond = side(figure, x);
    const tip = beyond < 0 ? figure.x0 : figure.x1;
    const back = tip - 8 * beyond;
    if (beyond) add(group, "polygon", like, { points: points([[tip, y], [back, y - 4.5], [back, y + 4.5]]) });
  }

  function hidden(group, what) {
    const old = direct(group, what);
    for (const node of old) put(node, { display: "none" });
    return old;
  }

  /* as printed: where it is wider than the axis it is cut flat, with an arrow */
  function diamond(figure, group, ends) {
    const old = hidden(group, "polygon");
    if (!old.length || !ends) return;
    const heights = old.flatMap((node) => node.getAttribute("points").split(" ").map((pair) => Number(pair.split(",")[1])));
    const y = (Math.max(...heights) + Math.min(...heights)) / 2;
    const half = Math.max(...heights) - y;
    const [a, x, b] = ends.map(figure.place);
    const [from, to] = [Math.max(a, figure.x0), Math.min(b, figure.x1)];
    if (from > to) return arrow(figure, group, y, x, old[0]);
    const above = (place) => half * (1 - Math.abs(place - x) / ((place < x ? x - a : b - x) || 1));
    const top = [from, held(x, from, to), to].map((place) => [place, y - above(place)]);
    const under = top.map(([place, high]) => [place, 2 * y - high]).reverse();
    add(group, "polygon", old[0], { points: points([...top, ...under]) });
    for (const end of [a, b]) arrow(figure, group, y, end, old[0]);
  }

  function bar(figure, group, ends) {
    const old = hidden(group, "line, polygon");
    const y = at(old[0], "y1");
    const [x1, x2] = ends.map((x) => held(x, figure.x0, figure.x1));
    add(group, "line", old[0], { x1, x2, y1: y, y2: y, "stroke-width": 4 });
    for (const x of ends) {
      if (side(figure, x)) arrow(figure, group, y, x, old[0]);
      else add(group, "line", old[0], { x1: x, x2: x, y1: y - 5, y2: y + 5, "stroke-width": 1.5 });
    }
  }

  /* estimate and ends as they are drawn; nothing where there are none */
  function ends(record, low, high) {
    const found = [low, "estimate", high].map((name) => measure.factor * (record?.natural[name] ?? NaN));
    return found.some(Number.isNaN) ? null : found;
  }

  const thousands = new Intl.NumberFormat("en");

  /* what the arms of trials have together */
  function arms(members, arm) {
    const all = (name) => {
      const value = members.reduce((before, place) => before + (studies[place][name + arm] ?? NaN), 0);
      return thousands.format(value < 1e4 ? Number(value.toPrecision(4)) : Math.round(value));
    };
    return (measure.counts ? ["events", "n"] : ["n"]).map(all).join("/");
  }

  function total(figure, group, members, weights, name, [before, estimate], record) {
    const texts = direct(group, "text");
    const some = members.filter((place) => seen.keep[place]);
    const start = Math.min(...texts.map((text) => at(text, "x")));
    const [label, ...more] = texts.filter((text) => at(text, "x") === start);
    const [trials, all] = [some, members].map((of) => new Set(of.map((place) => studies[place].trial)).size);
    put(label, { text: `${name}, ${trials} of ${all} trials` });
    for (const node of more) put(node, { text: "" });
    texts.filter((text) => at(text, "x") > start && at(text, "x") < figure.x0).forEach((text, n) => {
      const alike = arms(members, "TC"[n]) === text.textContent; /* else a control is in several rows */
      cell([text], alike ? arms(some, "TC"[n]) : "–");
    });
    const cells = right(figure, group);
    const tokens = before.replace(measure.unit, "").split(" ");
    const from = cells.findIndex((_, n) => tokens.every((token, i) => cells[n + i]?.textContent === token));
    const weight = some.reduce((sum, place) => sum + weights[place], 0);
    if (from > 0) cell([cells[0]], weight ? weight.toFixed(1) : "–");
    cell(from < 0 ? cells.slice(-1) : cells.slice(from, from + tokens.length), estimate.replace(measure.unit, ""));
    diamond(figure, group, ends(record, "low", "high"));
  }

  function redraw(figure, result, words) {
    const { svg, rows, below, small } = figure;
    const { weights, split } = result;
    const heaviest = Math.max(...weights.filter((_, place) => rows[place]));
    rows.forEach((row, place) => {
      if (!row) return;
      const [before, now] = [published, words].map((said) => said.studies[place][1]);
      const weight = right(figure, row).find((text) => text.textContent === before);
      if (weight) cell([weight], now);
      trial(figure, row, seen.keep[place] ? heaviest ? weights[place] / heaviest : 0.4 : null);
    });
    const groups = published.groups.filter(([, k, , estimate]) => k > 1 && estimate !== "–");
    let members = [];
    for (const node of direct(svg, "a, g.total, text[font-weight]")) {
      const [name, , , before] = groups[0] ?? [];
      if (node.matches("a")) members.push(rows.indexOf(node));
      else if (node.matches("text")) members = [];
      else if (groups.shift()) {
        const own = words.groups.find(([label]) => label === name);
        total(figure, node, members, weights, "Subtotal", [before, own?.[3] ?? "–"], split?.groups.find(({ label }) => label === name)?.record);
      } else total(figure, node, [...rows.keys()], weights, "Your choice", [published.estimate, words.estimate], result);
    }
    const found = ends(result, "low", "high");
    const middle = found ? figure.place(found[1]) : -1;
    for (const guide of direct(svg, "line.pooled")) put(guide, side(figure, middle) ? { display: "none" } : { x1: middle, x2: middle });
    for (const group of direct(svg, "g.prediction")) {
      const range = ends(result, "predictionLow", "predictionHigh");
      if (range && words.prediction) {
        bar(figure, group, [range[0], range[2]].map(figure.place));
        cell(right(figure, group), `[${words.prediction.replace(measure.unit, "").replace(" to ", ", ")}]`);
      } else put(group, { display: "none" });
    }
    const said = { Heterogeneity: words.heterogeneity, "Test for overall effect": words.test, "Test for differences between groups": words.between };
    const told = Object.entries(said).filter(([, what]) => what).map((pair) => pair.join(": "));
    if (below.length) lines(below, told, at(svg, "width") - 24);
    small.forEach((line, n) => put(line, { text: told[n] ?? "" }));
    put(svg.querySelector("desc"), { text: seen.said });
    put(svg.closest("figure").querySelector("figcaption"), { text: "Your own choice of trials, not the published result" });
  }

  /* ---- the same in words, beside what was published ---- */
  const told = ({ estimate, model, test, heterogeneity, prediction, between, absolute, certainty }) => new Map([
    ["Pooled result", estimate],
    ["Model", model],
    ["Test of no difference", test],
    ["Heterogeneity", heterogeneity],
    ["Prediction interval", prediction],
    ["Between groups", between],
    ...absolute,
    ["Certainty", `${certainty.label} ${certainty.symbol}`],
    ...certainty.ratings.map(([domain, taken, rules]) => [`Certainty: ${domain}`, rules ? `${taken}: ${rules}` : taken]),
  ]);

  beside.querySelector("p").textContent = data.certainty.stays;

  function compare(words) {
    const both = [told(words), told(published)];
    const rows = [...new Set(both.flatMap((one) => [...one.keys()]))].filter((name) => both.some((one) => one.get(name)));
    beside.querySelector("tbody").replaceChildren(...rows.map((name) => {
      const [yours, theirs] = both.map((one) => one.get(name) || "–");
      return make("tr", {}, make("th", { scope: "row" }, name),
        make("td", { "data-label": "Yours" }, yours === theirs ? yours : make("b", {}, yours)),
        make("td", { "data-label": "Published" }, theirs));
    }));
  }

  function show() {
    const inView = new Set(figures.filter(({ svg }) => svg.checkVisibility()));
    const inside = studies.map(passes);
    const keep = inside.map((passed, place) => passed && !off.has(place));
    boxes.forEach((box, place) => Object.assign(box, { checked: keep[place], disabled: !inside[place] }));
    filters.forEach((follow) => follow());
    undo();
    late = [];
    const active = keep.includes(false);
    const result = engine.pool(data, keep);
    const words = active ? engine.printed(data, result) : published;
    const said = active ? `Your own analysis, not the published one: ${words.headline}. Published: ${published.headline}.` : "";
    seen = { keep, result, words, said };
    for (const node of [banner, beside]) node.classList.toggle("chosen", active);
    status.textContent = [said, unknown.length && `Not found on this page, and without effect: ${unknown.join("; ")}.`].filter(Boolean).join(" ");
    if (!active) return;
    missed.textContent = `Left out: ${studies.filter((_, place) => !keep[place]).map(({ label }) => label).join("; ")}.`;
    compare(words);
    for (const figure of figures) if (inView.has(figure)) redraw(figure, result, words);
    late = figures.filter((figure) => !inView.has(figure));
    setTimeout(settle);
  }

  /* the figures of other screens and of paper follow when that in view is there */
  let late = [];
  function settle() {
    late.splice(0).forEach((figure) => redraw(figure, seen.result, seen.words));
  }
  window.addEventListener("beforeprint", settle);

  function choose() {
    unknown = [];
    show();
    write();
  }

  /* ---- files of what is seen ---- */
  /* a spreadsheet would run a cell that starts like a formula */
  function quoted(value) {
    const text = String(value ?? "");
    const risky = /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text));
    return `"${risky ? "'" : ""}${text.replaceAll('"', '""')}"`;
  }

  function csv() {
    const { keep, result, words, said } = seen;
    const ends = (text) => (/^(\S+) \[(.+), (.+)\]/.exec(text.replaceAll("−", "-")) ?? ["", text, "", ""]).slice(1);
    const columns = facets.map(({ field }) => field);
    const table = [["trial", "pooled", "effect", "ci_low", "ci_high", "weight", "yi", "vi", ...columns]];
    studies.forEach(({ label, y, v, fields }, place) => {
      const [effect, weight] = words.studies[place];
      table.push([label, keep[place] ? "yes" : "no", ...ends(effect), keep[place] ? weight : "", y, v, ...columns.map((name) => fields[name])]);
    });
    const pooled = `${keep.filter(Boolean).length} of ${keep.length}`;
    const { estimate, se } = result;
    table.push([said ? "own choice" : "published", pooled, ...ends(words.estimate), "", estimate, se && se ** 2, ...columns.map(() => "")]);
    return table.map((line) => `${line.map(quoted).join()}\n`).join("");
  }

  /* the figure by itself on a white ground, and below it what it is */
  function drawing() {
    const { svg, muted } = figures.find((figure) => figure.svg.checkVisibility());
    const copy = svg.cloneNode(true);
    copy.querySelectorAll("[display], .hit").forEach((node) => node.remove());
    const [width, above] = [at(svg, "width"), at(svg, "height")];
    const lines = wrapped(seen.said, muted, 0.9 * width);
    const height = above + 20 * lines.length;
    set(copy, { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", xmlns: "http://www.w3.org/2000/svg" });
    lines.forEach((text, n) => add(copy, "text", muted, { x: 12, y: above + 5 + 17 * n, "font-size": 12, "font-weight": "bold", text }));
    copy.querySelector("desc").after(add(copy, "rect", muted, { class: "paper", fill: "white", width, height }));
    return copy;
  }

  const outlines = {
    line: (n) => `M${n("x1")} ${n("y1")}L${n("x2")} ${n("y2")}`,
    rect: (n) => `M${n("x")} ${n("y")}h${n("width")}v${n("height")}h-${n("width")}z`,
    circle: (n) => `M${n("cx") - n("r")} ${n("cy")}a${n("r")} ${n("r")} 0 1 0 ${2 * n("r")} 0a${n("r")} ${n("r")} 0 1 0 ${-2 * n("r")} 0`,
    polygon: (_, node) => `M${node.getAttribute("points")}z`,
  };

  /* the policy of the page lets no picture be made of an SVG: its shapes, few in kind, are drawn */
  function png() {
    const svg = drawing();
    const canvas = make("canvas", { width: 2 * at(svg, "width"), height: 2 * at(svg, "height") });
    const to = canvas.getContext("2d");
    to.scale(2, 2);
    for (const node of svg.querySelectorAll("rect, line, polygon, circle, text")) {
      const [stroke, fill, dash, anchor] = ["stroke", "fill", "stroke-dasharray", "text-anchor"].map((name) => node.getAttribute(name));
      Object.assign(to, { strokeStyle: stroke, fillStyle: fill, lineWidth: at(node, "stroke-width") || 1 });
      to.setLineDash(dash ? dash.split(" ").map(Number) : []);
      if (node.matches("text")) {
        const long = Math.min(width(node.textContent, node), at(node, "textLength") || Infinity);
        const x = at(node, "x") - long * ({ middle: 0.5, end: 1 }[anchor] ?? 0);
        to.font = font(node);
        to.fillText(node.textContent, x, at(node, "y"), long + 1);
        if (node.hasAttribute("text-decoration")) to.fillRect(x, at(node, "y") - 4, long, 1);
      } else {
        const path = new Path2D(outlines[node.localName]((name) => at(node, name), node));
        if (stroke) to.stroke(path);
        else to.fill(path);
      }
    }
    return new Promise((done) => { canvas.toBlob(done); });
  }

  const files = {
    csv: () => new Blob([csv()], { type: "text/csv" }),
    svg: () => new Blob([new XMLSerializer().serializeToString(drawing())], { type: "image/svg+xml" }),
    png,
  };
  for (const button of document.querySelectorAll("[data-save]")) {
    button.addEventListener("click", async () => {
      const kind = button.dataset.save;
      const href = URL.createObjectURL(await files[kind]());
      make("a", { href, download: `${data.analysis.slug}${seen.said && ".own"}.${kind}` }).click();
      setTimeout(() => URL.revokeObjectURL(href), 1000);
    });
  }

  const figures = [...document.querySelectorAll("svg.figure:has(> g.axis):has(> a)")].map(figureOf);
  read();
  show();
  folded.open = seen.said !== "";
  document.getElementById("repool-filters").open = facets.some(narrowed);
})();
