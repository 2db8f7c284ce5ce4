// What other predictors answer in the page's contexts.

const NOT_ASKED = 255;

// The answers of one context: the predictor's title, its word's place, and how sure it is of it.
const othersOf = (model, i) => model.others.filter((other) => other.best[i] !== NOT_ASKED)
  .map((other) => ({ title: other.title, best: other.best[i], sure: other.sure[i] / 255 }));

const othersTold = (model, one) => {
  const told = othersOf(model, one.index).map(({ title, best, sure }) => `${title}: ${bare(model.candidates[best])} ${percent(sure)}`);
  return told.length ? ` Others say: ${told.join("; ")}. ` : " ";
};

// The kinds of contexts to look at: value and words.
const contextKinds = (model) => [["", "of every word"], ["wrong", "where the model is wrong"],
  ...(model.others.length ? [["other", "where only another is right"]] : []),
  ...model.candidates.map((word, k) => [String(k), `where “${bare(word)}” came`])];

function ofKind(model, one, kind) {
  if (kind === "") return true;
  if (kind !== "wrong" && kind !== "other") return one.label === Number(kind);
  const wrong = largest(model.logits(one.tokens)) !== one.label;
  return wrong && (kind === "wrong" || othersOf(model, one.index).some(({ best }) => best === one.label));
}
