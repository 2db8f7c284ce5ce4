"""What the sources can draw on: values, findings, tables, figures. No prose here."""

from pathlib import Path
from typing import Any

import numpy as np

from handcraft.errors import UserError
from handcraft.evaluation.intervals import wilson
from handcraft.report import influence, language_models, people, planted, published, tables
from handcraft.report.escape import Markdown, escape, join
from handcraft.report.findings import Finding, find
from handcraft.report.results import Facts, Results
from handcraft.report.values import Values, show

TIE = 1e-6
"""Nats; weights that differ by less were the same before rounding."""


def collect_values(results: Results) -> Values:
    """Every number that prose may use, under names such as `linear.conjunctions.balanced.accuracy`."""
    facts, values = results.facts, Values()
    values.add("contexts.length", facts.length)
    values.add("tokenizer.vocabulary", facts.vocabulary)
    values.add("inputs", facts.length * facts.vocabulary)
    values.add("groups", len(facts.groups))
    values.add("bootstrap", facts.bootstrap)
    values.add("resamples", facts.resamples)
    gaps = [r["gap"] for rows in results.path.values() for r in rows if r["gap"] is not None]
    values.add("certificate.largest", max(gaps, default=None), "share", digits=2)
    values.add("confidence", facts.confidence, "share", digits=0)
    for split, counted in sorted((results.corpus.get("splits") or {}).items()):
        for what in ("stories", "characters"):
            values.add(f"corpus.{split}.{what}", counted.get(what))
    for what in ("duplicates", "short"):
        values.add(f"corpus.{what}", results.corpus.get(what))
    for variant in facts.variants:
        _of_variant(values, results, variant)
    if results.history:
        for column, unit in (("train_loss", "nats"), ("validation_loss", "nats"), ("l1_term", "nats")):
            values.add(f"training.{column}", _last(results.history[f"{column}_smoothed"]), unit)
        values.add("training.batches", max(results.history["batch"]))
    if results.minibatch:
        _of_minibatch(values, results.minibatch)
    for row in results.sample(facts.training_group):
        values.add(
            f"sample.{row['sample']}.{row['predictor']}",
            row["accuracy"],
            "share",
            digits=0,
            low=row["low"],
            high=row["high"],
        )
        if not values.has("sample.size"):
            values.add("sample.size", row["n"])
    for token, weights in results.weights.items():
        slug = next(s for s, t in facts.tiles.items() if t == token)
        values.add(f"tiles.{slug}.largest", max(weights.values()), "logit")
    planted.add_values(values, results)
    people.add_values(values, results)
    language_models.add_values(values, results)
    return values


def _of_variant(values: Values, results: Results, variant: dict[str, Any]) -> None:
    name = variant["name"]
    for split, counts in results.counts[name].items():
        values.add(f"contexts.{name}.{split}", counts.contexts)
        if counts.contexts:
            top = float(counts.shares.max())
            low, high = wilson(int(counts.of.max()), counts.contexts, results.facts.confidence)
            values.add(f"contexts.{name}.{split}.majority", top, "share", low=low, high=high)
    for row in results.metrics[name]:
        view = "" if row["view"] == "natural" else f"{row['view']}."
        unit = "nats" if row["metric"] == "loss" else "share"
        key = f"{row['predictor']}.{name}.{view}{row['metric']}"
        values.add(key, row["value"], unit, low=row["low"], high=row["high"])
    for what in ("nonzeros", "zeros", "weights"):
        if isinstance(results.linear[name].get(what), int):
            values.add(f"linear.{name}.{what}", results.linear[name][what])


def _of_minibatch(values: Values, metrics: dict[str, Any]) -> None:
    values.add("training.objective_gap", metrics["objective_gap"], "share")
    values.add("training.zeros", metrics["zeros_of_seen_features"])
    if metrics["optimum"] is None:
        return
    for loss in ("train_loss", "validation_loss"):
        values.add(f"training.optimum.{loss}", metrics["optimum"][loss], "nats")
    values.add("training.optimum.nonzeros", metrics["optimum"]["nonzeros"])


def _last(column: list[float]) -> float | None:
    finite = [x for x in column if x is not None and np.isfinite(x)]
    return finite[-1] if finite else None


