"""Which groups are linear: the verdicts, what they follow from, and how they are put in words."""

from collections.abc import Sequence
from typing import Any

from handcraft.report.context import Context
from handcraft.report.escape import Markdown, escape, join
from handcraft.report.results import Results
from handcraft.report.tables import first_only, pipe_table
from handcraft.report.values import Values, show

Row = dict[str, Any]

WORDS = {
    "linear": "linear",
    "not linear": "not linear",
    "undecided": "undecided",
}
REASONS = {
    "one story": "In {} it is undecided, because all test contexts come from one story.",
    "no gain": "In {} it is undecided: no predictor gains anything over the words' shares.",
    "no network": "In {} it is undecided, because the config leaves out the non-linear predictor "
    "(`predictors.nonlinear`).",
    "wide": "In {} it is undecided, because the intervals are too wide.",
    "blind": "In {} it is undecided: the networks gain little by combining tokens, but they find so little of an "
    "artificial interaction that they may have missed a real one.",
    "more knowledge": "In {} it is undecided: what learnt from the same contexts does not show that tokens combine, "
    "but with a language model, which has read more text, distinctly more is gained. Whether by combining tokens "
    "cannot be told.",
}
"""What to say of the groups that are undecided, by reason; `{}` stands for them."""


def final(answer: Row) -> str:
    """The verdict that counts: where the true rules are known, they decide."""
    return str(answer["truth_verdict"] or answer["verdict"])


def verdicts(results: Results) -> dict[str, list[str]]:
    """Titles of the groups by final verdict."""
    found: dict[str, list[str]] = {name: [] for name in WORDS}
    for g in results.metadata.groups:
        if answer := results.linearity[g.name]:
            found[final(answer)].append(g.title)
    return found


def verdict_short(found: dict[str, list[str]], margin: str) -> Markdown:
    """One sentence for all groups: linear, not linear, undecided."""
    parts = []
    for name, words in (
        ("linear", "**linear** (at least {} of what can be gained over the words' shares) in {{}}"),
        ("not linear", "**not linear** in {{}}"),
        ("undecided", "**undecided** in {{}}"),
    ):
        if found[name]:
            parts.append(words.format(margin).replace("{}", join(found[name])))
    return Markdown(
        "The choice is " + " and ".join([", ".join(parts[:-1]), parts[-1]] if parts[1:] else parts)
    )


def sort_reasons(results: Results) -> list[tuple[str, list[str]]]:
    """Reasons of the undecided groups, each with their titles, in the order of `REASONS`.

    On the planted corpus these are the groups that the data alone leave undecided.
    """
    found = []
    for reason in REASONS:
        answers = [(g.title, results.linearity[g.name]) for g in results.metadata.groups]
        titles = [title for title, answer in answers if answer and answer["reason"] == reason]
        if titles:
            found.append((reason, titles))
    return found


def reason_sentences(results: Results) -> Markdown:
    """Why groups are undecided, a sentence a reason; where intervals are too wide, how many more stories it takes."""
    parts = []
    for reason, titles in sort_reasons(results):
        parts.append(REASONS[reason].replace("{}", join(titles)))
        if reason == "wide":
            wide = [
                (g.title, results.linearity[g.name]) for g in results.metadata.groups if g.title in titles
            ]
            needed = [f"{escape(title)} {times_as_many(answer['times'])} as many" for title, answer in wide]
            stories = join([Markdown(n) for n in needed])
            parts.append(
                f"If the shares are what they seem, more test stories would decide it: for {stories}."
            )
    return Markdown(" ".join(parts))


def times_as_many(times: float | None) -> str:
    """About how many times as many stories: `about 3 times`, `more than 100 times`."""
    if times is None or times > 100:
        return "more than 100 times"
    return f"about {max(2, round(times + 0.5))} times"


def truth_sentence(results: Results) -> Markdown:
    """On the planted corpus: how the verdicts from the data alone stand to the truth. Empty elsewhere."""
    sorted_: dict[str, list[str]] = {"right": [], "undecided": [], "wrong": []}
    for g in results.metadata.groups:
        answer = results.linearity[g.name]
        if not answer or not answer["truth_verdict"]:
            continue
        kind = "undecided" if answer["verdict"] == "undecided" else "right"
        if kind == "right" and answer["verdict"] != answer["truth_verdict"]:
            kind = "wrong"
        sorted_[kind].append(g.title)
    parts = [f"{kind} in {join(titles) if titles else 'none'}" for kind, titles in sorted_.items()]
    return Markdown(", ".join(parts[:2]) + f" and **{parts[2]}**" if sorted_["wrong"] else ", ".join(parts))


def has_truth(results: Results) -> bool:
    """Whether any group's true rules are known."""
    return any(a and a["truth_verdict"] for a in results.linearity.values())


def table_linearity(results: Results, values: Values) -> Markdown:
    """Per group: gain of the best linear predictor, its share of what others gain, and the verdict."""
    metadata = results.metadata
    planted = has_truth(results)
    rows: list[list[object]] = []
    for g in metadata.groups:
        answer = results.linearity[g.name]
        if not answer:
            continue
        cells: list[object] = [g.title]
        for key in ("same", "adjusted", "best", *(["truth"] if planted else [])):
            cells.append(_share(values, f"share.{g.name}.{key}", answer[key]))
        cells.append(Markdown(WORDS[answer["verdict"]]))
        if planted:
            cells.append(Markdown(WORDS.get(str(answer["truth_verdict"]), "–")))
        rows.append(cells)
    header = [
        "group",
        "same contexts",
        "adjusted",
        "best known",
        *(["the rules"] if planted else []),
        "verdict",
    ]
    header += ["by the rules"] if planted else []
    return pipe_table(header, rows, "l" + "r" * (4 if planted else 3) + "l" * (2 if planted else 1))


