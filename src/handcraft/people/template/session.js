// One person's way through one set of items: no page here, so that all of it can be read at once.
"use strict";

// A name as it can stand in a path and in a table: a small letter first, then letters, digits, single hyphens.
function slug(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^[^a-z]+|-$/g, "");
}

// The seed of a name: 32-bit FNV-1a, so that everybody has an order of their own, and can see which.
function seedOf(name) {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

// The numbers 0 to n-1 in an order drawn with the seed: mulberry32 and Fisher and Yates' shuffle.
function shuffled(n, seed) {
  let state = seed >>> 0;
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

// What was done is kept as a list of actions; where one stands follows from it, so undo takes away the last.
class Session {
  constructor(set, items, classes, name, storage) {
    Object.assign(this, { set, items, classes, name, storage });
    this.seed = seedOf(name);
    this.order = shuffled(items.items.length, this.seed);
    this.key = `handcraft-labels/${items.checksum}/${name}`;
    this.load();
  }

  // What was saved, if it can be read and fits; otherwise a new beginning. `broken` says that it did not.
  load() {
    this.actions = [];
    this.spent = {};
    this.finished = false;
    this.broken = false;
    const text = this.storage.get(this.key);
    if (text === null) return;
    try {
      const saved = JSON.parse(text);
      const valid = (a) => Number.isInteger(a) && a >= -1 && a < this.classes;
      if (!saved.actions.every(valid)) throw new Error("an unknown answer");
      this.actions = saved.actions;
      if (this.left() < 0) throw new Error("too many answers");
      for (const item of this.order) {
        const seconds = Number(saved.spent[item]);
        if (seconds >= 0 && Number.isFinite(seconds)) this.spent[item] = seconds;
      }
      this.finished = Boolean(saved.finished) && this.left() === 0;
    } catch {
      this.actions = [];
      this.spent = {};
      this.broken = true;
    }
  }

  save() {
    return this.storage.set(this.key, JSON.stringify({ actions: this.actions, spent: this.spent, finished: this.finished }));
  }

  // Items in the order in which they are still to come, and the answers given. -1 is a skip: back to the end.
  replay() {
    const queue = [...this.order];
    const answers = new Map();
    for (const action of this.actions) {
      const item = queue.shift();
      if (action < 0) queue.push(item);
      else answers.set(item, action);
    }
    return { queue, answers };
  }

  get started() { return this.actions.length > 0; }
  get total() { return this.order.length; }
  left() { return this.total - this.actions.filter((a) => a >= 0).length; }
  current() { return this.replay().queue[0]; }

  act(answer, seconds) {
    this.addTime(seconds);
    this.actions.push(answer);
    return this.save();
  }

  // Time on the item that is now on the screen, also of a visit that ends in a skip or is undone.
  addTime(seconds) {
    const item = this.current();
    if (item !== undefined) this.spent[item] = (this.spent[item] ?? 0) + seconds;
  }

  undo(seconds) {
    this.addTime(seconds);
    this.actions.pop();
    return this.save();
  }

  finish() {
    this.finished = this.left() === 0;
    return this.save();
  }

  correct() {
    const { answers } = this.replay();
    return this.order.filter((item) => answers.get(item) === this.items.key[item]).length;
  }

  // Rows of the label file, in the order of this person.
  rows(candidates) {
    const { answers } = this.replay();
    return this.order.map((item, place) => [
      this.set, this.items.checksum, this.items.items[item].context, candidates[answers.get(item)],
      (this.spent[item] ?? 0).toFixed(1), place + 1, this.seed,
    ]);
  }
}

function csv(rows) {
  const cell = (x) => (/[",\r\n]|^\s|\s$/.test(String(x)) ? `"${String(x).replaceAll('"', '""')}"` : String(x));
  return rows.map((row) => row.map(cell).join(",") + "\n").join("");
}

// The browser's store; where there is none (some browsers forbid it to files) what is kept is lost on closing.
class Store {
  constructor() {
    this.own = new Map();
    this.lasting = true;
  }

  get(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      this.lasting = false;
      return this.own.get(key) ?? null;
    }
  }

  set(key, text) {
    this.own.set(key, text);
    try {
      localStorage.setItem(key, text);
    } catch {
      this.lasting = false;
    }
    return this.lasting;
  }
}