class Content:
    """The names that the sources see."""

    def __init__(self, results: Results, values: Values, figures: Path) -> None:
        self.results, self.values, self.figures = results, values, figures
        self.facts: Facts = results.facts
        self.published = published.published_rows(results.facts.confidence)

    def names(self) -> dict[str, Any]:
        """The variables and functions of the templates."""
        facts, results = self.facts, self.results
        return {
            "facts": facts,
            "groups": facts.groups,
            "planted": facts.planted,
            "baseline": facts.baseline if self._has_baseline() else None,
            "baseline_title": facts.title_of(facts.baseline) if facts.baseline else None,
            "v": self.values,
            "within": self.values.within,
            "has": self.values.has,
            "number": show,
            "words": lambda items: join([w.strip() or w for w in items]),
            "join": join,
            "published": self.published_figure,
            "seed_model": self.published["llama_loss"]["title"].split(":")[0],
            "finding": self.finding,
            "sort_groups": self.sort_groups,
            "leaders": self.leaders,
            "tiles": [self.tile(slug, token) for slug, token in facts.tiles.items()],
            "examples": results.examples,
            "figure": self.figure,
            "how": how,
            "table_groups": lambda: tables.groups(results),
            "table_scores": lambda view: tables.scores(results, view),
            "table_paired": lambda a, b: tables.paired(results, a, b),
            "table_people": lambda: people.table_people(results, self.people()),
            "table_people_tests": lambda: people.table_tests(results),
            "table_agreement": lambda: people.table_agreement(results),
            "table_power": lambda: people.table_power(results, facts.training_group),
            "missed_items": lambda: people.missed_items(results),
            "table_sample_pairs": lambda: tables.sample_pairs(results, facts.training_group),
            "table_sparsity": lambda: tables.sparsity(results),
            "has_sparsity": any(results.path[g["name"]] for g in facts.groups),
            "has_stability": bool(results.stability),
            "table_tokens": lambda: tables.tokens(results),
            "has_influence": results.influence is not None,
            "table_influence": lambda: influence.table_influence(results),
            "table_occurrence": lambda: tables.occurrence(results),
            "table_published": lambda: published.published_beside(results, self.values),
            "table_planted": lambda: planted.table_planted(results),
            "table_rules": lambda: planted.table_rules(results),
            "table_lm_rows": lambda lm: language_models.table_rows(results, lm),
            "table_calibration": lambda: language_models.table_calibration(results),
            "language_models": language_models.models(results),
            "missing_models": language_models.missing_models(results),
            "sort_changes": lambda lm, row: language_models.sort_changes(results, lm, row),
            "has_long_context": any(r["row"] == "long_context" for r in results.language_models),
            "has_end_of_word": any(r["row"] == "end_of_word" for r in results.language_models),
            "seed_group": published.applies(facts),
            "has_scores": any(results.metrics.values()),
            "people_scores": lambda: people.scores(self.values, results, facts.training_group),
            "labelled": [g["title"] for g in people.labelled_groups(results)],
            "has_agreement": any(results.people_agreement(g["name"]) for g in facts.groups),
            "has_vote": any(r["kind"] == "vote" for g in facts.groups for r in results.people(g["name"])),
            "has_power": bool(results.people_power(facts.training_group)),
            "label_path": label_path(facts.corpus["name"]),
            "has_sample": bool(results.sample(facts.training_group)),
            "has_training": bool(results.history),
            "has_claims": bool(results.claims.get("tokens")),
            "has_occurrence": bool(results.occurrence),
            "has_planted": bool(results.planted),
            "has_rules": bool(results.planted_rules),
            "training_title": self._title(facts.training_group),
            "tiles_title": self._title(facts.tiles_group),
        }

    def _title(self, name: str) -> str:
        group = self.facts.group(name)
        return group["title"] if group else name

    def _has_baseline(self) -> bool:
        """Whether the causal LM answered at all: where it did not, the prose says that it is absent."""
        rows = (r for v in self.results.metrics.values() for r in v)
        return any(r["predictor"] == self.facts.baseline for r in rows)

    def people(self) -> list[dict[str, Any]]:
        return [row for row in self.published.values() if row["correct"] is not None]

    def published_figure(self, name: str) -> Markdown:
        """A published figure, by its name in `evaluation/published.py`."""
        if name not in self.published:
            raise UserError(f"no published figure is named {name!r}", where="report/*.qmd")
        return published.shown(self.published[name])

    def finding(
        self, a: str, b: str, group: str, view: str = "natural", metric: str = "loss"
    ) -> Finding | None:
        return find(self.results.comparisons.get(group, []), a, b, view, metric)

    def sort_groups(
        self, a: str, b: str | None, metric: str = "loss", view: str = "natural"
    ) -> dict[str, list[str]]:
        """Titles of the groups in which `a` is better, worse, and not distinguishable from `b`."""
        sorted_: dict[str, list[str]] = {"better": [], "worse": [], "level": []}
        for g in self.facts.groups if b else []:
            f = self.finding(a, str(b), g["name"], view, metric)
            if f is not None:
                sorted_[f.verdict].append(g["title"])
        return sorted_

    def leaders(self, group: str) -> str | None:
        """The group's most frequent word in training."""
        counts = self.results.counts.get(group, {}).get("train")
        found = self.facts.group(group)
        return found["candidates"][int(counts.of.argmax())].strip() if counts and found else None

    def tile(self, slug: str, token: str) -> dict[str, Any]:
        """A tile picture: its token, the word it speaks for most, whether that is the published one, its support."""
        weights = self.results.weights.get(token, {})
        theirs = {r["candidate"]: r["value"] for r in self.published.values() if r["token"] == token}
        word = max(weights, key=lambda w: weights[w]) if weights else None
        known = (
            max(theirs, key=lambda w: theirs[w])
            if theirs and self.facts.tiles_group == published.GROUP
            else None
        )
        claim = next((c for c in self.results.claims.get("tokens", []) if c["token"] == token), None)
        spoken = next((c for c in (claim or {}).get("candidates", []) if c["candidate"] == word), None)
        # Weights that the penalty made zero are all the same once they are centred: none of them is "most against".
        least = min(weights.values(), default=0.0)
        lowest = [w for w, x in weights.items() if x - least < TIE]
        against = lowest[0] if len(lowest) == 1 else None
        return {
            # Part of a file name and of a label, so it goes in as it is: `Facts` has looked at it.
            "slug": Markdown(slug),
            "token": token.strip() or token,
            "figure": Markdown(f"figures/tiles-{slug}.svg"),
            "drawn": (self.figures / f"tiles-{slug}.svg").is_file() and bool(weights),
            "word": word.strip() if word else None,
            "against": against.strip() if against else None,
            "published_word": known.strip() if known else None,
            "weight": show(weights.get(str(word)), "logit"),
            "weights": join([f"{w.strip()} {show(x, 'logit')}" for w, x in weights.items()]),
            "contexts": show(claim["contexts"]) if claim else Markdown("–"),
            "share_of_word": show(spoken["share_of_candidate"], "share", 0) if spoken else None,
            "share_of_token": show(spoken["share_of_token"], "share", 0) if spoken else None,
        }

    def figure(self, name: str) -> bool:
        """Whether the figure was drawn."""
        return (self.figures / name).is_file()


def how(rule: str, *inputs: str) -> Markdown:
    """One quiet line on how a figure or table was made. The arguments are ours: rule names and paths."""
    if not all(_plain(x) for x in (rule, *inputs)):
        raise UserError("how() takes rule names and paths alone", where="report/*.qmd")
    sources = ", ".join(f"`{i}`" for i in inputs)
    return Markdown(f"::: {{.how-made}}\nRule `{rule}`; data in {sources}.\n:::")


def label_path(corpus: str) -> Markdown:
    """Where a label file goes. The name of the corpus is one that the config has looked at."""
    if not _plain(corpus):
        raise UserError(f"{corpus!r} cannot be part of a path", where="config: corpus.name")
    return Markdown(f"`human/labels/{corpus}/<group>/<name>.csv`")


def _plain(text: str) -> bool:
    return all(c.isascii() and (c.isalnum() or c in "_-./*<> ") for c in text)


__all__ = ["Content", "collect_values", "escape", "how"]