def _share(values: Values, name: str, share: Row | None) -> object:
    if share is None:
        return Markdown("–")
    return values.put(name, share["value"], "share", low=share["low"], high=share["high"])


def table_contenders(results: Results, values: Values) -> Markdown:
    """Per group, what the verdict was chosen from: the single predictors, and the pools in a role."""
    rows: list[list[object]] = []
    roles = {"linear": "linear side", "same": "same contexts", "best": "best known", "same; best": "both"}
    for g in results.metadata.groups:
        for r in results.contenders[g.name]:
            if r["parts"] and not r["role"]:
                continue
            name = f"contender.{g.name}.{r['predictor']}"
            bounds = {"low": r["difference_low"], "high": r["difference_high"]}
            cells: list[object] = [g.title, r["title"], values.put(f"{name}.loss", r["loss"], "nats")]
            cells += [values.put(f"{name}.difference", r["difference"], "change", **bounds)]
            rows.append([*cells, roles.get(r["role"] or "", "")])
    header = ["group", "predictor", "loss (nats)", "minus linear", "chosen as"]
    return pipe_table(header, first_only(rows), "llrrl")


def last_step(results: Results, values: Values) -> Markdown:
    """The last step of the linear model's learning curve in each group: how many times the stories, and the change of
    the loss. Empty without curves."""
    parts: list[str] = []
    for g in results.metadata.groups:
        own = [r for r in results.learning_curve[g.name] if r["predictor"] == "linear"]
        if len(own) > 1:
            change = values.put(f"learning.{g.name}.change", own[-1]["loss"] - own[-2]["loss"], "change")
            times = values.put(
                f"learning.{g.name}.times", own[-1]["size"] / own[-2]["size"], "significant", digits=2
            )
            parts.append(Markdown(f"{change} in {escape(g.title)} ({times} times the stories)"))
    return join(parts) if parts else Markdown("")


def table_needed(results: Results, values: Values) -> Markdown:
    """Per group and other predictor: the training stories that the linear model takes to match it."""
    rows: list[list[object]] = []
    for g in results.metadata.groups:
        for r in results.stories_needed[g.name]:
            name = f"needed.{g.name}.{r['predictor']}"
            every = values.put(f"{name}.all", r["all_stories"])
            cells: list[object] = [g.title, r["title"], values.put(f"{name}.loss", r["loss"], "nats")]
            least = min(row["size"] for row in results.learning_curve[g.name])
            told: dict[str, Markdown] = {}
            for key in ("value", "low", "high"):
                if r[key] is None:
                    told[key] = Markdown(f"more than {every}")
                    continue
                told[key] = values.put(f"{name}.{key}", round(r[key]))
                if r[key] <= least:
                    told[key] = Markdown(f"at most {told[key]}")
            interval = Markdown(
                f"{told['low']} to {told['high']}" if told["low"] != told["high"] else told["low"]
            )
            rows.append([*cells, told["value"], interval])
    header = ["group", "to match", "its loss (nats)", "stories", "interval"]
    return pipe_table(header, first_only(rows), "llrrr") if rows else Markdown("")


def against_corrected(results: Results, predictor: str | None) -> dict[str, list[str]]:
    """Titles of the groups in which `linear` is better, worse, level with a language model after its correction."""
    found: dict[str, list[str]] = {"better": [], "worse": [], "level": []}
    wanted = f"{predictor}.corrected"
    for g in results.metadata.groups:
        for r in results.contenders[g.name]:
            if r["predictor"] != wanted or r["difference_low"] is None:
                continue
            better = r["difference_low"] > 0
            found["better" if better else "worse" if r["difference_high"] < 0 else "level"].append(g.title)
    return found


def add_values(values: Values, results: Results) -> None:
    """`linearity.least`: the share from which on a group is linear; `linearity.each`: the coverage of
    its intervals; `linearity.found_least`, `.found_most`: shares of the artificial interactions that networks found."""
    answers = [a for a in results.linearity.values() if a]
    if not answers:
        return
    values.add("linearity.least", 1 - answers[0]["margin"], "share", digits=0)
    values.add("linearity.margin", answers[0]["margin"], "share", digits=0)
    values.add("linearity.each", answers[0]["confidence"], "share", digits=1)
    shares = [a["control"]["recovered"] for a in answers if a["control"]]
    values.add("linearity.found_least", min(shares, default=None), "share", digits=0)
    values.add("linearity.found_most", max(shares, default=None), "share", digits=0)


def notes(results: Results) -> Sequence[str]:
    """What could not take part, each once."""
    return list(dict.fromkeys(note for a in results.linearity.values() if a for note in a["notes"]))


def names(context: Context) -> dict[str, Any]:
    """What the sources of this section see."""
    results, values = context.results, context.values
    found = verdicts(results)
    margins = [1 - a["margin"] for a in results.linearity.values() if a]
    margin = show(margins[0], "share", 0) if margins else ""
    return {
        "has_verdicts": any(found.values()),
        "has_truth": has_truth(results),
        "verdicts": found,
        "verdict_short": lambda: verdict_short(found, margin),
        "reason_sentences": lambda: reason_sentences(results),
        "truth_sentence": lambda: truth_sentence(results),
        "table_linearity": lambda: table_linearity(results, values),
        "last_step": lambda: last_step(results, values),
        "table_needed": lambda: table_needed(results, values),
        "table_contenders": lambda: table_contenders(results, values),
        "against_corrected": lambda: against_corrected(results, results.metadata.baseline),
        "verdict_notes": lambda: Markdown("; ".join(escape(n) for n in notes(results))),
    }
