"""What came back of the planted rules: the losses of Bayes, the best linear model and ours, and every rule."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.contexts.read import Contexts, read_contexts
from handcraft.files import read_csv, read_metadata, read_tensors, write_csv
from handcraft.math import normalise
from handcraft.predictors.linear.predict import linear_logits
from handcraft.predictors.rules.bayes import check_planted, find_rules
from handcraft.rules.language import Interaction, Linear, Noise
from handcraft.rules.tokens import TokenRules, bayes_log_probability
from handcraft.tokenizer.tokens import Vocabulary

COLUMNS = (
    "group",
    "contexts",
    "majority_rate",
    "bayes_loss",
    "best_linear_loss",
    "linear_loss",
    "gap",
    "over_best",
    "linear_rules",
    "recovered",
    "looked_at",
    "kept",
    "kept_planted",
    "strongest_planted",
    "interactions",
    "interactions_found",
    "pairs_confirmed",
    "pairs_planted",
    "noise_share",
    "fresh_contexts",
    "best_linear_l1",
    "best_linear_gap",
)
RULE_COLUMNS = (
    "group",
    "kind",
    "words",
    "distances",
    "positions",
    "candidate",
    "planted",
    "planted_centred",
    "weight",
    "largest",
    "recovered",
    "share",
    "rates",
)


def evaluate_planted(
    test: Mapping[str, Path],
    *,
    weights: Mapping[str, Path],
    best: Mapping[str, Path],
    tokenizer: Path,
    pairs: Mapping[str, Path],
    output: Path,
    rules: Path,
) -> None:
    """Score Bayes, best linear and our linear model on the same test contexts, and look for every rule.

    test, weights, best: by planted group; test contexts, our linear weights, those of `train_best_linear`.
    output: CSV, a row a group: `contexts` (test), `majority_rate`, losses in nats, `gap` (best linear - Bayes),
    `over_best` (ours / best linear - 1), `linear_rules`, `recovered` of them, `looked_at` (inputs, a token at a
    position, that a rule of any kind looks at), `kept` (inputs that have a weight), `kept_planted` (those of them that
    a rule looks at), `strongest_planted` (the same of as many inputs as rules look at, strongest first),
    `interactions`, `interactions_found` (those of which a confirmed pair of `find_pairs` is a part),
    `pairs_confirmed`, `pairs_planted` (those that are part of an interaction, or have the marker word of the noise
    with another word that a rule looks at; these three are empty where `pairs` lacks the group), `noise_share` (of the
    test contexts), `fresh_contexts`, `best_linear_l1` and the certified `best_linear_gap` of the best linear fit.
    rules: CSV, a row a rule. `kind`: linear, interaction or noise; `words` and `distances` (1 is the last token
    before the gap; `positions` counts from 0, the oldest); `planted` in nats on `candidate`; `weight`, our
    centred weight there (minus the mean over the candidates); `largest`, the candidate with the largest centred
    weight of that (token, position) by size; `recovered` 1 where that is `candidate` with the planted sign, else
    0 (linear rules only); `share` of the test contexts it applies to; `rates` of the noise.
    Raises `UserError` as `predict_bayes` does.
    """
    vocabulary = Vocabulary.read(tokenizer)
    table, found = [], []
    for group, path in test.items():
        contexts = read_contexts(path)
        check_planted(group, contexts.candidates, str(read_metadata(path)["match"]))
        planted = find_rules(group, vocabulary)
        ours, optimum = read_tensors(weights[group]), read_tensors(best[group])
        rows = [{"group": group, **row} for row in _rules(planted, contexts, ours["weight"])]
        metadata = read_metadata(best[group])
        losses = {
            "bayes_loss": _loss(bayes_log_probability(planted, contexts.tokens), contexts.labels),
            "best_linear_loss": _linear_loss(optimum, contexts),
            "linear_loss": _linear_loss(ours, contexts),
        }
        linear = [row for row in rows if row["kind"] == "linear"]
        looked = looked_at(planted, contexts.length, contexts.vocabulary)
        size = np.abs(ours["weight"] - ours["weight"].mean(-1, keepdims=True)).max(-1)
        strongest = np.argsort(-size, axis=None, kind="stable")[: int(looked.sum())]
        counts = np.bincount(contexts.labels, minlength=len(contexts.candidates))
        table.append(
            {
                "group": group,
                "contexts": len(contexts),
                "majority_rate": float(counts.max() / counts.sum()),
                **losses,
                "gap": losses["best_linear_loss"] - losses["bayes_loss"],
                "over_best": losses["linear_loss"] / losses["best_linear_loss"] - 1,
                "linear_rules": len(linear),
                "recovered": sum(row["recovered"] for row in linear),
                "looked_at": int(looked.sum()),
                "kept": int((size > 0).sum()),
                "kept_planted": int((looked & (size > 0)).sum()),
                "strongest_planted": int((looked & (size > 0)).ravel()[strongest].sum()),
                "interactions": sum(row["kind"] == "interaction" for row in rows),
                **(_matched(planted, contexts.length, pairs[group], vocabulary) if group in pairs else {}),
                "noise_share": next((row["share"] for row in rows if row["kind"] == "noise"), 0.0),
                "fresh_contexts": metadata["contexts"],
                "best_linear_l1": metadata["l1"],
                "best_linear_gap": metadata.get("gap"),
            }
        )
        found += rows
    write_csv(output, table, COLUMNS)
    write_csv(rules, found, RULE_COLUMNS)


def _matched(planted: TokenRules, length: int, table: Path, vocabulary: Vocabulary) -> dict[str, int]:
    """How many of the confirmed pairs are planted, and of how many interactions they are a part."""
    rules = planted.rules

    def inputs(distance: int, words: tuple[str, ...]) -> set[tuple[int, str]]:
        return {(-distance, vocabulary.show(planted.ids[w])) for w in words}

    interactions = [
        (
            inputs(rule.distance, (*rule.plus, *rule.minus)),
            inputs(rule.other_distance, (*rule.other_plus, *rule.other_minus)),
        )
        for rule in rules.interactions
    ]
    looked = looked_at(planted, length, planted.whole.size)
    every = {(int(p) - length, vocabulary.show(int(t))) for p, t in zip(*np.nonzero(looked), strict=True)}
    marker = inputs(rules.noise.distance, (rules.noise.word,)) if rules.noise else set()
    found, known, confirmed = set(), 0, 0
    for row in read_csv(table):
        if not row["confirmed"]:
            continue
        confirmed += 1
        sides = {(row["position"], row["token"]), (row["other_position"], row["other_token"])}
        of = {i for i, (a, b) in enumerate(interactions) if sides & a and sides & b}
        found |= of
        known += bool(of or (sides & marker and sides <= every))
    return {"interactions_found": len(found), "pairs_confirmed": confirmed, "pairs_planted": known}


def looked_at(planted: TokenRules, length: int, vocabulary: int) -> np.ndarray:
    """Whether any rule of a group looks at an input: bool [length, vocabulary]."""
    table, looked = planted.rules, np.zeros((length, vocabulary), bool)
    places = [(rule.distance, rule.word) for rule in table.linear]
    for rule in table.interactions:
        places += [(rule.distance, w) for w in (*rule.plus, *rule.minus)]
        places += [(rule.other_distance, w) for w in (*rule.other_plus, *rule.other_minus)]
    if table.noise:
        places.append((table.noise.distance, table.noise.word))
    for distance, word in places:
        looked[length - distance, planted.ids[word]] = True
    return looked


def _loss(log_probability: np.ndarray, labels: np.ndarray) -> float:
    return -float(log_probability[np.arange(len(labels)), labels].mean())


def _linear_loss(model: Mapping[str, np.ndarray], contexts: Contexts) -> float:
    return _loss(normalise(linear_logits(model["weight"], model["bias"], contexts.tokens)), contexts.labels)


def _rules(planted: TokenRules, contexts: Contexts, weight: np.ndarray) -> list[dict[str, Any]]:
    """A row for every rule of a group."""
    table = planted.rules
    rows = [_linear(planted, rule, contexts, weight) for rule in table.linear]
    rows += [_interaction(planted, rule, contexts) for rule in table.interactions]
    return [*rows, *([_noise(planted, table.noise, contexts)] if table.noise else [])]


def _linear(planted: TokenRules, rule: Linear, contexts: Contexts, weight: np.ndarray) -> dict[str, Any]:
    position, token = contexts.length - rule.distance, planted.ids[rule.word]
    centred = weight[position, token] - weight[position, token].mean()
    largest = int(np.abs(centred).argmax())
    k = planted.rules.candidates.index(rule.candidate)
    return {
        "kind": "linear",
        "words": rule.word,
        "distances": str(rule.distance),
        "positions": str(position),
        "candidate": rule.candidate,
        "planted": rule.weight,
        # On the scale of the recovered weight: a vote for one candidate is, centred, less than it is alone.
        "planted_centred": rule.weight * (1 - 1 / len(centred)),
        "weight": float(centred[k]),
        "largest": planted.rules.candidates[largest] if centred.any() else None,
        "recovered": int(largest == k and centred[k] * rule.weight > 0),
        "share": float((contexts.tokens[:, position] == token).mean()),
    }


def _interaction(planted: TokenRules, rule: Interaction, contexts: Contexts) -> dict[str, Any]:
    places = (rule.distance, rule.other_distance)
    words = ((*rule.plus, *rule.minus), (*rule.other_plus, *rule.other_minus))
    sides = [
        np.isin(contexts.tokens[:, -d], [planted.ids[w] for w in each])
        for d, each in zip(places, words, strict=True)
    ]
    return {
        "kind": "interaction",
        "words": f"{_side(rule.plus, rule.minus)} with {_side(rule.other_plus, rule.other_minus)}",
        "distances": f"{places[0]} and {places[1]}",
        "positions": f"{contexts.length - places[0]} and {contexts.length - places[1]}",
        "candidate": rule.candidate,
        "planted": rule.weight,
        "planted_centred": rule.weight * (1 - 1 / len(planted.rules.candidates)),
        "share": float((sides[0] & sides[1]).mean()),
    }


def _noise(planted: TokenRules, rule: Noise, contexts: Contexts) -> dict[str, Any]:
    at = contexts.tokens[:, -rule.distance] == planted.ids[rule.word]
    return {
        "kind": "noise",
        "words": rule.word,
        "distances": str(rule.distance),
        "positions": str(contexts.length - rule.distance),
        "share": float(at.mean()),
        "rates": " ".join(f"{rate:g}" for rate in rule.rates),
    }


def _side(plus: tuple[str, ...], minus: tuple[str, ...]) -> str:
    return f"{'/'.join(w.strip() for w in plus)} against {'/'.join(w.strip() for w in minus)}"
