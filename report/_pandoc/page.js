// Marks in the contents which section is being read: the last one that begins in the upper third of the window.
const entries = [...document.querySelectorAll("#contents a")]
  .map((link) => ({ link, section: document.getElementById(decodeURIComponent(link.hash.slice(1))) }))
  .filter((entry) => entry.section);
let waiting = false;

function mark() {
  waiting = false;
  const above = entries.filter((entry) => entry.section.getBoundingClientRect().top < innerHeight / 3);
  const atEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 2;
  const now = atEnd ? entries.at(-1) : above.at(-1);
  for (const { link } of entries) {
    if (link === now?.link) link.setAttribute("aria-current", "location");
    else link.removeAttribute("aria-current");
  }
  // The contents scroll by themselves where they are longer than the window; the page must not be moved by that.
  const bar = document.getElementById("contents");
  const box = now?.link.getBoundingClientRect();
  if (box && getComputedStyle(bar).position === "sticky" && (box.top < 0 || box.bottom > innerHeight))
    bar.scrollTop += box.top - innerHeight / 2;
}

addEventListener("scroll", () => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(mark);
}, { passive: true });
addEventListener("resize", mark);
mark();

// The switch between light and dark, by the classes that Quarto's page has too.
const button = document.getElementById("theme");
const system = matchMedia("(prefers-color-scheme: dark)");
let dark = system.matches;
let chosen = false;

function setTheme() {
  document.body.classList.toggle("quarto-dark", dark);
  document.body.classList.toggle("quarto-light", !dark);
  button.textContent = dark ? "Light" : "Dark";
  button.setAttribute("aria-label", `${button.textContent} colours`);
}

button.addEventListener("click", () => {
  chosen = true;
  dark = !dark;
  setTheme();
});
system.addEventListener("change", () => {
  if (chosen) return;
  dark = system.matches;
  setTheme();
});
button.hidden = false;
setTheme();
