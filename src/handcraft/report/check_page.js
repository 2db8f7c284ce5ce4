// What check_html asks a page: `look(width)` lists faults of what is shown now, as [what, words]; `tabs` and `tab(i)`
// show the parts that tabs hide.
(() => {
  const LEAST = 4.5; // contrast, whatever the size of the text
  const WORDS = 80;
  const quote = (e) => {
    const text = (e.innerText ?? e.textContent ?? "").trim().replace(/\s+/g, " ").slice(0, WORDS);
    const name = e.tagName.toLowerCase() + (e.id ? `#${e.id}` : "");
    return `<${name}>` + (text ? ` ${text}` : "");
  };
  const shown = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const ownText = (e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  const above = function* (e) { for (; e; e = e.parentElement) yield e; };

  // 1. Nothing wider than the screen, but for what scrolls inside.
  function* wide(width) {
    const scrolls = (e) => /auto|scroll/.test(getComputedStyle(e).overflowX) && e.getBoundingClientRect().right <= width + 1;
    const over = (e) => {
      const box = e.getBoundingClientRect();
      return box.width > 1 && box.right + scrollX > width + 1;
    };
    const found = [...document.body.querySelectorAll("*")].filter((e) => {
      if (!over(e) || !shown(e)) return false;
      for (const a of above(e.parentElement)) {
        // The page itself is no place that scrolls inside.
        if (a !== document.body && a !== document.documentElement && scrolls(a)) return false;
      }
      return true;
    });
    const deepest = found.filter((e) => !found.some((other) => other !== e && e.contains(other)));
    for (const e of deepest) yield [`wider than a screen of ${width} pixels`, quote(e)];
    const all = document.documentElement.scrollWidth;
    if (!deepest.length && all > width) yield [`wider than a screen of ${width} pixels`, `the page, ${all} pixels`];
  }

  // 2. What scrolls inside can be scrolled by keyboard, in every browser.
  const FOCUS = "a[href], button, input, select, textarea, summary, [tabindex]";
  function* unreachable() {
    for (const e of document.body.querySelectorAll("*")) {
      const style = getComputedStyle(e);
      const scrolls = (/auto|scroll/.test(style.overflowX) && e.scrollWidth > e.clientWidth + 1)
        || (/auto|scroll/.test(style.overflowY) && e.scrollHeight > e.clientHeight + 1);
      if (!scrolls || !shown(e) || e.matches("textarea, select")) continue;
      const reached = [e, ...e.querySelectorAll(FOCUS)].some((f) => f.tabIndex >= 0 && shown(f));
      if (!reached) yield ["what scrolls inside cannot be reached by keyboard", quote(e)];
    }
  }

  // 3. Links to places that are not there. A fragment with "=" is a state of the page, and no place in it.
  function* dead() {
    for (const a of document.querySelectorAll('a[href*="#"], area[href*="#"]')) {
      const target = new URL(a.getAttribute("href"), document.baseURI);
      if (target.href.split("#")[0] !== location.href.split("#")[0]) continue;
      const id = decodeURIComponent(target.hash.slice(1));
      if (!id || id.includes("=") || id === "top") continue;
      if (!document.getElementById(id) && !document.getElementsByName(id).length) yield ["a link leads nowhere", `#${id}`];
    }
  }
  const files = () => [...document.querySelectorAll("a[href]")]
    .map((a) => new URL(a.getAttribute("href"), document.baseURI))
    .filter((u) => u.protocol === "file:").map((u) => u.href.split(/[?#]/)[0]);

  // 4. Headings without words, and headings with nothing below them.
  const SHOWS = "img, svg, canvas, math, video, input, select, textarea, button, hr, iframe, object";
  function* headings() {
    const all = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6, [role=heading]")].filter(shown);
    const level = (e) => Number(e.getAttribute("aria-level") ?? (e.tagName[1] || 2));
    const named = (e) => (e.innerText.trim() || e.getAttribute("aria-label") || [...e.querySelectorAll("img")].some((i) => i.alt));
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    for (const [i, e] of all.entries()) {
      if (!named(e)) { yield ["a heading is empty", quote(e)]; continue; }
      const next = all.slice(i + 1).find((other) => level(other) <= level(e));
      let some = false;
      walk.currentNode = e.lastElementChild ?? e;
      for (let n = walk.nextNode(); n && n !== next && !some; n = walk.nextNode()) {
        if (e.contains(n)) continue;
        const element = n.nodeType === 3 ? n.parentElement : n;
        some = (n.nodeType === 3 ? n.data.trim() : n.matches(SHOWS)) && !element.closest("h1, h2, h3, h4, h5, h6, script, style") && shown(element);
      }
      if (!some) yield ["a heading has nothing below it", quote(e)];
    }
  }

  // 5. The contrast of every text with what is behind it, by WCAG's formula.
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const rgba = (css) => {
    if (!known.has(css)) {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = css;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
      known.set(css, [r, g, b, a / 255]);
    }
    return known.get(css);
  };
  const over = (top, ground) => [0, 1, 2].map((i) => top[i] * top[3] + ground[i] * (1 - top[3])).concat(1);
  const light = (c) => c.slice(0, 3).map((x) => x / 255)
    .map((x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4))
    .reduce((sum, x, i) => sum + x * [0.2126, 0.7152, 0.0722][i], 0);
  const paper = () => {
    const probe = document.documentElement.appendChild(document.createElement("div"));
    probe.style.backgroundColor = "Canvas";
    const colour = rgba(getComputedStyle(probe).backgroundColor);
    probe.remove();
    return colour;
  };
  function colours(e, base) {
    const layers = [];
    let opacity = 1, solid = false;
    for (const a of above(e)) {
      const style = getComputedStyle(a);
      opacity *= Number(style.opacity);
      if (solid) continue;
      if (style.backgroundImage !== "none") return null; // a picture or a gradient: axe says what it can
      const colour = rgba(style.backgroundColor);
      layers.push(colour);
      solid = colour[3] === 1;
    }
    const ground = layers.reverse().reduce((below, layer) => over(layer, below), base);
    const ink = rgba(getComputedStyle(e).color);
    return [over([...ink.slice(0, 3), ink[3] * opacity], ground), ground];
  }
  let texts = 0;
  function* contrast() {
    const base = paper();
    for (const e of document.body.querySelectorAll("*")) {
      const field = e.matches("input:not([type=radio], [type=checkbox], [type=range], [type=hidden], [type=color]), select, textarea");
      if (!(ownText(e) || field) || e.closest(":disabled, [aria-disabled=true], script, style") || !shown(e)) continue;
      if (e.closest("svg")) continue;
      const box = e.getBoundingClientRect();
      const pair = box.width > 1 && box.height > 1 && colours(e, base);
      if (!pair) continue;
      texts += 1;
      const [a, b] = pair.map(light);
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (ratio < LEAST - 0.005) yield [`contrast of ${ratio.toFixed(2)}, below ${LEAST}`, quote(e)];
    }
  }

  const sets = () => [...document.querySelectorAll(".tabset, [role=tablist]")]
    .map((set) => [...set.querySelectorAll(":scope > input[type=radio], [role=tab]")]);
  window.handcraft = {
    prepare() {
      document.querySelectorAll("details").forEach((d) => { d.open = true; });
      document.querySelectorAll("[loading=lazy]").forEach((e) => { e.loading = "eager"; });
    },
    tabs: () => Math.max(1, ...sets().map((set) => set.length)),
    tab: (i) => { for (const set of sets()) set[Math.min(i, set.length - 1)]?.click(); },
    contrast: () => [...contrast()],
    look(width) {
      texts = 0;
      const faults = [...wide(width), ...unreachable(), ...dead(), ...headings(), ...contrast()];
      const count = (what) => document.querySelectorAll(what).length;
      return { faults, files: [...new Set(files())],
        counts: { texts, links: count("a[href]"), headings: count("h1, h2, h3, h4, h5, h6") } };
    },
  };
})();
