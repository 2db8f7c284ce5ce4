"""What the report says beside the figures of weights: captions, alt texts and tables, all from the artifacts."""

from pathlib import Path
from typing import Any

import numpy as np

from handcraft.analysis.opening import telling_context
from handcraft.analysis.shown import LARGE, RARE, large_but_rare, shown_tokens
from handcraft.analysis.stability import LITTLE
from handcraft.analysis.strongest import STRONGEST, input_sizes, read_strongest
from handcraft.contexts.read import read_contexts
from handcraft.files import read_csv, read_metadata, read_tensors
from handcraft.math import centred
from handcraft.predictors.linear.predict import linear_logits
from handcraft.report import tables
from handcraft.report.context import Context
from handcraft.report.escape import Markdown, escape, join
from handcraft.report.results import Results
from handcraft.report.sections import tiles
from handcraft.report.tables import pipe_table
from handcraft.report.values import Values
from handcraft.tokenizer.tokens import Vocabulary

SPARED = 0.05
"""Share of the gain that may be lost without the positions that are not needed."""
SPOKEN = 5
"""Weights that an alt text reads out."""


class Weights:
    """The names `weights.…` of the templates; what was not made is None or empty."""

    def __init__(self, results: Results, values: Values, figures: Path) -> None:
        self.results, self.values, self.figures = results, values, figures
        group = results.metadata.tiles_group
        self.linear, self.evaluation = results.root / "linear" / group, results.root / "evaluation"
        self.influence = self.evaluation / group / "influence.parquet"
        self.tokenizer = results.root / "tokenizer" / "tokenizer.json"

    def drawn(self, name: str) -> bool:
        return (self.figures / f"{name}.svg").is_file()

    def _vocabulary(self) -> Vocabulary:
        return Vocabulary.read(self.tokenizer)

    def evidence(self) -> list[dict[str, Any]]:
        """By group: the share of the gain that is lost without the last position, with its interval, and how many
        positions are enough: without all older ones at most `SPARED` of the gain is lost."""
        found = []
        for g in self.results.metadata.groups:
            path = self.evaluation / g.name / "evidence.csv"
            rows = [r for r in read_csv(path) if r["share"] is not None] if path.is_file() else []
            if not rows:
                continue
            name, last = f"evidence.{g.name}", rows[-1]
            bounds = {"low": last["share_low"], "high": last["share_high"]}
            share = self.values.put(f"{name}.last", last["share"], "share", digits=0, **bounds)
            spared = [r["position"] for r in rows if r["up_to"] <= SPARED]
            enough = self.values.put(f"{name}.enough", -max(spared, default=rows[0]["position"] - 1) - 1)
            said = {"share": share, "plain": self.values(f"{name}.last"), "enough": enough}
            said["spared"] = self.values.put("evidence.spared", SPARED, "share", digits=0)
            found.append({"title": g.title, **said})
        return found

    def strongest(self) -> dict[str, Any]:
        """The strongest weights in words, and how many there are."""
        found, vocabulary = (
            read_strongest(self.linear / "weights.safetensors", self._support()),
            self._vocabulary(),
        )
        parts = []
        for i in range(min(SPOKEN, len(found.value))):
            back, token = found.length - int(found.position[i]), int(found.token[i])
            word = found.candidates[int(found.candidate[i])].strip()
            value = self.values.put(f"weights.{back}.{token}.{word}", float(found.value[i]), "logit")
            seen = self.values.put(f"influence.{back}.{token}.seen", int(found.support[i]))
            piece = escape(vocabulary.show(token))
            parts.append(Markdown(f"“{piece}” at −{back} for “{escape(word)}” {value}, seen {seen} times"))
        return {
            "shown": Markdown(str(min(STRONGEST, len(found.value)))),
            "spoken": Markdown("; ".join(parts)),
            "left": self.values.put("weights.left", len(found.value)),
        }

    def table_stability(self) -> Markdown:
        """Per group: weights, which of them are unstable, and what the loss rises by without those, without as many
        others, and without the large but rare ones; nothing without fits to resampled stories."""
        rows: list[list[object]] = []
        for g in self.results.metadata.groups:
            found = {r["removed"]: r for r in self.results.removed[g.name]}
            if not found or not found["unstable"]["weights"]:
                continue
            name, all_ = f"stability.{g.name}", found["unstable"]["weights"]
            cells: list[object] = [g.title, self.values.put(f"{name}.weights", all_)]
            for key in ("unstable", "others", "large but rare"):
                row = found[key]
                if key != "others":
                    cells.append(
                        self.values.put(f"{name}.{key}.share", row["size"] / all_, "share", digits=0)
                    )
                bounds = {"low": row["low"], "high": row["high"]}
                cells.append(self.values.put(f"{name}.{key}.loss", row["loss_added"], "change", **bounds))
            rows.append(cells)
        header = ["group", "weights", "unstable", "loss without them", "without as many others", "large but rare",
                  "loss without them"]  # fmt: skip
        return pipe_table(header, rows, "lrrrrrr") if rows else Markdown("")

    def spare(self) -> Markdown:
        """The share of each group's weights that can go for `LITTLE`; empty without fits to resampled stories."""
        parts: list[str | Markdown] = []
        for g in self.results.metadata.groups:
            for r in self.results.removed[g.name]:
                if r["removed"] == "slightest" and r["weights"]:
                    name, share = f"stability.{g.name}.slightest.share", r["size"] / r["weights"]
                    parts.append(
                        Markdown(f"{self.values.put(name, share, 'share', digits=0)} in {escape(g.title)}")
                    )
        self.values.put("stability.little", LITTLE, "nats")
        return join(parts)

    def _rule(self, contexts: int) -> dict[str, Any]:
        """The rule of the region, as the caption states it."""
        return {
            "large": self.values.put("rule.large", LARGE, "nats", digits=0),
            "rare": self.values.put("rule.rare", RARE, "share"),
            "contexts": self.values.put("rule.contexts", contexts),
            "fewer": self.values.put("rule.fewer", int(np.ceil(RARE * contexts))),
        }

    def rule(self) -> dict[str, Any]:
        """What counts as large but rare, as a caption states it."""
        return {
            "large": self.values.put("rule.large", LARGE, "nats", digits=0),
            "rare": self.values.put("rule.rare", RARE, "share"),
        }

    def _support(self) -> Path:
        return self.linear / "support.safetensors"

    def strips(self) -> dict[str, Any]:
        """The tokens that the strips show, and where each says most."""
        named = list(self.results.metadata.tiles.values())
        tokens = shown_tokens(self.influence, self.tokenizer, named, self.results.metadata.shown_tokens)
        vocabulary, file = self._vocabulary(), self.linear / "weights.safetensors"
        weight, words = read_tensors(file)["weight"], list(read_metadata(file)["candidates"])
        parts = []
        for token in tokens:
            values = centred(weight[:, token])
            p, k = np.unravel_index(int(np.abs(values).argmax()), values.shape)
            piece = escape(vocabulary.show(token))
            if not values.any():
                parts.append(Markdown(f"“{piece}” has no weight"))
                continue
            back, word = weight.shape[0] - int(p), words[int(k)].strip()
            value = self.values.put(f"weights.{back}.{token}.{word}", float(values[p, k]), "logit")
            parts.append(Markdown(f"“{piece}” says most at −{back}, on “{escape(word)}”: {value}"))
        return {
            "tokens": join([f"“{vocabulary.show(t)}”" for t in tokens]),
            "count": self.values.put("strips.tokens", self.results.metadata.shown_tokens),
            "spoken": Markdown("; ".join(parts)),
        }

    def penalty(self) -> dict[str, Any]:
        """Large but rare inputs without the penalty and with it, and how rare the penalty lets none through."""
        metadata = read_metadata(self.linear / "unpenalised.safetensors")
        l1 = float(read_metadata(self.linear / "weights.safetensors")["l1"])
        said: dict[str, Any] = {}
        for key, file in (("without", "unpenalised"), ("with", "weights")):
            size, seen, contexts = input_sizes(self.linear / f"{file}.safetensors", self._support())
            inside = int(large_but_rare(size, seen, contexts).sum())
            said[key] = self.values.put(f"penalty.{key}.large_but_rare", inside)
            said[f"{key}_left"] = self.values.put(f"penalty.{key}.inputs", int((size > 0).sum()))
            said |= self._rule(contexts) | {"inputs": self.values.put("penalty.inputs", len(size))}
        least = self.values.put("penalty.least", int(np.floor(l1 * contexts)))
        loss = self.values.put("penalty.train_loss", metadata["train_loss"], "nats")
        return said | {
            "least": least,
            "steps": self.values.put("penalty.steps", metadata["steps"]),
            "loss": loss,
        }

    def published(self) -> list[dict[str, Any]]:
        """Rows of `evaluate_published`."""
        path = self.evaluation / "published_weights.csv"
        return read_csv(path) if path.is_file() else []

    def table_published(self) -> Markdown:
        """Signs and correlation of the published weights with ours."""
        rows: list[list[object]] = []
        for r in self.published():
            token = Markdown(f"“{escape(str(r['token']).strip())}”")
            if not r["comparable"]:
                rows.append([token, Markdown(f"not comparable: {escape(r['why'])}"), *[Markdown("–")] * 4])
                continue
            name = f"published.{self.results.slug(r['token'])}"
            same = self.values.put(f"{name}.same_sign", r["same_sign"])
            of = self.values.put(f"{name}.words", r["compared"])
            fit = self.values.put(f"{name}.correlation", r["correlation"], "nats")
            chance = self.values.put(f"{name}.orderings", r["orderings"], "share")
            seen = self.values.put(f"{name}.seen", r["seen"])
            first = Markdown("the same" if r["largest"] == r["published_largest"] else "another")
            rows.append([token, Markdown(f"{same} of {of}"), fit, chance, first, seen])
        header = [
            "last token",
            "same sign",
            "correlation",
            "orders that fit so well",
            "word with most",
            "seen",
        ]
        return pipe_table(header, rows, "llrrlr")

    def example(self) -> dict[str, Any] | None:
        """One held-out context with each token's push: the first whose word the model gets right although another word
        is the most frequent. None where excerpts may not be shown, or there is no such context."""
        path = self.results.root / "contexts" / self.results.metadata.tiles_group / "validation.safetensors"
        if not self.results.metadata.excerpts or not path.is_file():
            return None
        asked, tensors = read_contexts(path), read_tensors(self.linear / "weights.safetensors")
        row = telling_context(tensors["weight"], tensors["bias"], asked)
        if row is None:
            return None
        usual = int(np.bincount(asked.labels, minlength=len(asked.candidates)).argmax())
        logits = linear_logits(tensors["weight"], tensors["bias"], asked.tokens[row : row + 1])[0]
        vocabulary = self._vocabulary()
        right, tokens = int(asked.labels[row]), asked.tokens[row].astype(int)
        pushes = centred(tensors["weight"][np.arange(asked.length), tokens])
        before = self._pushes("bias", centred(tensors["bias"]), right, usual)
        rows: list[list[object]] = [["", "before any token", *before]]
        for p, token in enumerate(tokens.tolist()):
            cells = self._pushes(f"{asked.length - p}", pushes[p], right, usual)
            rows.append([Markdown(f"−{asked.length - p}"), vocabulary.show(token), *cells])
        total = centred(logits)
        rows.append(["", Markdown("**sum**"), *self._pushes("sum", total, right, usual)])
        words = [asked.candidates[k].strip() for k in (right, usual)]
        header = ["position", "token", *(Markdown(f"for “{escape(w)}”") for w in words)]
        return {"table": pipe_table(header, rows, "rlrr"), "word": words[0], "usual": words[1]}

    def _pushes(self, name: str, values: np.ndarray, *words: int) -> list[object]:
        return [self.values.put(f"example.{name}.{k}", float(values[k]), "logit") for k in words]


def names(context: Context) -> dict[str, Any]:
    """What the sources of this section see."""
    results, values, metadata = context.results, context.values, context.metadata
    return {
        "weights": Weights(results, values, context.figures),
        "tiles": [tiles.tile(results, values, context.figures, s, t) for s, t in metadata.tiles.items()],
        "tiles_title": context.title(metadata.tiles_group),
        "table_tokens": lambda: tables.tokens(results, values),
        "table_sparsity": lambda: tables.sparsity(results, values),
        "has_sparsity": any(results.path[g.name] for g in metadata.groups),
        "has_stability": bool(results.stability),
        "has_claims": bool(results.claims.get("tokens")),
    }
