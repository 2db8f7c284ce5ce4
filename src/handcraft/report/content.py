"""What the sources can draw on: values, findings, tables, figures. No prose here."""

import re
from pathlib import Path
from typing import Any

from handcraft.errors import UserError
from handcraft.registry import PREDICTORS
from handcraft.report import groups, influence, language_models, people, planted, published, tables, tiles
from handcraft.report.escape import Markdown, escape, join
from handcraft.report.findings import Finding, find
from handcraft.report.made import Made
from handcraft.report.results import Facts, Results
from handcraft.report.values import Values
from handcraft.report.weights import Weights


class Content:
    """The names that the sources see."""

    def __init__(self, results: Results, values: Values, figures: Path, made: Made) -> None:
        self.results, self.values, self.figures, self.made = results, values, figures, made
        self.facts: Facts = results.facts
        self.road = bool(made.jobs and self.facts.rooms)
        """Whether there is a graph of jobs to draw."""
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
            "words": lambda items: join([w.strip() or w for w in items]),
            "join": join,
            "published": self.published_figure,
            "seed_model": self.published["llama_loss"]["title"].split(":")[0],
            "finding": self.finding,
            "sort_groups": self.sort_groups,
            "leaders": self.leaders,
            "tiles": [tiles.tile(results, self.values, self.figures, s, t) for s, t in facts.tiles.items()],
            "examples": results.examples,
            "figure": self.figure,
            "how": self.made.how,
            "table_groups": lambda: tables.groups(results, self.values),
            "table_scores": lambda view: tables.scores(results, self.values, view),
            "table_paired": lambda a, b: tables.paired(results, self.values, a, b),
            "table_people": lambda: people.table_people(results, self.values, self.people()),
            "table_people_tests": lambda: people.table_tests(results, self.values),
            "table_agreement": lambda: people.table_agreement(results, self.values),
            "table_power": lambda: people.table_power(results, self.values, facts.training_group),
            "missed_items": lambda: people.missed_items(results, self.values),
            "table_sample_pairs": lambda: tables.sample_pairs(results, self.values, facts.training_group),
            "table_sparsity": lambda: tables.sparsity(results, self.values),
            "has_sparsity": any(results.path[g["name"]] for g in facts.groups),
            "has_stability": bool(results.stability),
            "table_tokens": lambda: tables.tokens(results, self.values),
            "has_influence": results.influence is not None,
            "table_influence": lambda: influence.table_influence(results, self.values),
            "weights": Weights(results, self.values, self.figures),
            "table_occurrence": lambda: tables.occurrence(results, self.values),
            "table_published": lambda: published.published_beside(results, self.values),
            "table_planted": lambda: planted.table_planted(results, self.values),
            "table_rules": lambda: planted.table_rules(results, self.values),
            "table_lm_rows": lambda lm: language_models.table_rows(results, self.values, lm),
            "table_calibration": lambda: language_models.table_calibration(results, self.values),
            "language_models": language_models.models(results),
            "introduced": [
                {"title": Markdown(p.title[0].upper() + p.title[1:]), "sentence": Markdown(p.sentence)}
                for p in PREDICTORS
                if facts.planted or not p.planted
            ],
            "missing_models": language_models.missing_models(results),
            "sort_changes": lambda lm, row: language_models.sort_changes(results, lm, row),
            "has_long_context": any(r["row"] == "long_context" for r in results.language_models),
            "has_end_of_word": any(r["row"] == "end_of_word" for r in results.language_models),
            "seed_group": published.applies(facts),
            "has_scores": any(results.metrics.values()),
            "people_scores": lambda: people.scores(self.values, results, facts.training_group),
            "labelled": [g["title"] for g in people.labelled_groups(results)],
            "has_agreement": any(
                results.people_agreement(g["name"]) for g in people.labelled_groups(results)
            ),
            "has_vote": any(r["kind"] == "vote" for g in facts.groups for r in results.people(g["name"])),
            "table_linearity": lambda: groups.table_linearity(results, self.values),
            "linearity": groups.linearity(results),
            "tokens_of": lambda text: tiles.tokens_of(results, text),
            "not_run": self.not_run,
            "keep": lambda some, others: [t for t in some if t in others],
            "rest": lambda some: [g["title"] for g in facts.groups if g["title"] not in some],
            "rebuild": rebuild_command(facts.config),
            "config_lines": lambda: config_lines(facts.config_text),
            "road": self.road,
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
        return published.shown(self.published[name], self.values)

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

    def figure(self, name: str) -> bool:
        """Whether the figure was drawn."""
        return (self.figures / name).is_file()

    def not_run(self) -> list[Markdown]:
        """What the question asks for and this build does not have."""
        facts, missing = self.facts, []
        models = {facts.title_of(m) for m in facts.language_models}
        seed_model = self.published["llama_loss"]["title"].split(":")[0]
        if not any(seed_model in m for m in models):
            missing.append(
                Markdown(f"{escape(seed_model)}, the post's baseline: this config does not ask it")
            )
        missing += [
            Markdown(f"{escape(m['title'])}: {escape(m['what'])}")
            for m in language_models.missing_models(self.results)
        ]
        if not facts.human_labels:
            missing.append(Markdown("people: nobody has labelled contexts of this corpus"))
        if facts.planted:
            missing.append(Markdown("real text: the corpus is made up"))
        if facts.device == "cpu":
            missing.append(Markdown("a GPU: everything ran on the CPU"))
        missing.append(Markdown("a one-layer transformer, and rules written by hand: not built yet"))
        return missing


def rebuild_command(config: str) -> Markdown:
    """`make report`, with the configs that were laid over the default one. It stands in a code block."""
    files = [f"config/{f}" for f in re.findall(r"[\w.-]+\.ya?ml", config) if f != "config.yaml"]
    given = f'"{" ".join(files)}"' if len(files) > 1 else "".join(files)
    return Markdown("make report" + (f" CONFIG={given}" if given else ""))


def config_lines(text: str) -> Markdown:
    """The config as a line block of pandoc, where every character is text."""
    return Markdown(
        "\n".join(f"| {' ' * (len(x) - len(x.lstrip()))}{escape(x.strip())}" for x in text.splitlines())
    )


def label_path(corpus: str) -> Markdown:
    """Where a label file goes. The name of the corpus is one that the config has looked at."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", corpus):
        raise UserError(f"{corpus!r} cannot be part of a path", where="config: corpus.name")
    return Markdown(f"`human/labels/{corpus}/<group>/<name>.csv`")
