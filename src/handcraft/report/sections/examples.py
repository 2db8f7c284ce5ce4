"""Real contexts of every group with the word that came, and what the linear model makes of them."""

from typing import Any

import numpy as np

from handcraft.analysis.opening import telling_context, wrong_context
from handcraft.contexts.read import read_contexts
from handcraft.files import read_tensors
from handcraft.math import log_softmax
from handcraft.predictors.linear.predict import linear_logits
from handcraft.report.context import Context
from handcraft.report.escape import Markdown, escape
from handcraft.report.results import Results
from handcraft.report.sections.explorer import explorer_text
from handcraft.report.values import Values
from handcraft.tokenizer.tokens import Vocabulary


def answered_contexts(results: Results, values: Values) -> list[dict[str, Any]]:
    """Of every group a validation context that the linear model gets right although another word is the most frequent,
    and one that it gets wrong, the first of each kind; nothing where excerpts may not be shown or a file is absent."""
    found = []
    for group in results.metadata.groups:
        file = results.root / "linear" / group.name / "weights.safetensors"
        path = results.root / "contexts" / group.name / "validation.safetensors"
        if not (results.metadata.excerpts and file.is_file() and path.is_file()):
            continue
        tensors, asked = read_tensors(file), read_contexts(path)
        vocabulary = Vocabulary.read(results.root / "tokenizer" / "tokenizer.json")
        told = []
        for kind, choose in (("right", telling_context), ("wrong", wrong_context)):
            row = choose(tensors["weight"], tensors["bias"], asked)
            if row is None:
                continue
            logits = linear_logits(tensors["weight"], tensors["bias"], asked.tokens[row : row + 1])
            share = np.exp(log_softmax(logits)[0])
            came, answer = int(asked.labels[row]), int(logits[0].argmax())
            text = vocabulary.decode(asked.tokens[row])
            name = f"examples.{group.name}.{kind}"
            one = {
                "text": escape(text.strip()),
                "word": asked.candidates[came].strip(),
                "right": came == answer,
                "own": values.put(name, float(share[came]), "share", digits=0),
                "link": explorer_text(Markdown("open it"), group.name, text),
            }
            if came != answer:
                most = values.put(f"{name}.most", float(share[answer]), "share", digits=0)
                one |= {"answer": asked.candidates[answer].strip(), "most": most}
            told.append(one)
        if told:
            found.append({"title": group.title, "contexts": told})
    return found


def names(context: Context) -> dict[str, Any]:
    """What the sources of this section see."""
    return {"answered_contexts": lambda: answered_contexts(context.results, context.values)}
