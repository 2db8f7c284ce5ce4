"""The report's table of influence."""

from typing import Any
from urllib.parse import urlencode

import numpy as np

from handcraft.files import read_tensors
from handcraft.math import centred
from handcraft.report.context import Context
from handcraft.report.escape import Markdown, escape
from handcraft.report.results import Results
from handcraft.report.tables import pipe_table
from handcraft.report.values import Values
from handcraft.tokenizer.tokens import Vocabulary

ROWS = 12


def explorer_link(shown: Markdown, group: str, token: str, position: int) -> Markdown:
    """A link to the weights of `token` at `position` (from 0, the oldest) in the page's explorer."""
    return Markdown(f"[{shown}](#{urlencode({'group': group, 'token': token, 'position': position})})")


def explorer_text(shown: Markdown, group: str, text: str) -> Markdown:
    """A link to what the linear model of `group` makes of `text` in the page's explorer."""
    return Markdown(f"[{shown}](#{urlencode({'group': group, 'text': text})})")


def table_influence(results: Results, values: Values) -> Markdown:
    """The features of the tiles' group without which the held-out loss would rise most; nothing if not measured."""
    effect = results.influence
    if effect is None:
        return Markdown("")
    weights = results.root / "linear" / results.metadata.tiles_group / "weights.safetensors"
    weight = read_tensors(weights)["weight"]
    vocabulary = Vocabulary.read(results.root / "tokenizer" / "tokenizer.json")
    rows: list[list[object]] = []
    for i in np.argsort(-effect.loss_added, kind="stable")[:ROWS].tolist():
        position, token = int(effect.position[i]), int(effect.token[i])
        pushes = centred(weight[position, token])
        word = effect.candidates[int(pushes.argmax())]
        name = f"influence.{weight.shape[0] - position}.{token}"
        seen, held_out = int(effect.support[i]), int(effect.held_out[i])
        shown = explorer_link(
            escape(vocabulary.show(token)), results.metadata.tiles_group, vocabulary.decode([token]), position
        )
        cells: list[object] = [shown, Markdown(f"−{weight.shape[0] - position}")]
        cells += [values.put(f"{name}.seen", seen), values.put(f"{name}.held_out", held_out)]
        cells += [word.strip() or word, values.put(f"{name}.weight", float(pushes.max()), "logit")]
        cells += [values.put(f"{name}.contribution", float(effect.contribution[i]), "nats")]
        rows.append([*cells, values.put(f"{name}.loss_added", float(effect.loss_added[i]), "nats", digits=4)])
    header = [
        "token",
        "position",
        "seen",
        "held out",
        "speaks most for",
        "weight",
        "contribution",
        "loss added",
    ]
    return pipe_table(header, rows, "lrrrlrrr")


def names(context: Context) -> dict[str, Any]:
    """What the sources of this section see."""
    results, values = context.results, context.values
    return {
        "has_influence": results.influence is not None,
        "has_influence_rows": results.influence is not None and len(results.influence.position) > 0,
        "table_influence": lambda: table_influence(results, values),
    }
