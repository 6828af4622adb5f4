// The viewer's pages are whole without this script; it adds what a page cannot do: live news, filters, zoom, keys.
"use strict";
(() => {
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const page = document.body.dataset.page;
  const SECOND = 1e9;

  // ---- times in the reader's own zone
  const ago = (date) => {
    const seconds = Math.max(0, (Date.now() - date) / 1000);
    if (seconds < 10) return "now";
    const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
    const [size, unit] = units.find(([each]) => seconds >= each);
    return seconds > 30 * 86400 ? date.toLocaleDateString() : `${Math.floor(seconds / size)} ${unit} ago`;
  };
  const showTimes = () => $$("time").forEach((element) => {
    const date = new Date(element.dateTime);
    if (isNaN(date)) return;
    element.title = element.dateTime;
    element.textContent = "ago" in element.dataset ? ago(date) : date.toLocaleString([], { dateStyle: "medium", timeStyle: "medium" });
  });
  showTimes();
  setInterval(() => $("time[data-ago]") && showTimes(), 15000);

  // ---- news
  const live = $("#live");
  let title = document.title, fresh = 0, paused = false, waiting = false, last = Number(document.body.dataset.last || -1);
  const setTitle = () => { document.title = fresh ? `(${fresh}) ${title}` : title; };
  const say = (text, on) => { live.textContent = text; live.classList.toggle("on", Boolean(on)); };
  const refresh = async () => {
    const known = new Set($$(".groups .number a").map((link) => link.getAttribute("href") + link.textContent));
    const response = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!response.ok) return;
    const answer = new DOMParser().parseFromString(await response.text(), "text/html");
    const focused = document.activeElement && document.activeElement.closest("tr");
    const index = focused ? $$(".groups tbody tr").indexOf(focused) : -1;
    $("#list").replaceWith(document.importNode($("#list", answer), true));
    title = answer.title;
    setTitle();
    $$(".groups tbody tr").forEach((row) => {
      const link = $(".number a", row);
      row.classList.toggle("new", !known.has(link.getAttribute("href") + link.textContent));
    });
    if (index >= 0 && $$(".groups tbody tr")[index]) $$(".groups tbody tr")[index].focus();
    waiting = false;
    showTimes();
    announce();
  };
  const announce = () => {
    say("", true);
    const words = waiting ? `${fresh} new` : fresh ? `${fresh} new, live` : "live";
    live.append(words);
    if (page !== "list") return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.textContent = waiting ? "show" : paused ? "go on" : "pause";
    button.addEventListener("click", () => {
      if (!waiting) paused = !paused; else paused = false;
      if (!paused) refresh(); else announce();
    });
    live.append(button);
  };
  if (live && page !== "failure" && "EventSource" in window) {
    const source = new EventSource(last >= 0 ? `/live?after=${last}` : "/live");
    source.addEventListener("open", announce);
    source.addEventListener("error", () => say("not connected: the viewer has ended", false));
    source.addEventListener("errors", (event) => {
      fresh += JSON.parse(event.data).count;
      setTitle();
      // Nothing moves under the eyes of somebody who reads further down.
      const reading = scrollY > 200 || paused || document.activeElement === $("#search");
      waiting = true;
      if (page === "list" && !reading) refresh(); else announce();
    });
    addEventListener("focus", () => { fresh = 0; setTitle(); });
    addEventListener("pagehide", () => source.close());
  }
  $$(".filters select").forEach((select) => select.addEventListener("change", () => select.form.requestSubmit()));

  // ---- the trail: filters, zoom, the axis
  const trail = $(".trail");
  const rows = trail ? $$(".rows tbody tr", trail) : [];
  const marks = trail ? $$("rect", trail) : [];
  const state = { categories: new Set(), levels: new Set(), folded: new Set(), line: null, text: "", from: 0, to: 0 };
  const full = trail ? { from: Number(trail.dataset.start), to: Number(trail.dataset.end) } : null;
  const KEPT = "otel-crumbs filters";
  const words = new Map(), folds = new Map();

  const format = (nanoseconds) => {
    if (Math.abs(nanoseconds) < 1) return "0";
    const sign = nanoseconds < 0 ? "-" : "+", size = Math.abs(nanoseconds) / SECOND;
    if (size >= 3600) return `${sign}${(size / 3600).toFixed(1)} h`;
    if (size >= 60) return `${sign}${Math.floor(size / 60)} min ${Math.round(size % 60)} s`;
    const [number, unit] = size >= 1 ? [size, "s"] : [size * 1000, "ms"];
    return `${sign}${number.toFixed(number >= 100 ? 0 : number >= 10 ? 1 : 2)} ${unit}`;
  };
  const place = (rect, start, duration) => {
    const scale = 1000 / (state.to - state.from);
    const left = (start - state.from) * scale, width = Math.max(duration * scale, 3);
    rect.setAttribute("x", Math.max(left, -10).toFixed(2));
    rect.setAttribute("width", (left > 1000 || left + width < 0 ? 0 : Math.min(width + Math.min(left + 10, 0), 1010)).toFixed(2));
  };
  const drawTicks = () => {
    const length = state.to - state.from, box = $(".ticks", trail), space = "http://www.w3.org/2000/svg";
    const count = box.clientWidth < 420 ? 3 : 6;
    let power = 1;
    while (power * 10 * count < length) power *= 10;
    const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each * count >= length) || power * 10;
    box.replaceChildren(...Array.from({ length: Math.floor(state.to / step) - Math.ceil(state.from / step) + 1 }, (_, number) => {
      const moment = (Math.ceil(state.from / step) + number) * step;
      const svg = document.createElementNS(space, "svg"), text = document.createElementNS(space, "text");
      svg.setAttribute("class", "tick");
      text.setAttribute("x", `${(moment - state.from) / length * 100}%`);
      text.setAttribute("y", "12");
      text.textContent = format(moment);
      svg.append(text);
      return svg;
    }));
  };
  const apply = () => {
    let hidden = 0;
    const parts = new Map();
    const zoomed = state.from !== full.from || state.to !== full.to;
    const chosen = state.categories.size || state.levels.size || state.text || state.line !== null;
    rows.forEach((row) => {
      const { c, l, s, d, line } = row.dataset, start = Number(s), end = start + Number(d);
      const isError = row.classList.contains("error");
      const inside = !zoomed || (end >= state.from && start <= state.to);
      let fits = inside && (!state.categories.size || state.categories.has(c)) && (!state.levels.size || state.levels.has(l)) && (state.line === null || line === state.line);
      if (row.classList.contains("gap")) fits = inside && !chosen;
      else if (fits && state.text) {
        if (!words.has(row)) words.set(row, row.textContent.toLowerCase());
        fits = words.get(row).includes(state.text);
      }
      const isZero = isError && inside && start === 0;
      fits = fits || isZero;
      const away = fits && !isZero && state.folded.has(line);
      if (away) parts.has(line) ? parts.get(line).push(row) : parts.set(line, [row]);
      row.hidden = !fits || away;
      if (!fits && !row.classList.contains("gap")) hidden += 1;
      const rect = $(".bar rect", row);
      if (rect && fits) place(rect, start, Number(d));
    });
    showFolds(parts);
    $$(".axis rect", trail).forEach((rect) => place(rect, Number(rect.dataset.s), Number(rect.dataset.d)));
    const note = $(".filtered", trail);
    note.hidden = !hidden;
    note.textContent = hidden ? `${hidden} not shown` : "";
    $$("[data-category]", trail).forEach((chip) => chip.setAttribute("aria-pressed", state.categories.has(chip.dataset.category)));
    $$("[data-level]", trail).forEach((chip) => chip.setAttribute("aria-pressed", state.levels.has(chip.dataset.level)));
    $$("button[data-line]", trail).forEach((name) => name.setAttribute("aria-pressed", state.line === name.dataset.line));
    $$("[data-fold]", trail).forEach((button) => button.setAttribute("aria-expanded", !state.folded.has(button.dataset.fold)));
    $$("[data-zoom]", trail).forEach((button) => {
      const wanted = button.dataset.zoom === "all" ? full.from : -Number(button.dataset.zoom) * SECOND;
      button.setAttribute("aria-pressed", state.from === Math.max(wanted, full.from) && state.to === full.to && (button.dataset.zoom === "all") === !zoomed);
    });
    drawTicks();
    try {
      sessionStorage.setItem(KEPT, JSON.stringify({ categories: [...state.categories], levels: [...state.levels], folded: [...state.folded], line: state.line, text: state.text }));
    } catch { /* A file from disk has no storage. */ }
  };
  const makeFold = (line) => {
    const fold = document.createElement("tr");
    fold.className = "row folded";
    fold.tabIndex = -1;
    fold.dataset.line = line;
    fold.innerHTML = '<td class="time"></td><td class="kind"></td><td class="words"><button type="button" class="quiet" aria-expanded="false"></button></td><td class="bar"><svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true"><rect y="1" height="8"/></svg><span></span></td>';
    $("button", fold).addEventListener("click", () => toggleFold(line));
    folds.set(line, fold);
    return fold;
  };
  // The rows of a folded line are one, where the first of them is.
  const showFolds = (parts) => {
    folds.forEach((fold, line) => { if (!parts.has(line)) { fold.remove(); folds.delete(line); } });
    parts.forEach((part, line) => {
      const fold = folds.get(line) || makeFold(line), bad = part.filter((row) => /error|fatal/.test(row.dataset.l)).length;
      const start = Number(part[0].dataset.s), end = Math.max(...part.map((row) => Number(row.dataset.s) + Number(row.dataset.d)));
      if (fold.nextElementSibling !== part[0]) part[0].before(fold);
      $(".time", fold).textContent = $(".time", part[0]).textContent;
      $("button", fold).textContent = `${part.length} of ${line.split("\n").reverse().find(Boolean)} folded${bad ? `, ${bad} failed` : ""}`;
      place($("rect", fold), start, end - start);
    });
  };
  const toggleFold = (line) => {
    const from = document.activeElement.closest("tr"), first = folds.has(line) && folds.get(line).nextElementSibling;
    state.line = null;
    toggle(state.folded, line);
    // Who was in a row that is gone goes on where it was.
    if (from && (from.hidden || !from.isConnected)) (folds.get(line) || first).focus();
  };
  const solo = (line) => {
    state.line = state.line === line ? null : line;
    state.folded.delete(line);
    apply();
  };
  const zoom = (seconds) => {
    state.from = seconds === "all" ? full.from : Math.max(full.from, -Number(seconds) * SECOND);
    state.to = full.to;
    apply();
  };
  const toggle = (set, value) => { if (!set.delete(value)) set.add(value); apply(); };
  const reset = () => {
    state.categories.clear(); state.levels.clear(); state.folded.clear(); state.text = ""; state.line = null;
    $("#within").value = "";
    zoom("all");
  };
  const drag = (axis) => {
    let start = null, box = null;
    const moment = (event) => {
      const area = $(".marks", axis).getBoundingClientRect();
      const share = Math.min(Math.max((event.clientX - area.left) / area.width, 0), 1);
      return { share, left: area.left - axis.getBoundingClientRect().left + share * area.width, at: state.from + share * (state.to - state.from) };
    };
    axis.addEventListener("pointerdown", (event) => {
      if (event.target.closest("button") || event.button || event.pointerType === "touch") return;
      start = moment(event);
      box = document.createElement("div");
      box.className = "selection";
      axis.append(box);
      axis.setPointerCapture(event.pointerId);
    });
    axis.addEventListener("pointermove", (event) => {
      if (!start) return;
      const now = moment(event);
      box.style.left = `${Math.min(start.left, now.left)}px`;
      box.style.width = `${Math.abs(now.left - start.left)}px`;
    });
    const end = (event) => {
      if (!start) return;
      const now = moment(event);
      if (event.type === "pointerup" && Math.abs(now.share - start.share) > 0.01) {
        [state.from, state.to] = [Math.min(start.at, now.at), Math.max(start.at, now.at)];
        apply();
      }
      box.remove();
      start = null;
    };
    axis.addEventListener("pointerup", end);
    axis.addEventListener("pointercancel", end);
    axis.addEventListener("dblclick", () => zoom("all"));
  };
  if (trail) {
    $$(".chips, .zoom", trail).forEach((element) => { element.hidden = false; });
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEPT) || "{}");
      const has = (name, value) => $$(`[data-${name}]`, trail).some((chip) => chip.dataset[name] === value);
      (kept.categories || []).filter((value) => has("category", value)).forEach((value) => state.categories.add(value));
      (kept.levels || []).filter((value) => has("level", value)).forEach((value) => state.levels.add(value));
      const lines = new Set(rows.map((row) => row.dataset.line));
      (kept.folded || []).filter((line) => lines.has(line)).forEach((line) => state.folded.add(line));
      if (kept.line && lines.has(kept.line)) state.line = kept.line;
      state.text = $("#within").value = kept.text || "";
    } catch { /* A file from disk has no storage. */ }
    $$("[data-category]", trail).forEach((chip) => chip.addEventListener("click", () => toggle(state.categories, chip.dataset.category)));
    $$("[data-level]", trail).forEach((chip) => chip.addEventListener("click", () => toggle(state.levels, chip.dataset.level)));
    $$("button[data-line]", trail).forEach((name) => name.addEventListener("click", () => solo(name.dataset.line)));
    $$("[data-fold]", trail).forEach((button) => {
      button.hidden = false;
      button.addEventListener("click", () => toggleFold(button.dataset.fold));
    });
    $$("[data-zoom]", trail).forEach((button) => button.addEventListener("click", () => zoom(button.dataset.zoom)));
    $("#within").addEventListener("input", (event) => { state.text = event.target.value.toLowerCase(); apply(); });
    drag($(".axis", trail));
    addEventListener("resize", drawTicks);
    zoom("all");
  }

  // ---- copy as Markdown
  const copy = $("#copy");
  const copied = (text) => { const note = $("#copied"); note.textContent = text; setTimeout(() => { note.textContent = ""; }, 4000); };
  const copyMarkdown = async () => {
    try {
      const response = await fetch(`/errors/${document.body.dataset.id}.md`);
      if (!response.ok) throw new Error(response.statusText);
      await navigator.clipboard.writeText(await response.text());
      copied("Copied.");
    } catch (error) {
      copied(`Not copied (${error.message}): open the page “Markdown”.`);
    }
  };
  if (copy) { copy.hidden = false; copy.addEventListener("click", copyMarkdown); }

  // ---- keys
  const sheet = $("#sheet"), help = $("#help");
  help.hidden = false;
  help.addEventListener("click", () => sheet.showModal());
  const move = (step) => {
    const all = $$("tbody tr").filter((row) => !row.hidden && row.hasAttribute("tabindex"));
    const now = document.activeElement && document.activeElement.closest("tr");
    const index = all.indexOf(now);
    const next = all[index < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(index + step, 0), all.length - 1)];
    if (next) { next.focus(); next.scrollIntoView({ block: "nearest" }); }
  };
  const follow = (selector) => { const link = $(selector); if (link) link.click(); };
  const withLine = (act) => {
    const at = document.activeElement && document.activeElement.closest("[data-line], [data-fold]");
    if (at) act(at.dataset.line || at.dataset.fold);
  };
  const open = (row) => {
    if (row.matches(".folded")) return toggleFold(row.dataset.line);
    const details = $("details", row), link = $("a.main, a.own", row);
    if (details) details.open = !details.open; else if (link) link.click();
  };
  const actions = {
    "j": () => move(1), "k": () => move(-1), "?": () => sheet.showModal(), "g": () => follow("#back, .brand"),
    "n": () => follow("#next"), "p": () => follow("#previous"), "t": () => follow("#trace"), "c": () => copy && copyMarkdown(),
    "f": () => withLine(toggleFold), "s": () => withLine(solo),
    "1": () => trail && zoom(1), "2": () => trail && zoom(10), "0": () => trail && zoom("all"),
    "/": () => { const field = $("#within") || $("#search"); if (field) { field.focus(); field.select(); } },
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || sheet.open) return;
    const target = event.target;
    if (event.key === "Escape") {
      if (target.matches("input, select")) target.blur();
      if (trail) reset();
      return;
    }
    if (target.matches("input, select, textarea")) return;
    if (event.key === "Enter" && target.matches("tr")) { open(target); event.preventDefault(); return; }
    if (actions[event.key]) { actions[event.key](); event.preventDefault(); }
  });
})();
