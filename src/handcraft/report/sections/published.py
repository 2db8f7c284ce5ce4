"""What the post published, beside what this build found, with a plain verdict each."""

from dataclasses import dataclass
from typing import Any

from handcraft.analysis.opening import read_opening
from handcraft.analysis.published import CANDIDATES, GROUP, QUOTES, WEIGHTS, published_table
from handcraft.evaluation.intervals import wilson
from handcraft.report.context import Context
from handcraft.report.escape import Markdown, escape
from handcraft.report.results import Metadata, Results
from handcraft.report.tables import pipe_table
from handcraft.report.values import Values

ROUNDING = 0.02
"""Nats by which a figure read off the post's plot may be off."""
CLAIMS = ((",", " but", "candidate"), (" was", " so", "token"))
"""What the post says of the stories: token, word, and what the share is taken of (all contexts of the word, or all
whose last token is that one)."""
HALF = 0.5
"""A habit holds where it is what happens more often than not, by the whole interval."""


def published_rows(confidence: float) -> dict[str, dict[str, Any]]:
    """The published figures by name."""
    return {row["name"]: row for row in published_table(confidence)}


def shown(row: dict[str, Any], values: Values) -> Markdown:
    """A published figure as it was published: `0.57`, `62,500`, `35 of 50`, `+3.356`."""
    name = f"published.{row['name']}"
    if row["correct"] is not None:
        right, n = values.put(f"{name}.correct", row["correct"]), values.put(f"{name}.n", row["n"])
        return Markdown(f"{right} of {n}")
    digits = {"nats": 2, "batches": 0, "logit": 3}.get(row["unit"], 2)
    return values.put(name, row["value"], row["unit"], digits=digits)


def applies(metadata: Metadata) -> bool:
    """Whether the build has the very group that the post is about."""
    group = metadata.group(GROUP)
    return group is not None and set(group.candidates) == set(CANDIDATES)


def quoted(results: Results, values: Values) -> list[dict[str, Any]]:
    """The examples that the post quotes, with the linear model's most probable word and what it gives the one that
    came; empty where the weights at hand are not of the post's group."""
    metadata = results.metadata
    weights = results.root / "linear" / GROUP / "weights.safetensors"
    if not applies(metadata) or metadata.tiles_group != GROUP or not weights.is_file():
        return []
    rows = []
    for text, word in QUOTES:
        tokenizer = results.root / "tokenizer" / "tokenizer.json"
        found = read_opening(weights, tokenizer, sentence=text, validation=None)
        assert found is not None
        own = float(found.probability[found.candidates.index(word)])
        name = f"quote.{word.strip()}"
        row: dict[str, Any] = {
            "text": text,
            "word": word.strip(),
            "own": values.put(name, own, "share", digits=0),
        }
        answer = found.candidates[found.chosen]
        right = answer == word
        row |= {"answer": answer.strip(), "right": right}
        if not right:
            most = float(found.probability[found.chosen])
            row["most"] = values.put(f"{name}.most", most, "share", digits=0)
        rows.append(row)
    return rows


def published_beside(results: Results, values: Values) -> Markdown:
    """One row for each published figure: the figure, ours, the verdict."""
    rows: list[list[object]] = []
    for row in published_table(results.metadata.confidence):
        title = row["title"]
        if row["token"] is not None:
            token, word = (t.strip() or t for t in (row["token"], row["candidate"]))
            title = Markdown(f"weight of “{escape(token)}”, last position, for “{escape(word)}”")
        ours = _ours(row, results, values)
        text = ours.shown if ours is not None else Markdown("absent")
        if row["correct"] is not None and _labelled(results.metadata):
            text = Markdown("see @sec-people")
        rows.append([title, shown(row, values), text, Markdown(_verdict(row, ours, results))])
    rows += _data_claims(results, values)
    return pipe_table(["figure", "published", "this build", "verdict"], rows, "lrrl")


@dataclass(frozen=True)
class Ours:
    """This build's figure beside a published one."""

    value: float
    low: float | None
    high: float | None
    shown: Markdown


