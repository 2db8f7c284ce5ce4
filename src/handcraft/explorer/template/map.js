// The map of weights by worth and stability.

// Every weight that matters by what it is worth and how stable it is. The table above says the same in words.
function drawMap(model) {
  at("ex-map-all").hidden = !model.resamples || !model.active.length;
  if (at("ex-map-all").hidden) return;
  at("ex-map-tell").textContent = `Right: the weights keep their sign over ${model.resamples} fits to resampled stories. Up: without them the held-out loss is higher (logarithmic). Click a dot to see its weights.`;
  const [width, height, left, below] = [640, 260, 46, 34];
  const shown = Array.from(model.active.keys()).filter((i) => model.lossAdded[i] > 1e-5).sort((a, b) => model.lossAdded[b] - model.lossAdded[a]).slice(0, 300);
  const top = Math.log10(Math.max(1e-4, ...shown.map((i) => model.lossAdded[i])));
  const y = (loss) => (height - below - 8) * (1 - (Math.log10(loss) + 5) / (top + 5)) + 8;
  const dots = shown.map((i) => {
    const [position, id] = [Math.floor(model.active[i] / model.vocabulary), model.active[i] % model.vocabulary];
    const found = model.at(position, id);
    const same = model.steadiness(found);
    const told = `“${tokens.shown[id]}” in ${place(model, position)}: loss added ${fine(found.lossAdded)}, same sign ${percent(same)}, seen in ${times(found.support)}`;
    const dot = drawing("circle", { cx: left + same * (width - left - 12), cy: y(found.lossAdded), r: 4, class: model.doubtful(found) ? "ex-dot ex-dot-rare" : "ex-dot" }, drawing("title", {}, told));
    dot.addEventListener("click", () => { go({ token: id, position }); show(); });
    return dot;
  });
  const text = (x, at_, said, anchor = "middle") => drawing("text", { x, y: at_, "text-anchor": anchor }, said);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => text(left + share * (width - left - 12), height - below + 16, percent(share)));
  for (let power = -5; power <= top; power++) ticks.push(text(left - 6, y(10 ** power) + 4, power < -3 ? `1e${power}`.replace("-", "−") : String(10 ** power), "end"));
  fill("ex-map", drawing("path", { d: `M${left} 8V${height - below}H${width - 8}`, class: "ex-axes" }), ...ticks,
    text(left + (width - left) / 2, height - 3, "share of fits with the same sign"), ...dots.reverse());
}
