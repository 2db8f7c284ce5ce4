// What is looked at is in the address, after the #: every choice writes it, and every change of it draws the page.

const GROUPS = Array.from(document.querySelectorAll('script[id^="ex-group-"]'), (block) => block.id.slice("ex-group-".length));
const opened = new Map();
let tokens = null;
let state = null;
const LIKE = 0.2; // Likeness from which on a token is listed as similar.

const open = (name) => {
  if (!opened.has(name)) opened.set(name, new Group(JSON.parse(at(`ex-group-${name}`).textContent)));
  return opened.get(name);
};
const group = () => open(state.group);

// The feature without which most would be lost, of all or of one token's.
const foremost = (model, of = null) => {
  let best = null;
  model.active.forEach((feature, i) => {
    const token = feature % model.vocabulary;
    if (of !== null && token !== of) return;
    if (!best || model.lossAdded[i] > best.worth) best = { worth: model.lossAdded[i], token, position: Math.floor(feature / model.vocabulary) };
  });
  return best;
};
// Contexts to begin with: first one in which the foremost input acts, then one a word that the model gets right. Where
// no text of the corpus may be shown, the config's own sentence.
const examples = (model) => {
  const first = foremost(model);
  const found = [model.contexts.find((one) => first && one.tokens[first.position] === first.token)];
  for (let k = 0; k < model.K && model.contexts.length; k++) {
    found.push(model.contexts.find((one) => one.label === k && largest(model.logits(one.tokens)) === k));
  }
  const texts = found.filter(Boolean).map((one) => tokens.decode(one.tokens));
  if (model.sentence) texts.push(model.sentence);
  return Array.from(new Set(texts)).slice(0, 6);
};
const whole = (text, below) => (/^\d+$/.test(text || "") && Number(text) < below ? Number(text) : null);

function read() {
  const said = new URLSearchParams(location.hash.slice(1));
  const name = GROUPS.includes(said.get("group")) ? said.get("group") : GROUPS[0];
  const model = open(name);
  const first = foremost(model) || { token: 0, position: model.length - 1 };
  let chosen = said.has("token") ? tokens.fromLink(said.get("token")) : first.token;
  const missing = chosen === null ? said.get("token") : null;
  if (chosen === null) chosen = first.token;
  const usual = (chosen === first.token ? first : foremost(model, chosen)) || { position: model.length - 1 };
  const position = whole(said.get("position"), model.length);
  const text = said.has("text") ? said.get("text") : examples(model)[0] || "";
  return { group: name, token: chosen, position: position === null ? usual.position : position, text, word: whole(said.get("word"), model.K), missing };
}

const address = (one) => {
  const said = new URLSearchParams({ group: one.group, token: tokens.link(one.token), position: one.position, text: one.text });
  if (one.word !== null) said.set("word", one.word);
  return said;
};

// `quietly` takes no step in the browser's history: for what is typed.
function go(change, quietly = false) {
  const said = address({ ...state, ...change });
  if (quietly) location.replace(`#${said}`);
  else location.hash = said;
}

function pick(id) {
  const here = !group().at(state.position, id).zero;
  const best = here ? null : foremost(group(), id);
  go({ token: id, position: best ? best.position : state.position });
}

function draw() {
  if (state && location.hash.length > 1 && !location.hash.includes("group=")) return; // an anchor of the report
  const before = state;
  state = read();
  const model = group();
  at("ex-notice").hidden = state.missing === null;
  at("ex-notice").textContent = state.missing === null ? "" : `“${state.missing}” is not a single token of this vocabulary; another one is shown.`;
  at("ex-group").value = state.group;
  if (!before || before.group !== state.group) drawGroup(model);
  drawSentence(model);
  drawToken(model);
}

