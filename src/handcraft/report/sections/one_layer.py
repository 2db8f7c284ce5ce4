"""The one-layer language model: where it stands among n-gram models and, group by group, beside the linear model."""

from typing import Any

from handcraft.config.predictors import MAIN
from handcraft.evaluation.next_token import LINEAR, MIXED, model_title
from handcraft.report.context import Context
from handcraft.report.escape import Markdown
from handcraft.report.results import Results
from handcraft.report.sections.linearity import against_corrected
from handcraft.report.tables import pipe_table
from handcraft.report.values import Values

Row = dict[str, Any]
STANDS = {"better": "lower than", "worse": "higher than", "level": "not distinguishable from"}


def find_row(results: Results, predictor: str) -> Row | None:
    """Of `evaluate_next_token`; `ngram` is the best of them on validation stories, which has no difference."""
    rows = [r for r in results.next_token if r["predictor"] == predictor]
    return next((r for r in rows if predictor != "ngram" or r["difference"] is None), None)


def stands(row: Row) -> str:
    """How its loss compares with that of the best n-gram model: a key of `STANDS`."""
    if row["difference_low"] is None or row["difference_low"] <= 0 <= row["difference_high"]:
        return "level"
    return "better" if row["difference_high"] < 0 else "worse"


def table_next_token(results: Results, values: Values) -> Markdown:
    """Loss, bits per byte and accuracy of every model on every next token."""
    rows: list[list[object]] = []
    for r in results.next_token:
        name = f"next.{r['predictor']}{r['order'] or ''}"
        bounds = {"low": r["low"], "high": r["high"]}
        right = {"low": r["accuracy_low"], "high": r["accuracy_high"]}
        cells: list[object] = [model_title(r), values.put(f"{name}.loss", r["loss"], "nats", **bounds)]
        cells.append(values.put(f"{name}.bits", r["bits_per_byte"], "nats"))
        known = r["accuracy"] is not None
        cells.append(values.put(f"{name}.accuracy", r["accuracy"], "share", **right) if known else "–")
        rows.append(cells)
    return pipe_table(["model", "loss (nats a token)", "bits per byte", "accuracy"], rows, "lrrr")


def sentence(results: Results, values: Values) -> Markdown:
    """Where the model stands: its loss beside that of the best n-gram model, and that of both together."""
    own, ngram, mixed = (find_row(results, name) for name in (MAIN, "ngram", MIXED))
    if not own or not ngram:
        return Markdown("")
    loss = values.put(f"next.{MAIN}.loss", own["loss"], "nats", low=own["low"], high=own["high"])
    bits = values.put(f"next.{MAIN}.bits", own["bits_per_byte"], "nats")
    order = values.put("next.ngram.order", ngram["order"])
    best = values.put("next.best_ngram.loss", ngram["loss"], "nats")
    text = (
        f"Its loss on the test stories is {loss} nats a token ({bits} bits per byte), {STANDS[stands(own)]} that of "
        f"the best n-gram model, the {order}-gram ({best})."
    )
    if mixed:
        together = values.put("next.together.loss", mixed["loss"], "nats")
        weight = values.put("next.mixed.weight", mixed["weight"], "share", digits=0)
        text += (
            f" The average of the probabilities of both, the one-layer model's with {weight}, has {together}."
        )
    return Markdown(text)


def full_linear(results: Results, values: Values) -> Markdown:
    """What the linear model of all tokens reaches, and with how many weights; empty where there is none."""
    row = find_row(results, LINEAR)
    path = next((r for r in results.full_linear if r["chosen"]), None)
    if not row or not path:
        return Markdown("")
    loss = values.put("next.linear.loss", row["loss"], "nats", low=row["low"], high=row["high"])
    kept = values.put("next.linear.nonzeros", path["nonzeros"])
    weights = values.put("next.linear.weights", path["weights"])
    windows = values.put("next.linear.windows", path["windows"])
    return Markdown(
        "Votes alone, of every token in its place for every token that may come, are the linear model of all tokens: "
        f"an L1 penalty leaves it {kept} of {weights} weights, and after {windows} windows it reaches {loss}."
    )


def add_values(values: Values, results: Results) -> None:
    """`one_layer.windows`: windows that it was trained on."""
    if results.one_layer_training:
        values.add("one_layer.windows", results.one_layer_training[-1]["windows"])


def names(context: Context) -> dict[str, Any]:
    """What the sources of this section see."""
    results, values = context.results, context.values
    return {
        "has_one_layer": bool(results.next_token),
        "full_linear": lambda: full_linear(results, values),
        "one_layer_stands": lambda: sentence(results, values),
        "table_next_token": lambda: table_next_token(results, values),
        "linear_against_one_layer": lambda: against_corrected(results, "one_layer"),
    }
