// What is shown, and what keys and buttons do. Text of the corpus goes into the page as text, never as markup.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const make = (tag, attributes, ...children) => {
  const element = Object.assign(document.createElement(tag), attributes);
  element.append(...children);
  return element;
};
const percent = (x) => `${Math.round(100 * x)}%`;
const store = new Store();
const setNames = ["natural", "balanced"];
const words = data.candidates.map((c) => c.trim() || JSON.stringify(c));

let session = null;
let practice = null; // the number of the practice item on the screen, or null
let told = false; // whether its answer is shown
let since = null; // when the item came on the screen; null while the page is hidden

function show(id, focus) {
  for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== id;
  if (focus) at(focus).focus();
}

function notice(text) {
  at("notice").textContent = text;
  at("notice").hidden = !text;
}

function seconds() {
  const now = performance.now();
  const passed = since === null ? 0 : (now - since) / 1000;
  since = document.hidden ? null : now;
  return passed;
}

function open(set, name) {
  return new Session(set, data.sets[set], words.length, name, store);
}

function chosen() {
  return { set: new FormData(at("form")).get("set"), name: slug(at("name").value) };
}

// The start, and what the form says of a name that has been here before.
function start() {
  session = null;
  practice = null;
  const last = (store.get(`handcraft-labels/last/${data.group}`) ?? "").split("/");
  if (last.length === 2 && data.sets[last[0]]) {
    at("form").elements.set.value = last[0];
    at("name").value = last[1];
  }
  describe();
  show("start");
  if (at("name").value) at("begin").focus();
}

function describe() {
  const { set, name } = chosen();
  const before = name ? open(set, name) : null;
  const seen = before?.started;
  const known = name && setNames.some((s) => open(s, name).started);
  at("seed").textContent = name
    ? `Your file will be ${name}.csv; your order of the items is drawn with the seed ${seedOf(name)}, which follows from the name.`
    : "";
  at("practise").hidden = !known || before.finished;
  at("begin").textContent = !seen ? (known ? "Begin" : "Begin with three practice items")
    : before.finished ? "Show my score" : `Go on (${before.total - before.left()} of ${before.total} answered)`;
  if (before?.broken) notice("What this browser had saved under that name cannot be read. You would begin anew.");
  else if (!store.lasting) notice("This browser does not let the page save anything: finish before you close it.");
  else notice("");
}

function begin(practiseFirst) {
  const { set, name } = chosen();
  if (!name) {
    notice("Please give a name with at least one letter from a to z.");
    at("name").focus();
    return;
  }
  session = open(set, name);
  store.set(`handcraft-labels/last/${data.group}`, `${set}/${name}`);
  notice("");
  const known = setNames.some((s) => open(s, name).started);
  practice = (practiseFirst || !known) && !session.finished && data.practice.length ? 0 : null;
  step();
}

// Whatever comes next.
function step() {
  if (practice !== null) ask(data.practice[practice].text);
  else if (session.finished) done();
  else if (session.left() === 0) review();
  else ask(session.items.items[session.current()].text);
}

function ask(text) {
  const practising = practice !== null;
  const answered = practising ? practice : session.total - session.left();
  const total = practising ? data.practice.length : session.total;
  const back = !practising && session.replay().queue.length && session.actions.length >= session.total;
  at("counter").textContent = `${practising ? "Practice" : "Item"} ${answered + 1} of ${total}${back ? " (skipped before)" : ""}`;
  at("set-name").textContent = practising ? "not counted" : `${session.set} set`;
  at("progress").max = total;
  at("progress").value = answered;
  const gap = make("span", { className: "gap" }, "?");
  gap.setAttribute("role", "img");
  gap.setAttribute("aria-label", "the gap");
  at("context").replaceChildren(
    make("span", { className: "hidden" }, `${at("counter").textContent}. `), "…",
    make("span", { className: "story", dir: "auto" }, text), gap,
  );
  at("choices").replaceChildren(...words.map((word, k) => {
    const button = make("button", { type: "button", onclick: () => choose(k) });
    if (k < 9) button.append(make("kbd", { ariaHidden: "true" }, String(k + 1)));
    button.append(make("span", {}, word));
    return button;
  }));
  at("feedback").replaceChildren();
  told = false;
  at("next").hidden = true;
  at("undo").hidden = at("skip").hidden = practising;
  at("undo").disabled = !session.started;
  at("skip").disabled = session.replay().queue.length < 2;
  at("leave").textContent = practising ? "Skip the practice" : "Stop for now";
  show("ask", "context");
  window.scrollTo(0, 0);
  since = null;
  seconds();
}

function choose(k) {
  if (practice === null) {
    kept(session.act(k, seconds()));
    step();
    return;
  }
  if (told) return;
  told = true;
  const answer = data.practice[practice].answer;
  at("choices").children[k].classList.add("chosen");
  at("choices").children[answer].classList.add("right");
  for (const button of at("choices").children) button.disabled = true;
  at("feedback").replaceChildren(
    make("span", { className: k === answer ? "right-text" : "wrong-text" }, k === answer ? "✓ Right: " : "✗ No: "),
    `in the story it is “${words[answer]}”. ${practice + 1 < data.practice.length ? "" : "From now on the answers are not shown."}`,
  );
  at("next").hidden = false;
  at("next").focus();
}

function next() {
  practice = practice + 1 < data.practice.length ? practice + 1 : null;
  step();
}

function skip() {
  if (practice !== null || at("skip").disabled) return;
  kept(session.act(-1, seconds()));
  step();
}

function undo() {
  if (practice !== null || !session.started || session.finished) return;
  kept(session.undo(seconds()));
  step();
}