function drawGroup(model) {
  at("ex-about").textContent = `${count(model.active.length)} of ${count(model.length * model.vocabulary)} inputs have a weight; ${count(model.trainingContexts)} training and ${count(model.heldOutContexts)} held-out contexts.`;
  fill("ex-position", ...Array.from({ length: model.length }, (_, i) => {
    const position = model.length - 1 - i;
    const option = make("option", "", `${back(model, position)}${i === 0 ? " (last)" : ""}`);
    option.value = position;
    return option;
  }));
  const legend = at("ex-for").querySelector("legend");
  fill("ex-for", legend, ...model.candidates.map((word, k) => {
    const input = make("input", "");
    Object.assign(input, { type: "radio", name: "ex-word", value: k });
    input.addEventListener("change", () => go({ word: k }));
    return make("label", "", input, " ", bare(word));
  }));
  fill("ex-examples", ...examples(model).map((text) => button("ex-example", "", () => { go({ text, word: null }); at("ex-text").focus(); }, `… ${text.trim()}`)));
  fill("ex-filter", ...contextKinds(model).map(([value, shown]) => {
    const option = make("option", "", shown);
    option.value = value;
    return option;
  }));
  drawMap(model);
  drawPairs(model);
  const order = Array.from(model.active.keys()).sort((a, b) => model.lossAdded[b] - model.lossAdded[a]).slice(0, 12);
  fill("ex-most", head("token", "position", "seen", "speaks most for", "loss added"), make("tbody", "", ...order.map((i) => {
    const [position, id] = [Math.floor(model.active[i] / model.vocabulary), model.active[i] % model.vocabulary];
    const found = model.at(position, id);
    const k = largest(found.centred);
    const told = `${say(tokens.shown[id])}, ${place(model, position)}: show its weights`;
    const speaks = shade(make("td", "", `${bare(model.candidates[k])} ${signed(found.centred[k])}`), found.centred[k]);
    return line("", button("ex-link", told, () => { go({ token: id, position }); show(); }, token(tokens.shown[id])),
      back(model, position), count(found.support), speaks, fine(found.lossAdded));
  })));
}

const show = () => { at("ex-token-title").focus({ preventScroll: true }); at("ex-token-title").scrollIntoView({ block: "start" }); };

function answer(model, ids) {
  const features = model.features(ids);
  const scores = centre(model.logits(ids));
  const shares = softmax(scores);
  return { features, scores, shares, best: largest(shares) };
}

function drawSentence(model) {
  if (at("ex-text") !== document.activeElement || at("ex-text").value !== state.text) at("ex-text").value = state.text;
  const text = trimmed(state.text);
  const ids = tokens.encode(text);
  const { features, scores, shares, best } = answer(model, ids);
  const word = state.word === null ? best : state.word;
  const used = ids.length > model.length ? ` Only the last ${model.length} of ${count(ids.length)} tokens count.`
    : ids.length < model.length ? ` The model was trained on ${model.length} tokens before the gap; here are ${ids.length}. The places before them add nothing, and the shares are less sure.` : "";
  const spaced = text === state.text ? "" : " The space at the end was left out: it belongs to the next word.";
  at("ex-scores").classList.toggle("ex-unsure", ids.length < model.length);
  at("ex-answer").textContent = `The model says “${bare(model.candidates[best])}”, ${percent(shares[best])}.${used}${spaced}`;
  fill("ex-scores", ...model.candidates.map((name, k) => {
    const bar = make("span", "ex-bar-of");
    bar.style.setProperty("--share", `${(shares[k] * 100).toFixed(1)}%`);
    const row = make("div", k === best ? "ex-score ex-best" : "ex-score", make("span", "ex-name", bare(name)), bar, make("span", "ex-number", percent(shares[k])), make("span", "ex-number ex-quiet", signed(scores[k])));
    row.title = `score ${signed(scores[k], 3)} nats, centred`;
    return row;
  }));
  for (const input of at("ex-for").querySelectorAll("input")) input.checked = Number(input.value) === word;
  fill("ex-words", ...features.map((found) => {
    const push = found.centred[word];
    const told = `${say(tokens.shown[found.token])}, ${place(model, found.position)}: ${found.zero ? "no weight" : `${signed(push)} for ${bare(model.candidates[word])}`}, seen in ${times(found.support)}`;
    const chip = button(`ex-chip${model.doubtful(found) ? " ex-rare" : ""}`, told, () => { go({ token: found.token, position: found.position }); show(); },
      token(tokens.shown[found.token]), make("span", "ex-push", found.zero ? "·" : signed(push)), make("span", "ex-seen", `${count(found.support)}×`));
    if (found.token === state.token && found.position === state.position) chip.setAttribute("aria-current", "true");
    return found.zero ? chip : shade(chip, push);
  }));
  drawReplace(model, ids);
  at("ex-pair-here").textContent = pairsIn(model, ids).map((pair) => `What this sum leaves out: ${pairTold(pair)} together say ${signed(pair.value)} for “${bare(pair.candidate)}” beyond their votes.`).join(" ");
  const constant = { zero: false, raw: Array.from(model.bias), centred: centre(Array.from(model.bias)), support: model.trainingContexts };
  const cells = (found) => model.candidates.map((_, k) => cell(found, k));
  fill("ex-pushes", head("token", "position", "seen", ...model.candidates.map(bare)), make("tbody", "",
    ...features.map((found) => line("", token(tokens.shown[found.token]), back(model, found.position), count(found.support), ...cells(found))),
    line("", "always", "", count(model.trainingContexts), ...cells(constant)),
    line("ex-sum", "score", "", "", ...scores.map((value) => signed(value))),
    line("ex-sum", "share", "", "", ...shares.map(percent))));
}

