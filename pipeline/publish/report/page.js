"use strict";
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const FILTERS = ["source", "verdict", "teacher", "flag", "modality"];
  const control = (name) => document.getElementById("f-" + name);
  const plain = (parts) => parts.filter(([kind]) => kind !== "cut").map(([, text]) => text).join("");

  function make(name, className, ...children) {
    const node = document.createElement(name);
    if (className) node.className = className;
    for (const child of children) node.append(child);
    return node;
  }

  function textOf(name, className, parts) {
    const node = make(name, className);
    node.dir = "auto";
    for (const [kind, text] of parts) {
      if (kind === "mark") node.append(make("mark", "", text));
      else if (kind === "cut") node.append(make("span", "gap", " … " + Number(text).toLocaleString("en") + " characters left out … "));
      else node.append(text);
    }
    return node;
  }

  function picture(name, said) {
    const node = make("img");
    node.src = data.thumbnails[name];
    node.alt = said;
    return node;
  }

  function boxed(image, boxes) {
    if (!boxes) return image;
    const drawn = (name, facts) => {
      const node = document.createElementNS("http://www.w3.org/2000/svg", name);
      for (const [key, value] of Object.entries(facts)) node.setAttribute(key, value);
      return node;
    };
    const wide = boxes.width, high = boxes.height;
    const told = "Boxes: " + boxes.gold.length + " of the gold, " + boxes.said.length + " of the answer";
    const over = drawn("svg", { viewBox: "0 0 " + wide + " " + high, preserveAspectRatio: "none", role: "img", "aria-label": told });
    for (const [kind, held] of [["gold", boxes.gold], ["said", boxes.said]]) {
      held.forEach(([left, top, right, bottom], place) => {
        const box = drawn("rect", { class: "box-" + kind, x: left, y: top, width: right - left, height: bottom - top });
        const title = drawn("title", {});
        title.textContent = kind === "gold" ? "gold" + (boxes.labels[place] ? ": " + boxes.labels[place] : "") : "answer";
        box.append(title);
        over.append(box);
      });
    }
    return make("div", "boxed", image, over);
  }

  function facts(pairs) {
    const list = make("dl", "facts");
    for (const [name, value] of pairs) {
      if (value !== "" && value !== null) list.append(make("div", "", make("dt", "", name), make("dd", "", make("bdi", "", String(value)))));
    }
    return list;
  }

  function options(texts, gold) {
    const list = make("ol", "options");
    texts.forEach((parts, place) => {
      const letter = String.fromCharCode(65 + place);
      const right = gold !== null && gold.split(/[^A-Z]+/).includes(letter);
      const item = textOf("span", "", parts);
      list.append(make("li", right ? "gold" : "", make("b", "", letter), item, right ? make("small", "", "gold") : ""));
    });
    return list;
  }

  const why = (trace) => (trace.kept ? "kept" : "rejected: " + trace.reason);

  function body(trace) {
    const node = make("div", "body");
    const images = make("div", "images");
    trace.images.forEach((name, place) => images.append(boxed(picture(name, "Picture " + (place + 1) + " of " + trace.pictures), trace.boxes)));
    if (trace.images.length) node.append(images);
    if (trace.pictures > trace.images.length) {
      node.append(make("p", "gap", trace.pictures - trace.images.length + " of " + trace.pictures + " pictures are not shown here."));
    }
    if (trace.boxes && trace.images.length) {
      node.append(make("p", "gap", "Boxes: the gold's are drawn through" + (trace.boxes.said.length ? ", the answer's in dashes." : ".")));
    }
    node.append(textOf("p", "question", trace.question));
    const choices = trace.options.length > 0;
    if (choices) node.append(options(trace.options, plain(trace.gold)));
    else node.append(make("h4", "", "Gold"), textOf("p", "text", trace.gold));
    if (trace.thought.length) node.append(make("h4", "", "Thought"), textOf("div", "text thought", trace.thought));
    node.append(make("h4", "", "Answer"), textOf("div", "text", trace.answer.length ? trace.answer : [["", "(empty)"]]));
    if (trace.error.length) node.append(make("h4", "", "What the judge said"), textOf("div", "text", trace.error));
    const cost = trace.cost === null ? "not known" : "$" + (trace.cost / 1e9).toFixed(6);
    node.append(make("h4", "", "Why"), facts([
      ["verdict", trace.verdict], ["rule", trace.rule], ["outcome", why(trace)], ["flags", trace.flags.join(", ")],
      ["teacher", trace.teacher || "none: the gold is the completion"], ["model", trace.model], ["sample", trace.sample],
      ["finished", trace.finish], ["tokens", trace.tokens || "not reported"], ["cost", cost],
      ["source", trace.source], ["upstream row", trace.row], ["licence", trace.licence], ["task", trace.task], ["trace", trace.id],
    ]));
    return node;
  }

  function fold(node, build) {
    node.addEventListener("toggle", () => {
      if (node.open && node.childElementCount === 1) node.append(build());
    });
    return node;
  }

  function card(trace) {
    const head = make("summary", "", make("span", "pill v-" + trace.verdict, trace.verdict));
    const told = make("span", "told", textOf("span", "ask", [["", plain(trace.question).slice(0, 160)]]));
    told.append(make("span", "meta", make("bdi", "", [trace.source, trace.modality, trace.teacher || "gold", why(trace)].join(" · "))));
    head.append(told);
    const first = trace.images[0];
    if (first) {
      const small = picture(first, "");
      small.className = "peek";
      head.append(small);
    }
    return fold(make("details", "card", head), () => body(trace));
  }

  function side(title, parts, choices, image) {
    const node = make("div", "", make("h4", "", title));
    if (image) node.append(make("div", "images", picture(image, "The shared picture: " + title)));
    node.append(textOf("p", "text", parts.length ? parts : [["", "(its terms do not allow passing the text on)"]]));
    if (choices.length) node.append(options(choices, null));
    return node;
  }

  function finding(one) {
    const head = make("summary", "", make("span", "pill d-" + one.decision, one.decision));
    head.append(make("span", "told", textOf("span", "ask", [["", plain(one.ours).slice(0, 160)]]),
      make("span", "meta", make("bdi", "", [one.benchmark, one.kind, one.rule, "score " + one.score.toFixed(2)].join(" · ")))));
    return fold(make("details", "card", head), () => {
      const node = make("div", "body");
      const pair = make("div", "two", side("This corpus: " + one.source, one.ours, one.ourOptions, one.image),
        side("Benchmark: " + one.benchmark, one.theirs, one.theirOptions, one.theirImage));
      node.append(pair);
      if (one.picture && !(one.image && one.theirImage)) {
        node.append(make("p", "gap", "Not every picture is shown: there are more than a page holds, or the benchmark's terms do not allow it."));
      }
      node.append(facts([["rule", one.rule], ["score", one.score], ["found as", one.found], ["decision", one.decision],
        ["by the manifest", one.why], ["example", one.id], ["benchmark's row", one.row]]));
      return node;
    });
  }

  const values = { flag: (trace) => trace.flags, teacher: (trace) => [trace.teacher || "(gold)"] };
  const valuesOf = (trace, name) => (values[name] ? values[name](trace) : [trace[name]]);
  const cards = data.traces.map((trace) => ({
    trace,
    node: card(trace),
    words: [trace.id, trace.row, trace.rule, trace.reason, plain(trace.question), plain(trace.thought), plain(trace.answer), plain(trace.gold),
      ...trace.options.map(plain)].join("\n").toLowerCase(),
  }));

  function fill(name) {
    const counts = new Map();
    for (const { trace } of cards) for (const value of valuesOf(trace, name)) counts.set(value, (counts.get(value) || 0) + 1);
    const add = (value, said) => {
      const choice = make("option", "", said);
      choice.value = value;
      control(name).append(choice);
    };
    add("", "all");
    for (const value of [...counts.keys()].sort()) add(value, value + " (" + counts.get(value) + ")");
  }

  function apply() {
    const query = control("q").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { trace, node, words } of cards) {
      const fits = FILTERS.every((name) => !control(name).value || valuesOf(trace, name).includes(control(name).value));
      node.hidden = !(fits && query.every((word) => words.includes(word)));
      if (!node.hidden) shown += 1;
    }
    document.getElementById("count").textContent = shown + " of " + cards.length + " traces shown";
  }

  function remember() {
    const state = new URLSearchParams();
    for (const name of ["q", ...FILTERS]) if (control(name).value) state.set(name, control(name).value);
    const hash = state.toString();
    history.replaceState(null, "", hash ? "#" + hash : "#traces");
    apply();
  }

  function recall() {
    const hash = location.hash.slice(1);
    if (hash && !hash.includes("=")) return apply();
    const state = new URLSearchParams(hash);
    for (const name of ["q", ...FILTERS]) {
      control(name).value = state.get(name) || "";
      if (control(name).value !== (state.get(name) || "")) control(name).value = "";
    }
    apply();
    if (hash) document.getElementById("traces").scrollIntoView();
  }

  FILTERS.forEach(fill);
  document.getElementById("cards").append(...cards.map(({ node }) => node));
  const held = document.getElementById("findings");
  if (held) held.append(...data.findings.map(finding));
  document.getElementById("filters").addEventListener("input", remember);
  document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("clear").addEventListener("click", () => {
    for (const name of ["q", ...FILTERS]) control(name).value = "";
    remember();
    control("q").focus();
  });
  const unfold = document.getElementById("unfold");
  unfold.addEventListener("click", () => {
    const open = unfold.getAttribute("aria-pressed") !== "true";
    for (const { node } of cards) if (!node.hidden) node.open = open;
    unfold.setAttribute("aria-pressed", String(open));
    unfold.textContent = open ? "Close all" : "Open all";
  });
  window.addEventListener("hashchange", recall);
  recall();
})();