function kept(saved) {
  notice(saved ? "" : "This browser does not let the page save anything: finish before you close it.");
}

function review() {
  since = null;
  at("review-title").textContent = `All ${session.total} items are answered`;
  show("review");
  at("finish").focus();
}

function done() {
  const { items, name, set, total } = session;
  const correct = session.correct();
  const [low, high] = items.intervals[correct];
  at("score").textContent = `${correct} of ${total} right: ${percent(correct / total)} (${percent(low)} to ${percent(high)})`;
  at("meaning").textContent = `Always answering “${words[data.usual]}”, the most frequent word, is right in `
    + `${items.usual} of these ${total} items (the dotted line). The intervals are Wilson’s, at ${percent(data.confidence)}: with so few items they are wide.`;
  const you = { title: `${name} (you)`, correct, low, high };
  at("scores").replaceChildren(...[you, ...items.scores].map((row) => line(row, { total, usual: items.usual }, row === you)));
  document.querySelector("th.interval").textContent = `${percent(data.confidence)} interval`;
  const sets = setNames.map((s) => open(s, name)).filter((s) => s.finished);
  const text = csv([data.columns, ...sets.flatMap((s) => s.rows(data.candidates))]);
  at("csv").value = text;
  at("download").textContent = `Save ${name}.csv`;
  at("download").onclick = () => download(`${name}.csv`, text);
  at("send").textContent = `The file holds your answers to the ${sets.map((s) => s.set).join(" and the ")} set. `
    + (data.send_to ? `Save it and send it to ${data.send_to}.` : "Save it and give it to whoever asked you.");
  at("where").replaceChildren(
    "Whoever builds the report puts it at ",
    make("code", {}, `human/labels/${data.corpus}/${data.group}/${name}.csv`), " and runs ", make("code", {}, "make report"),
    ": the report then has you in it. Until then the answers are in this browser alone.",
  );
  const other = setNames.find((s) => !sets.some((found) => found.set === s));
  at("other").hidden = !other;
  at("other").textContent = `Answer the ${other} set too`;
  at("other").onclick = () => {
    at("form").elements.set.value = other;
    begin(false);
  };
  // The right answers of one set could help with the other.
  at("later").hidden = !other;
  at("later").textContent = `Which items were right is shown when the ${other} set is done too.`;
  at("each").hidden = Boolean(other);
  if (other) at("answers").replaceChildren();
  const { answers } = session.replay();
  if (!other) at("answers").replaceChildren(...session.order.map((item) => {
    const [said, truth] = [answers.get(item), items.key[item]];
    const mark = said === truth ? make("span", { className: "right-text" }, `✓ ${words[truth]}`)
      : make("span", { className: "wrong-text" }, `✗ ${words[said]}; in the story ${words[truth]}`);
    return make("li", {}, make("span", { className: "story", dir: "auto" }, `…${items.items[item].text}`), " ", mark);
  }));
  show("done", "score");
  window.scrollTo(0, 0);
}

function line(row, { total, usual }, own) {
  const always = make("em", { title: `always “${words[data.usual]}”: ${percent(usual / total)}` });
  always.style.left = percent(usual / total);
  const range = make("i", {});
  Object.assign(range.style, { left: percent(row.low), width: percent(row.high - row.low) });
  const dot = make("b", {});
  dot.style.left = percent(row.correct / total);
  const bar = make("div", { className: "bar", ariaHidden: "true" }, always, range, dot);
  return make("tr", { className: own ? "you" : "" },
    make("th", { scope: "row" }, row.title),
    make("td", { className: "number" }, `${row.correct} of ${total}`),
    make("td", { className: "number" }, percent(row.correct / total)),
    make("td", { className: "number" }, `${percent(row.low)} to ${percent(row.high)}`),
    make("td", { className: "plot" }, bar));
}

function download(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

function key(event) {
  const typing = event.target instanceof HTMLInputElement && event.target.type !== "checkbox";
  if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || typing || !at("keys").checked) return;
  const asking = !at("ask").hidden;
  const letter = event.key.toLowerCase();
  if (asking && /^[1-9]$/.test(letter) && Number(letter) <= words.length) choose(Number(letter) - 1);
  else if (letter === "u" && (asking || !at("review").hidden)) undo();
  else if (letter === "s" && asking) skip();
  else return;
  event.preventDefault();
}

function remember() {
  if (session && practice === null && !at("ask").hidden && !session.finished) {
    session.addTime(seconds());
    session.save();
  }
}

at("words").textContent = words.join(" · ");
at("checksums").textContent = setNames.map((name) => `${name} ${data.sets[name].checksum}`).join(", ");
for (const element of document.querySelectorAll("[data-size]")) {
  element.textContent = data.sets[element.dataset.size].items.length;
}
at("form").addEventListener("submit", (event) => {
  event.preventDefault();
  begin(false);
});
at("form").addEventListener("input", describe);
at("practise").onclick = () => begin(true);
at("next").onclick = next;
at("undo").onclick = at("review-undo").onclick = undo;
at("skip").onclick = skip;
at("finish").onclick = () => {
  kept(session.finish());
  step();
};
at("leave").onclick = () => {
  if (practice !== null) {
    practice = null;
    step();
  } else {
    remember();
    start();
  }
};
document.addEventListener("keydown", key);
document.addEventListener("visibilitychange", () => (document.hidden ? remember() : (since = performance.now())));
window.addEventListener("pagehide", remember);
// The same person in another tab: what was done there counts here too.
window.addEventListener("storage", (event) => {
  if (session && event.key === session.key) {
    session.load();
    if (practice === null) step();
  }
});
start();