// The chosen token's place in the sentence, if it stands there: what is typed takes its place.
function drawReplace(model, ids) {
  const i = ids.length - model.length + state.position;
  const here = i >= 0 && ids[i] === state.token;
  at("ex-replace-label").hidden = !here && at("ex-replace") !== document.activeElement;
  if (here && at("ex-replace") !== document.activeElement) at("ex-replace").value = tokens.decode([state.token]);
}

let replacing = null;

function beginReplace() {
  const ids = Array.from(tokens.encode(trimmed(state.text)));
  const i = ids.length - group().length + state.position;
  replacing = { before: tokens.decode(ids.slice(0, i)), after: tokens.decode(ids.slice(i + 1)), spaced: tokens.shown[state.token].startsWith("␣") };
}

function replace(text) {
  // A word that had its space keeps it: it is easily forgotten.
  const typed = replacing.spaced && text && !/^\s/.test(text) ? ` ${text}` : text;
  go({ text: replacing.before + typed + replacing.after, word: null }, true);
}

function drawToken(model) {
  const found = model.at(state.position, state.token);
  const shown = tokens.shown[state.token];
  fill("ex-token-title", "“", token(shown), `” in ${place(model, state.position)}`);
  at("ex-position").value = state.position;
  if (at("ex-search") !== document.activeElement) at("ex-search").value = "";
  const share = found.support / model.trainingContexts;
  const doubtful = model.doubtful(found);
  at("ex-tell").className = `ex-tell${doubtful ? " ex-warn" : ""}`;
  at("ex-tell").textContent = `It stands there in ${count(found.support)} of ${times(model.trainingContexts)} (${found.support && share < 0.001 ? "<0.1" : (share * 100).toFixed(1)}%).`
    + (found.zero ? " No weight is left: the penalty made it zero, or it was never seen." : !doubtful ? "" : found.same ? " Fits to resampled stories seldom give its largest weight this sign: it means little." : " That is rare: a large weight here means little.");
  fill("ex-tiles", ...model.candidates.map((word, k) => {
    const tile = make("div", "ex-tile", make("span", "ex-word", bare(word)), make("span", "ex-value", signed(found.centred[k])));
    tile.setAttribute("role", "listitem");
    tile.dataset.raw = found.raw[k];
    tile.append(make("span", "ex-small", found.raw[k] === 0 ? "raw 0" : `raw ${signed(found.raw[k])}`));
    if (found.same && found.raw[k] !== 0) tile.append(make("span", "ex-small", `± ${found.spread[k].toFixed(2)}, same sign ${percent(found.same[k])}`));
    return found.zero ? tile : shade(tile, found.centred[k]);
  }));
  at("ex-metadata").textContent = found.zero ? "" : (found.heldOut
    ? `In ${count(found.heldOut)} of ${count(model.heldOutContexts)} held-out contexts it acts: over all of them it moves a score by ${fine(found.contribution)} nats on average, and without it the loss is ${fine(Math.abs(found.lossAdded))} nats ${found.lossAdded < 0 ? "lower" : "higher"}.`
    : `It acts in none of the ${count(model.heldOutContexts)} held-out contexts: it changes nothing there.`)
    + (found.same ? ` ± and same sign: over ${model.resamples} fits to resampled stories.` : "");
  drawStrip(model);
  drawSimilar(model);
  drawContexts(model);
}

function drawStrip(model) {
  const rows = Array.from({ length: model.length }, (_, i) => {
    const position = model.length - 1 - i;
    const found = model.at(position, state.token);
    const choose = button("ex-link", `${place(model, position)}`, () => go({ position }), back(model, position));
    const row = line(model.doubtful(found) ? "ex-rare" : "", choose, count(found.support), ...model.candidates.map((_, k) => cell(found, k)), found.zero ? "" : fine(found.lossAdded));
    if (position === state.position) row.setAttribute("aria-current", "true");
    return row;
  });
  fill("ex-strip", head("position", "seen", ...model.candidates.map(bare), "loss added"), make("tbody", "", ...rows));
}

