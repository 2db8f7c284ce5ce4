// Pairs of tokens that say together what neither says alone: the table, and those of a sentence.

const PAIRS = 10; // Pairs that the table shows.
const pairTold = (pair) => `“${pair.token}” (−${-pair.position}) with “${pair.other_token}” (−${-pair.other_position})`;

function drawPairs(model) {
  at("ex-pairs-all").hidden = !model.pairs.length;
  const open = (text, position) => {
    const id = tokens.shown.indexOf(text);
    const where = model.length + position;
    return button("ex-link", `${say(text)}, ${place(model, where)}: show its weights`, () => { go({ token: id, position: where }); show(); }, token(text), ` −${-position}`);
  };
  fill("ex-pairs", head("pair", "word", "push", "seen", "confirmed"), make("tbody", "", ...model.pairs.slice(0, PAIRS).map((pair) => line("",
    make("span", "", open(pair.token, pair.position), " with ", open(pair.other_token, pair.other_position)),
    bare(pair.candidate), shade(make("td", "", signed(pair.value)), pair.value), count(pair.seen), pair.confirmed ? "yes" : "no"))));
}

// The confirmed pairs that a sentence has: what its sum of votes leaves out. Of the others some are chance.
function pairsIn(model, ids) {
  const has = (text, position) => ids.length >= -position && tokens.shown[ids[ids.length + position]] === text;
  return model.pairs.filter((pair) => pair.confirmed && has(pair.token, pair.position) && has(pair.other_token, pair.other_position));
}
