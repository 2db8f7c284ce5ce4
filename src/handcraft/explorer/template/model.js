// One group's linear model, from its inert block.

// As in the report: a weight whose sign fewer fits to resampled stories have is unstable, and an input that fewer of the
// training contexts have is rare.
const UNSTABLE = 0.5;
const RARE = 0.001;

class Group {
  constructor(data) {
    Object.assign(this, { title: data.title, candidates: data.candidates, length: data.length });
    this.vocabulary = data.vocabulary;
    this.trainingContexts = data.training_contexts;
    this.heldOutContexts = data.held_out_contexts;
    this.excerpts = data.excerpts;
    this.sentence = data.sentence;
    this.pairs = data.pairs;
    this.K = data.candidates.length;
    this.bias = Float64Array.from(unpack(data.bias));
    this.active = unpack(data.active);
    this.row = new Map(Array.from(this.active, (feature, i) => [feature, i]));
    this.weight = new Float32Array(this.active.length * this.K);
    const [columns, values] = [unpack(data.columns), unpack(data.values)];
    let next = 0;
    unpack(data.each).forEach((n, i) => {
      for (const end = next + n; next < end; next++) this.weight[i * this.K + columns[next]] = values[next];
    });
    this.heldOut = unpack(data.held_out);
    this.contribution = unpack(data.contribution);
    this.lossAdded = unpack(data.loss_added);
    const [seen, support] = [unpack(data.seen), unpack(data.support)];
    this.support = new Map(Array.from(seen, (feature, i) => [feature, support[i]]));
    this.resamples = data.resamples;
    if (data.resamples) {
      this.spread = unpack(data.spread);
      this.same = unpack(data.same);
    }
    const [like, similar, likeness] = ["like", "similar", "likeness"].map((name) => unpack(data[name]));
    const each = like.length ? similar.length / like.length : 0;
    this.similar = new Map(Array.from(like, (token, i) => [token,
      Array.from({ length: each }, (_, j) => ({ token: similar[i * each + j], likeness: likeness[i * each + j] / 1e4 }))
        .filter((one) => one.likeness > 0)]));
    const [tokens, labels] = [unpack(data.contexts), unpack(data.labels)];
    this.contexts = Array.from(labels, (label, i) => ({ label, index: i, tokens: tokens.subarray(i * this.length, (i + 1) * this.length) }));
    this.others = data.others.map((other) => ({ title: other.title, best: unpack(other.best), sure: unpack(other.sure) }));
  }

  feature(position, token) {
    return position * this.vocabulary + token;
  }

  seen(position, token) {
    return this.support.get(this.feature(position, token)) || 0;
  }

  // Everything of one feature; `raw` and `centred` have a number for each candidate.
  at(position, token) {
    const i = this.row.get(this.feature(position, token));
    const raw = i === undefined ? new Array(this.K).fill(0) : Array.from(this.weight.subarray(i * this.K, (i + 1) * this.K));
    const found = { position, token, raw, centred: centre(raw), support: this.seen(position, token), zero: i === undefined };
    if (i === undefined) return found;
    Object.assign(found, { heldOut: this.heldOut[i], contribution: this.contribution[i], lossAdded: this.lossAdded[i] });
    if (this.resamples) {
      found.spread = raw.map((_, k) => this.spread[i * this.K + k] / 1000);
      found.same = raw.map((_, k) => this.same[i * this.K + k] / 255);
    }
    return found;
  }

  // Whether a feature is to be distrusted: its largest weight is unstable or, without fits to resampled stories, it is rare.
  doubtful(found) {
    if (found.zero) return false;
    return found.same ? this.steadiness(found) < UNSTABLE : found.support < RARE * this.trainingContexts;
  }

  // The share of fits to resampled stories in which a feature's largest weight keeps its sign.
  steadiness(found) {
    const sizes = found.raw.map((raw, k) => (raw === 0 ? 0 : Math.abs(found.centred[k])));
    return found.same[sizes.indexOf(Math.max(...sizes))];
  }

  // The features of a text's last tokens, oldest first; a text with fewer tokens leaves the first positions empty.
  features(ids) {
    const last = Array.from(ids).slice(-this.length);
    return last.map((token, i) => this.at(this.length - last.length + i, token));
  }

  logits(ids) {
    const sum = Array.from(this.bias);
    for (const { raw } of this.features(ids)) raw.forEach((value, k) => { sum[k] += value; });
    return sum;
  }
}

const centre = (row) => {
  const mean = row.reduce((a, b) => a + b, 0) / row.length;
  return row.map((value) => value - mean);
};

const softmax = (row) => {
  const top = Math.max(...row);
  const each = row.map((value) => Math.exp(value - top));
  const sum = each.reduce((a, b) => a + b, 0);
  return each.map((value) => value / sum);
};

const largest = (row) => row.indexOf(Math.max(...row));