function drawSimilar(model) {
  const like = (model.similar.get(state.token) || []).filter((one) => one.likeness >= LIKE);
  at("ex-similar-tell").textContent = like.length
    ? `Cosine over all positions and words, at least ${LIKE}, shrunk where a token or a weight was seen little. Beside each: its tiles in this position, and how often it was seen there.`
    : `None: this token has no weights in this group, or no likeness is ${LIKE} or more.`;
  fill("ex-similar", ...like.map(({ token: id, likeness }) => {
    const seen = model.seen(state.position, id);
    const told = `${say(tokens.shown[id])}, likeness ${likeness.toFixed(2)}, seen here in ${times(seen)}`;
    const found = model.at(state.position, id);
    const tiles = make("span", "ex-small-tiles", ...model.candidates.map((word, k) => {
      const tile = make("span", "ex-small-tile", found.zero ? "·" : signed(found.centred[k], 1));
      tile.title = bare(word);
      return found.zero ? tile : shade(tile, found.centred[k]);
    }));
    tiles.setAttribute("role", "img");
    tiles.setAttribute("aria-label", found.zero ? "no weight in this position" : model.candidates.map((word, k) => `${bare(word)} ${signed(found.centred[k])}`).join(", "));
    return make("li", "", button("ex-chip", told, () => { go({ token: id }); show(); },
      token(tokens.shown[id]), make("span", "ex-push", likeness.toFixed(2)), make("span", "ex-seen", `${count(seen)}×`)), tiles);
  }));
}

// How much less a context loses by the chosen token's weights (nats): above zero they helped.
function helped(model, one) {
  const own = model.logits(one.tokens);
  const raw = model.at(state.position, state.token).raw;
  const loss = (logits) => -Math.log(softmax(logits)[one.label]);
  return loss(own.map((value, k) => value - raw[k])) - loss(own);
}

// At most `most` of a sorted list, evenly over it, its ends among them.
const spread = (list, most) => (list.length <= most ? list : Array.from({ length: most }, (_, i) => list[Math.round((i * (list.length - 1)) / (most - 1))]));

function drawContexts(model) {
  const acted = model.contexts.filter((one) => one.tokens[state.position] === state.token);
  const wanted = at("ex-filter").value;
  const kept = acted.filter((one) => ofKind(model, one, wanted));
  const rows = spread(kept.map((one) => ({ ...one, worth: helped(model, one) })).sort((a, b) => b.worth - a.worth), 6);
  at("ex-filter-label").hidden = !acted.length;
  at("ex-contexts-tell").textContent = !model.excerpts ? "This build shows no text of its corpus (report.excerpts)."
    : rows.length ? `${count(kept.length)} held-out contexts of this page have this token there${rows.length < kept.length ? `; here are ${rows.length}` : ""}, from where it helped most to where it did most harm. Under the words: each token's push on the word that came; dashed where it was seen in few training contexts.`
      : acted.length ? "None of these contexts is of that kind."
      : "None of the held-out contexts kept in this page has this token there.";
  fill("ex-contexts", ...rows.map(({ tokens: ids, label, worth, index }) => {
    const { features, shares, best } = answer(model, ids);
    const words = make("span", "ex-context");
    for (const found of features) {
      const push = found.centred[label];
      const piece = make("span", `ex-piece${model.doubtful(found) ? " ex-rare" : ""}${found.position === state.position ? " ex-here" : ""}`, token(tokens.shown[found.token]),
        make("span", "ex-push", found.zero || Math.abs(push) < 0.05 ? "\u00a0" : signed(push, 1)));
      piece.title = found.zero ? `no weight; seen in ${times(found.support)}` : `${signed(push)} for ${bare(model.candidates[label])}; seen in ${times(found.support)}`;
      words.append(found.zero ? piece : shade(piece, push));
    }
    const came = make("strong", "", bare(model.candidates[label]));
    const says = ` came, to which the model gave ${percent(shares[label])}${best === label ? "" : ` (${bare(model.candidates[best])}: ${percent(shares[best])})`}.${othersTold(model, { index })}This token ${worth < 0 ? "did harm" : "helped"}: ${signed(worth, 3)} nats. `;
    const take = button("ex-link", "", () => { go({ text: tokens.decode(ids), word: null }); at("ex-text").focus(); }, "Take it as the sentence");
    return make("li", "", words, make("span", "ex-said", came, says, take));
  }));
}

// Search: a list under the field, by keyboard or pointer.
let listed = [];
let marked = -1;

