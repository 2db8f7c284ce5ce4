"""Inside the one-layer model: its tail, the skip-trigrams of its heads, its neurons, and one decision opened."""

from statistics import median
from typing import Any

from handcraft.report.context import Context
from handcraft.report.escape import Markdown, escape, join
from handcraft.report.results import Results
from handcraft.report.tables import pipe_table
from handcraft.report.values import Values

KINDS = {"neurons": "neurons", "reads": "sorts of reads"}
SHOWN = 12
"""Skip-trigrams in the table, those that move most probability."""
FEW = 100
"""Rules of last tokens whose agreement is told beside that of all."""
PUBLISHED_AGREEMENT = 0.79
"""How often rules of up to seven last tokens say what larger models put first, on TinyStories: Nguyen (2024)."""
TRUE = 0.8
"""Share of a claimed effect from which on the claim came true."""


def tail_laws(results: Results, values: Values) -> Markdown:
    """How many parts of a kind bring half of what all bring, and nine tenths."""
    found: list[str] = []
    for r in results.one_layer_law:
        name = f"tail.{r['kind']}"
        if r["half"] is None or r["most"] is None:
            continue
        half, most, kept = (values.put(f"{name}.{key}", r[key]) for key in ("half", "most", "kept"))
        text = f"of {kept} {KINDS[r['kind']]}, {half} bring half of the gain and {most} nine tenths"
        if r["half_any"] is not None:
            text += f" (in a random order, half takes {values.put(f'{name}.half_any', r['half_any'])})"
        found.append(Markdown(text))
    return join(found)


def tail_fall(results: Results, values: Values) -> Markdown:
    """How what is missing falls with the number of parts kept, a kind at a time; empty where no law could be fitted.

    A power is claimed only where its exponent is above zero with its whole interval.
    """
    found: list[Markdown] = []
    for r in results.one_layer_law:
        if r["exponent_low"] is None:
            continue
        name, bounds = f"tail.{r['kind']}", {"low": r["exponent_low"], "high": r["exponent_high"]}
        cutoff = values.put(f"{name}.cutoff", r["cutoff"], low=r["cutoff_low"], high=r["cutoff_high"])
        fit = values.put(f"{name}.fit", r["fit"], "share")
        if r["exponent_low"] > 0:
            exponent = values.put(f"{name}.exponent", r["exponent"], "nats", digits=2, **bounds)
            how = f"like a power of their number (exponent {exponent}) with an exponential end (cutoff {cutoff})"
        else:
            how = f"exponentially, with no long tail (cutoff {cutoff})"
        found.append(Markdown(f"for {KINDS[r['kind']]} {how}; {fit} of the variance is explained"))
    return join(found)


def skip_confirmed(results: Results, values: Values) -> Markdown:
    """How many of the claimed skip-trigrams came true, and what share of the effect; the control beside it."""
    rows = results.skip_trigrams
    if not rows:
        return Markdown("")
    true = values.put("skip.true", sum(r["came_true"] >= TRUE for r in rows))
    claimed = sum(r["claimed"] for r in rows)
    share = sum(max(0.0, min(r["ablated"], r["claimed"])) for r in rows) / claimed
    control = sum(max(0.0, min(r["control"], 1.0)) * r["claimed"] for r in rows) / claimed
    return Markdown(
        f"{true} of {values.put('skip.claims', len(rows))} claims came true to at least "
        f"{values.put('skip.least', TRUE, 'share', digits=0)}, and "
        f"{values.put('skip.confirmed', share, 'share', digits=0)} of the effect that all claim together "
        f"({values.put('skip.control', control, 'share', digits=0)} where another earlier token's read is ablated "
        "instead, which should do nothing)"
    )


def skip_median(results: Results, values: Values) -> Markdown:
    """What share of its claim an ablation shows in the median."""
    return values.put("skip.median", median(r["came_true"] for r in results.skip_trigrams), "share", digits=0)


def skip_examples(results: Results) -> Markdown:
    """Three skip-trigrams in words, each with another output, those with most effect first; of words, if there are."""
    kept: list[dict[str, Any]] = []
    for r in sorted(results.skip_trigrams, key=lambda r: (not _of_words(r), -r["ablated"])):
        if (r["low"] or 0) > 0 and all(r["output"] != k["output"] for k in kept):
            kept.append(r)
    return join([Markdown(_in_words(r)) for r in kept[:3]])


def _in_words(row: dict[str, Any]) -> str:
    return f"{_token(row['source'])} … {_token(row['last'])} → {_token(row['output'])}"


def _of_words(row: dict[str, Any]) -> bool:
    return all(row[name].removeprefix("␣").isalpha() for name in ("source", "last", "output"))


def _token(text: str) -> Markdown:
    """A token in prose: without the mark of its space, which words have."""
    return Markdown(f"“{escape(text.removeprefix('␣') or text)}”")