def _ours(row: dict[str, Any], results: Results, values: Values) -> Ours | None:
    trained = results.metadata.training_group == GROUP
    name = {
        "llama_loss": f"{results.metadata.baseline}.{GROUP}.loss",
        "linear_validation_loss": "training.validation_loss" if trained else "",
        "linear_training_loss": "training.train_loss" if trained else "",
        "training_batches": "training.batches" if trained else "",
    }.get(row["name"], "")
    if values.has(name):
        v = values.get(name)
        shown_ = values.put(name, v.value, v.unit, digits=v.digits, low=v.low, high=v.high)
        return Ours(v.value, v.low, v.high, shown_)
    if row["token"] is not None and results.metadata.tiles_group == GROUP:
        weight = results.weights.get(row["token"], {}).get(row["candidate"])
        if weight is not None:
            named = f"token.{results.slug(row['token'])}.{row['candidate'].strip()}.weight"
            return Ours(weight, None, None, values.put(named, weight, "logit"))
    return None


def _data_claims(results: Results, values: Values) -> list[list[object]]:
    """What the post says of the stories themselves, without a figure: from raw counts, with Wilson intervals."""
    if results.metadata.tiles_group != GROUP:
        return []
    found = {c["token"]: c for c in results.claims.get("tokens", [])}
    rows: list[list[object]] = []
    for token, word, of in CLAIMS:
        place = found.get(token) or {"candidates": [], "contexts": 0}
        count = next((c for c in place["candidates"] if c["candidate"] == word), None)
        total = {c["candidate"]: c["contexts"] for c in results.claims.get("candidates", [])}.get(word)
        whole = total if of == "candidate" else place["contexts"]
        shown_t, shown_w = escape(token.strip()), escape(word.strip())
        said = f"“{shown_t}” comes right before “{shown_w}”"
        part = (
            f"of all “{shown_w}”, right after “{shown_t}”"
            if of == "candidate"
            else f"of the group's words after “{shown_t}”, “{shown_w}”"
        )
        title = Markdown(f"{said}: {part}")
        if not count or not whole:
            rows.append(
                [title, Markdown("no figure"), Markdown("absent"), Markdown("absent from this build")]
            )
            continue
        low, high = wilson(count["contexts"], whole, results.metadata.confidence)
        name = f"claim.{results.slug(token)}.{word.strip()}"
        share = values.put(name, count["contexts"] / whole, "share", low=low, high=high)
        verdict = "undecided"
        if low is not None and high is not None and not low <= HALF <= high:
            verdict = "holds" if low > HALF else "does not hold"
        if results.metadata.planted:
            verdict = "not comparable"
        rows.append([title, Markdown("no figure"), share, Markdown(verdict)])
    return rows


def _labelled(metadata: Metadata) -> bool:
    """Whether people answered for the group that the post is about."""
    return any(name.startswith(f"{GROUP}/") for name in metadata.human_labels)


def _verdict(row: dict[str, Any], found: Ours | None, results: Results) -> str:
    metadata = results.metadata
    if metadata.planted:
        return "not comparable"
    if row["correct"] is not None:
        return "other people, other items" if _labelled(metadata) else "no human labels exist for this corpus"
    if found is None:
        return "absent from this build"
    ours, low, high = found.value, found.low, found.high
    if row["token"] is not None:
        # Ours is centred, so the published weights are, too, before the signs are compared.
        theirs = WEIGHTS[row["token"]]
        centred = row["value"] - sum(theirs.values()) / len(theirs)
        raw = results.raw_weights.get(row["token"], {}).get(row["candidate"])
        if raw == 0:
            return "zero before centring"
        return "same sign" if centred * ours > 0 else "other sign"
    if row["unit"] == "batches":
        return "another length of training" if ours != row["value"] else "the same"
    if row["name"] == "llama_loss" and row["title"].split(":")[0] not in metadata.title_of(
        str(metadata.baseline)
    ):
        return "another model"
    bottom, top = (low, high) if low is not None and high is not None else (ours, ours)
    if bottom - ROUNDING <= row["value"] <= top + ROUNDING:
        return "agrees"
    return "lower here" if ours < row["value"] else "higher here"


def names(context: Context) -> dict[str, Any]:
    """What the sources of this section see."""
    results, values, metadata = context.results, context.values, context.metadata
    return {
        "table_published": lambda: published_beside(results, values),
        "blog_group": applies(metadata),
        "quotes": quoted(results, values),
    }