function find(query) {
  const asked = query.replaceAll(" ", "␣").toLowerCase();
  const model = group();
  const rank = (shown) => {
    const text = shown.toLowerCase();
    if (text === asked) return 0;
    if (text === `␣${asked}`) return 1;
    if (text.startsWith(asked) || text.startsWith(`␣${asked}`)) return 2;
    return text.includes(asked) ? 3 : null;
  };
  return tokens.shown.map((shown, id) => ({ id, rank: rank(shown), seen: model.seen(state.position, id) }))
    .filter((one) => one.rank !== null)
    .sort((a, b) => a.rank - b.rank || b.seen - a.seen || a.id - b.id)
    .slice(0, 12).map((one) => one.id);
}

function suggest(ids) {
  listed = ids;
  at("ex-none-found").textContent = !ids.length && at("ex-search").value ? `No token has “${at("ex-search").value}” in it.` : "";
  mark(-1);
  const model = group();
  fill("ex-found", ...ids.map((id, i) => {
    const option = make("li", "", token(tokens.shown[id]), make("span", "ex-seen", `${count(model.seen(state.position, id))}× there`));
    option.id = `ex-found-${i}`;
    option.setAttribute("role", "option");
    option.setAttribute("aria-label", `${say(tokens.shown[id])}, seen there in ${times(model.seen(state.position, id))}`);
    option.addEventListener("pointerdown", (event) => { event.preventDefault(); take(i); });
    return option;
  }));
  at("ex-found").hidden = !ids.length;
  at("ex-search").setAttribute("aria-expanded", String(ids.length > 0));
}

function mark(i) {
  marked = i;
  Array.from(at("ex-found").children).forEach((option, j) => option.setAttribute("aria-selected", String(i === j)));
  if (i < 0) at("ex-search").removeAttribute("aria-activedescendant");
  else {
    at("ex-search").setAttribute("aria-activedescendant", `ex-found-${i}`);
    at(`ex-found-${i}`).scrollIntoView({ block: "nearest" });
  }
}

function take(i) {
  const id = listed[i];
  suggest([]);
  at("ex-search").value = "";
  pick(id);
}

function listen() {
  at("ex-group").addEventListener("change", () => {
    const model = open(at("ex-group").value);
    const best = foremost(model) || state;
    go({ group: at("ex-group").value, token: best.token, position: best.position, text: examples(model)[0] || state.text, word: null });
  });
  at("ex-position").addEventListener("change", () => go({ position: Number(at("ex-position").value) }));
  let waiting = 0;
  at("ex-text").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => go({ text: at("ex-text").value }, true), 120);
  });
  at("ex-replace").addEventListener("focus", beginReplace);
  at("ex-replace").addEventListener("input", () => replace(at("ex-replace").value));
  at("ex-replace").addEventListener("blur", () => drawSentence(group()));
  at("ex-filter").addEventListener("change", () => drawContexts(group()));
  at("ex-copy").addEventListener("click", async () => {
    const link = new URL(location.href);
    link.hash = address(state);
    try {
      await navigator.clipboard.writeText(link.href);
      at("ex-copied").textContent = "Copied.";
    } catch {
      // Without the permission the link is put where it can be copied by hand.
      location.hash = address(state);
      at("ex-copied").textContent = "The link is in the address bar.";
    }
  });
  const search = at("ex-search");
  search.addEventListener("input", () => suggest(search.value ? find(search.value) : []));
  search.addEventListener("blur", () => suggest([]));
  search.addEventListener("keydown", (event) => {
    const n = listed.length;
    if (event.key === "Escape") { search.value = ""; suggest([]); }
    else if (event.key === "ArrowDown" && n) mark((marked + 1) % n);
    else if (event.key === "ArrowUp" && n) mark((marked + n - (marked < 0 ? 0 : 1)) % n);
    else if (event.key === "Enter" && n) take(Math.max(marked, 0));
    else return;
    event.preventDefault();
  });
  window.addEventListener("hashchange", draw);
  // A link of the report into the explorer leads to what it names.
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest('a[href^="#group="]');
    if (!link) return;
    event.preventDefault();
    location.hash = link.getAttribute("href");
    draw();
    show();
  });
}

if (GROUPS.length) {
  tokens = new Tokenizer(JSON.parse(at("ex-tokenizer").textContent));
  draw();
  listen();
  at("ex-all").hidden = false;
}

const api = {
  encode: (text) => tokens.encode(text),
  logits: (text) => group().logits(tokens.encode(trimmed(text))),
  state: () => ({ ...state }),
  opened: () => Array.from(opened.keys()),
};