def table_skip_trigrams(results: Results, values: Values) -> Markdown:
    """The claims that move most probability: what is claimed, what ablation says, and the control."""
    rows: list[list[object]] = []
    for i, r in enumerate(results.skip_trigrams[:SHOWN]):
        name = f"skip.{i}"
        cells: list[object] = [values.put(f"{name}.head", r["head"]), Markdown(_in_words(r))]
        cells += [values.put(f"{name}.claimed", r["claimed"], "logit")]
        cells += [values.put(f"{name}.ablated", r["ablated"], "logit", low=r["low"], high=r["high"])]
        cells += [values.put(f"{name}.came_true", r["came_true"], "share", digits=0)]
        cells += [values.put(f"{name}.control", r["control"], "share", digits=0)]
        cells += [values.put(f"{name}.distance", r["distance"]), values.put(f"{name}.seen", r["seen"])]
        rows.append(cells)
    header = ["head", "skip-trigram", "claimed", "by ablation", "came true", "control", "distance", "seen"]
    return pipe_table(header, rows, "rlrrrrrr") if rows else Markdown("")


def table_parts(results: Results, values: Values) -> Markdown:
    """Every head and the strongest neurons: what the loss rises by without it, what turns it on and what it writes."""
    rows: list[list[object]] = []
    for r in results.one_layer_parts:
        name, bounds = f"part.{r['part']}", {"low": r["low"], "high": r["high"]}
        added = values.put(f"{name}.added", r["loss_added"], "change", **bounds)
        on = values.put(f"{name}.active", r["active"], "share", digits=0) if r["active"] is not None else "–"
        words = [_tokens(r[key]) for key in ("after", "reads", "writes", "against")]
        rows.append([r["part"], added, on, *words])
    header = ["part", "loss added", "active", "after", "reads", "writes", "against"]
    return pipe_table(header, rows, "lrrllll") if rows else Markdown("")


def _tokens(text: str | None) -> Markdown:
    """Tokens of a cell, in their order."""
    return Markdown(escape(" ".join(t.removeprefix("␣") or t for t in (text or "").split(" "))) or "–")


def suffix_agreement(results: Results, values: Values) -> Markdown:
    """How often `FEW` rules of last tokens, and all of them, say what the model puts first."""
    found: list[Markdown] = []
    for r in results.suffix_curve:
        if r["size"] in (FEW, results.suffix_curve[-1]["size"]):
            name, bounds = f"suffix.{r['size']}", {"low": r["agreement_low"], "high": r["agreement_high"]}
            share = values.put(f"{name}.agreement", r["agreement"], "share", **bounds)
            found.append(
                Markdown(f"{values.put(f'{name}.rules', r['size'])} rules do so in {share} of test windows")
            )
    return join(found)


def table_suffix_rules(results: Results, values: Values) -> Markdown:
    """The first rules of last tokens, in words."""
    rows: list[list[object]] = []
    for r in results.suffix_rules[:SHOWN]:
        after = Markdown(" ".join(_token(t) for t in r["after"].split(" "))) if r["after"] else "always"
        name = f"suffix.rule.{r['step']}"
        counts = [values.put(f"{name}.{key}", r[key]) for key in ("gain", "seen")]
        rows.append([after, _token(r["output"]), *counts])
    return pipe_table(["after", "says", "sets right", "seen"], rows, "llrr") if rows else Markdown("")


def decision(results: Results, values: Values) -> Markdown:
    """What the opened decision is: the text, the word and its rival, with their probabilities."""
    found = results.decision
    if not found:
        return Markdown("")
    text = "".join(found["tokens"]).replace("␣", " ").strip()
    own = values.put("decision.probability", found["probability"], "share", digits=0)
    rival = values.put("decision.rival", found["rival_probability"], "share", digits=0)
    return Markdown(
        f"After “… {escape(text)}”, the likeliest token is {_token(found['output'])} ({own}), the second likeliest "
        f"{_token(found['rival'])} ({rival})."
    )


def names(context: Context) -> dict[str, Any]:
    """What the sources of this section see."""
    results, values = context.results, context.values
    return {
        "has_parts": bool(results.one_layer_tail),
        "has_decision": results.has_decision,
        "tail_laws": lambda: tail_laws(results, values),
        "tail_fall": lambda: tail_fall(results, values),
        "skip_confirmed": lambda: skip_confirmed(results, values),
        "skip_median": lambda: skip_median(results, values),
        "skip_examples": lambda: skip_examples(results),
        "table_skip_trigrams": lambda: table_skip_trigrams(results, values),
        "suffix_agreement": lambda: suffix_agreement(results, values),
        "table_suffix_rules": lambda: table_suffix_rules(results, values),
        "suffix_published": lambda: values.put("suffix.published", PUBLISHED_AGREEMENT, "share", digits=0),
        "table_parts": lambda: table_parts(results, values),
        "decision": lambda: decision(results, values),
    }
