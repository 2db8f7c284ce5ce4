"""What every section draws on: results, values, the figures that were drawn, how things were made. No prose here."""

from pathlib import Path
from typing import Any

from handcraft.analysis.published import published_table
from handcraft.errors import UserError
from handcraft.report.findings import Finding, find
from handcraft.report.made import Made
from handcraft.report.results import Metadata, Results
from handcraft.report.values import Values


class Context:
    """One report: its artifacts, its registry of values, and questions that several sections ask of them."""

    def __init__(self, results: Results, values: Values, figures: Path, made: Made) -> None:
        self.results, self.values, self.figures, self.made = results, values, figures, made
        self.metadata: Metadata = results.metadata
        self.pipeline = bool(made.jobs and self.metadata.rooms)
        """Whether there is a graph of jobs to draw."""
        self.published = {row["name"]: row for row in published_table(results.metadata.confidence)}

    def title(self, name: str) -> str:
        """A group's title, its name where the config has no such group."""
        group = self.metadata.group(name)
        return group.title if group else name

    def has_baseline(self) -> bool:
        """Whether the causal LM answered at all: where it did not, the prose says that it is absent."""
        rows = (r for v in self.results.metrics.values() for r in v)
        return any(r["predictor"] == self.metadata.baseline for r in rows)

    def finding(self, a: str, b: str, group: str, metric: str = "loss") -> Finding | None:
        """How `a` compares with `b` on a group."""
        return find(self.results.comparisons.get(group, []), a, b, metric)

    def sort_groups(self, a: str, b: str | None, metric: str = "loss") -> dict[str, list[str]]:
        """Titles of the groups in which `a` is better, worse, and not distinguishable from `b`."""
        sorted_: dict[str, list[str]] = {"better": [], "worse": [], "level": []}
        for g in self.metadata.groups if b else []:
            f = self.finding(a, str(b), g.name, metric)
            if f is not None:
                sorted_[f.verdict].append(g.title)
        return sorted_

    def leader(self, group: str) -> str | None:
        """The group's most frequent word in training."""
        counts = self.results.counts.get(group, {}).get("train")
        found = self.metadata.group(group)
        return found.candidates[int(counts.of.argmax())].strip() if counts and found else None

    def figure(self, name: str) -> bool:
        """Whether the figure was drawn."""
        return (self.figures / name).is_file()

    def published_row(self, name: str) -> dict[str, Any]:
        """A published figure, by its name in `analysis/published.py`."""
        if name not in self.published:
            raise UserError(f"no published figure is named {name!r}", where="report/*.qmd")
        return self.published[name]
