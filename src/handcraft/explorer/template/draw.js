// From numbers to elements. Text only ever goes in as text.

const FULL = 4; // Nats at which a colour is as deep as it gets, as in the report's tiles.

// White space at the end belongs to the next word's token; `handcraft explain` leaves it out too.
const trimmed = (text) => text.replace(/[ \t\r\n]+$/, "");

const make = (tag, names, ...content) => {
  const element = document.createElement(tag);
  if (names) element.className = names;
  element.append(...content);
  return element;
};
const fill = (id, ...content) => at(id).replaceChildren(...content);
const count = (n) => n.toLocaleString("en");
const signed = (x, digits = 2) => {
  const size = Math.abs(x).toFixed(digits);
  return Number(size) === 0 ? size : (x < 0 ? "−" : "+") + size;
};
// A loss in nats: small ones to five places, and what is smaller still is said to be.
const fine = (x) => (x !== 0 && Math.abs(x) < 5e-6 ? `${x < 0 ? "−" : ""}<0.00001` : x.toFixed(Math.abs(x) < 0.001 ? 5 : 4).replace("-", "−"));
const percent = (x) => (x > 0.995 && x < 1 ? ">99" : x < 0.005 && x > 0 ? "<1" : (x * 100).toFixed(0)) + "%";
const bare = (word) => word.trim() || word;
const times = (n) => (n === 1 ? "1 training context" : `${count(n)} training contexts`);

// A token as it is read out.
const say = (shown) => shown.replaceAll("␣", "space ").replaceAll("⏎", "line end ");

// A token as it is seen: its space is there, but quiet.
const token = (shown) => {
  const whole = make("span", "ex-token");
  for (const part of shown.split(/([␣⏎])/)) {
    if (part === "␣" || part === "⏎") whole.append(make("span", "ex-space", part));
    else if (part) whole.append(part);
  }
  return whole;
};

const shade = (element, value) => {
  element.classList.add("ex-shade", value < 0 ? "ex-against" : "ex-pro");
  element.style.setProperty("--deep", `${(Math.min(Math.abs(value) / FULL, 1) * 100).toFixed(1)}%`);
  return element;
};

const button = (names, told, act, ...content) => {
  const element = make("button", names, ...content);
  element.type = "button";
  if (told) element.setAttribute("aria-label", told);
  element.addEventListener("click", act);
  return element;
};

const drawing = (tag, attributes, ...content) => {
  const element = document.createElementNS(at("ex-map").namespaceURI, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...content);
  return element;
};

const head = (...titles) => {
  const row = make("tr", "");
  for (const title of titles) {
    const cell = make("th", "", title);
    cell.scope = "col";
    row.append(cell);
  }
  return make("thead", "", row);
};

const line = (names, title, ...cells) => {
  const first = make("th", "", title);
  first.scope = "row";
  return make("tr", names, first, ...cells.map((cell) => (cell instanceof Node && cell.tagName === "TD" ? cell : make("td", "", cell))));
};

// A weight in a table; one that the penalty made zero is a dot.
const cell = (found, k) => {
  if (found.zero) return make("td", "ex-none", "·");
  const value = shade(make("td", "", signed(found.centred[k])), found.centred[k]);
  value.title = `raw ${signed(found.raw[k], 3)}; seen in ${times(found.support)}`;
  return value;
};

const back = (group, position) => `−${group.length - position}`;
const place = (group, position) => (position === group.length - 1 ? "the last position" : `position ${back(group, position)}`);
