"""Language models looked at closely: what their scores are worth as they are, rescaled, prior-adjusted, with the word's
end, and with the whole story, and how far their probabilities can be believed.

It reads the answers artifacts that `predict_causal_lm` writes, and knows nothing of how the scores in them were made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.config.model import Evaluation
from handcraft.contexts.read import Contexts, read_contexts
from handcraft.errors import UserError
from handcraft.evaluation.bootstrap import bootstrap_means, means, sum_stories
from handcraft.evaluation.calibration import BINS, Rescaling, fit_rescaling, reliability
from handcraft.evaluation.intervals import percentile_interval
from handcraft.evaluation.metrics import correct
from handcraft.files import read_metadata, read_tensors, write_csv
from handcraft.math import context_losses, log_softmax
from handcraft.seeds import generator

Row = dict[str, Any]

COLUMNS = (
    "group", "predictor", "title", "row", "metric", "value", "low", "high",
    "difference", "difference_low", "difference_high", "n", "stories",
)  # fmt: skip
CALIBRATION_COLUMNS = (
    "group", "predictor", "title", "version", "error", "low", "high", "temperature", "biases", "validation", "n",
)  # fmt: skip
BIN_COLUMNS = ("group", "predictor", "version", "bin", "low", "high", "n", "confidence", "accuracy")
ASKED_COLUMNS = (
    "group", "predictor", "question", "contexts", "cut", "changed", "spans", "clipped", "rows", "checked", "difference",
    "bos",
)  # fmt: skip


@dataclass(frozen=True)
class Inputs:
    """What `evaluate_causal_lms` reads: contexts, one file a group, and the answers of all models of the first group,
    then of the next one (as many for each)."""

    groups: Sequence[str]
    test: Sequence[Path]
    validation: Sequence[Path]
    answers: Sequence[Path]


def evaluate_causal_lms(
    inputs: Inputs,
    *,
    settings: Evaluation,
    seed: int,
    table: Path,
    calibration: Path,
    bins: Path,
    asked: Path,
) -> None:
    """Score every language model's answers on every group; those of a missing model are left out.

    Resamples of stories (`settings.bootstrap`) give intervals at `settings.confidence`. Writes

    - `table`: group, predictor, title, row (natural, rescaled, prior_adjusted, end_of_word, long_context),
      metric (accuracy, a share, or loss, nats), value, low, high; difference (to natural on the same contexts) with its
      paired interval; n, stories
    - `calibration`: version (natural, rescaled, prior_adjusted), error (expected calibration error, a share), low,
      high, temperature, biases (nats, by candidate), validation (contexts fitted on), n
    - `bins`: the reliability figure: a bin's bounds, contexts, mean confidence and accuracy
    - `asked`: by question the contexts asked, and how many were cut inside a character, changed by the model's
      tokenizer, joined with a candidate by a token, clipped to the model's length; how they were laid in rows (trees,
      rows, lengths, or single: one by one), how many were asked again one by one (checked), and the largest difference
      of their answers (nats); what stood before all text (bos)
    """
    rows: list[Row] = []
    errors: list[Row] = []
    in_bins: list[Row] = []
    questions: list[Row] = []
    each = len(inputs.answers) // max(1, len(inputs.groups))
    for g, group in enumerate(inputs.groups):
        for path in inputs.answers[g * each : (g + 1) * each]:
            metadata, found = read_metadata(path), read_tensors(path)
            if metadata.get("missing"):
                continue
            who = {"group": group, "predictor": metadata["predictor"], "title": metadata["title"]}
            contexts = [read_contexts(p) for p in (inputs.test[g], inputs.validation[g])]
            if any(c.candidates != tuple(metadata["candidates"]) for c in contexts):
                raise UserError(
                    f"made for other candidates: {metadata['candidates']}",
                    where=str(path),
                    remedy="delete the file and run snakemake again",
                )
            one = _Model(contexts[0], contexts[1], found, settings, seed)
            rows += [who | row for row in one.rows()]
            errors += [who | row for row in one.calibration()]
            in_bins += [{k: who[k] for k in ("group", "predictor")} | row for row in one.bins()]
            for question, counts in metadata["counts"].items():
                which = {"group": group, "predictor": metadata["predictor"], "question": question}
                which["bos"] = metadata.get("bos", "")
                questions.append(which | counts | metadata.get("checks", {}).get(question, {}))
    write_csv(table, rows, COLUMNS)
    write_csv(calibration, errors, CALIBRATION_COLUMNS)
    write_csv(bins, in_bins, BIN_COLUMNS)
    write_csv(asked, questions, ASKED_COLUMNS)


class _Model:
    """One model's answers on one group."""

    def __init__(
        self,
        test: Contexts,
        validation: Contexts,
        found: Mapping[str, np.ndarray],
        settings: Evaluation,
        seed: int,
    ) -> None:
        self.found, self.settings, self.seed = found, settings, seed
        self.at = found["test_rows"]
        self.labels, self.story = test.labels, test.story
        held_out = validation.labels[found["validation_rows"]]
        plain = Rescaling(1.0, np.zeros(len(test.candidates)))
        fits = [fit_rescaling(found["validation"], held_out, biases) for biases in (False, True)]
        self.fitted = dict(zip(("natural", "rescaled", "prior_adjusted"), [plain, *fits], strict=True))
        self.versions = {name: fit(found["test"]) for name, fit in self.fitted.items()}
        self.reliable = {
            name: reliability(
                table,
                self.labels[self.at],
                self.story[self.at],
                resamples=settings.bootstrap,
                confidence=settings.confidence,
                generator=generator(seed, "bootstrap"),
            )
            for name, table in self.versions.items()
        }

    def rows(self) -> list[Row]:
        rows = self._compare({k: v for k, v in self.versions.items() if k != "natural"}, self.at, True)
        for name in ("end_of_word", "long_context"):
            if name in self.found:
                at = self.found[f"{name}_rows"]
                rows += self._compare({name: log_softmax(self.found[name])}, at, False)
        return rows

    def _compare(self, tables: Mapping[str, np.ndarray], at: np.ndarray, own: bool) -> list[Row]:
        """Rows of `tables`, on the test contexts `at`, beside the model's natural answers to the same contexts.

        own: rows of those natural answers too.
        """
        natural = self.versions["natural"][np.searchsorted(self.at, at)]
        labels = self.labels[at]
        columns = [f(t, labels) for t in (natural, *tables.values()) for f in (correct, context_losses)]
        sums = sum_stories(self.story[at], labels, np.column_stack(columns))
        value = means(sums, np.ones((1, sums.stories)))[0]
        draws = None
        if sums.stories > 1:
            draws = bootstrap_means(sums, self.settings.bootstrap, generator(self.seed, "bootstrap"))
        rows: list[Row] = []
        names = ([("natural", 0)] if own else []) + [(name, i) for i, name in enumerate(tables, 1)]
        for name, i in names:
            for m, metric in enumerate(("accuracy", "loss")):
                row: Row = {"row": name, "metric": metric, "value": value[2 * i + m]}
                if i:
                    row["difference"] = row["value"] - value[m]
                if draws is not None:
                    row["low"], row["high"] = percentile_interval(
                        draws[:, 2 * i + m], self.settings.confidence
                    )
                    if i:
                        paired = draws[:, 2 * i + m] - draws[:, m]
                        bounds = percentile_interval(paired, self.settings.confidence)
                        row["difference_low"], row["difference_high"] = bounds
                rows.append(row | {"n": sums.contexts, "stories": sums.stories})
        return rows

    def calibration(self) -> list[Row]:
        rows = []
        for name, found in self.reliable.items():
            fit = self.fitted[name]
            row = {"version": name, "error": found.error, "low": found.interval[0], "high": found.interval[1]}
            row |= {"temperature": 1 / fit.scale, "biases": "; ".join(f"{b:.6f}" for b in fit.bias)}
            fitted_on = len(self.found["validation"]) if name != "natural" else None
            rows.append(row | {"validation": fitted_on, "n": len(self.at)})
        return rows

    def bins(self) -> list[Row]:
        rows = []
        for name, found in self.reliable.items():
            for b in np.flatnonzero(found.contexts):
                row = {"version": name, "bin": int(b), "low": b / BINS, "high": (b + 1) / BINS}
                row |= {
                    "n": int(found.contexts[b]),
                    "confidence": found.confidence[b],
                    "accuracy": found.accuracy[b],
                }
                rows.append(row)
        return rows
