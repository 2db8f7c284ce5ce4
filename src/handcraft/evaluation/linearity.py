"""Is a group linear? What a linear model gains over the words' shares, as a share of what the best predictor gains.

Two things can make a predictor better than a linear model: it combines tokens, or it knows more text. So the linear
share is taken twice. First against the best predictor of the *same contexts*: a network, an n-gram model, or the two
pooled, all trained on what the linear model was trained on. It gains by combining tokens; that a pool also averages
noise away is worth half a percent at most (benchmarks/linear_truth.py), and the linear side is pooled as well. Then
against the *best known* predictor: language models, corrected on validation contexts, and their pools with the others,
take part as well. A group is *not linear* where the first share lies below 1 minus the margin, with its whole interval.
It is *linear* where both lie above. Otherwise it is *undecided*, with the reason. Whatever is chosen is chosen on
validation contexts, and scored on test contexts.

That a network finds no interaction shows little if it could not have found one. So one of the margin's worth is planted
in the same contexts (`predictors.nonlinear`), and the network's advantage over the linear model is divided by the share
of the planted interaction that it found: a network that finds half may have missed half. A group is linear only if this
*adjusted* share lies above as well, and never if the network found less than a quarter.

On the planted corpus the truth is known: the best linear model, fitted on many more contexts, against the rules
themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from scipy.optimize import minimize_scalar

from handcraft.config.model import Evaluation
from handcraft.contexts.read import Contexts, read_contexts
from handcraft.errors import UserError
from handcraft.evaluation.bootstrap import family_intervals, story_draws
from handcraft.evaluation.calibration import fit_rescaling
from handcraft.evaluation.intervals import percentile_interval
from handcraft.evaluation.predictions import read_answers
from handcraft.files import read_json, read_metadata, read_tensors, write_csv, write_json
from handcraft.math import class_rates, context_losses, log_softmax
from handcraft.seeds import generator

Kind = Literal["linear", "same", "more", "truth", "raw"]
Verdict = Literal["linear", "not linear", "undecided"]
Reason = Literal["", "one story", "no gain", "no network", "wide", "blind", "more knowledge"]

LINEAR = ("linear", "additive")
"""Predictors that are sums of what each token gives."""
NONLINEAR = "nonlinear"
NGRAM = "ngram"
TRUTH = ("best_linear", "bayes")
FOUND = 0.25
"""A network that finds less of the planted interaction says nothing of what it does not find."""
COLUMNS = (
    "predictor", "title", "kind", "parts", "weight", "validation_loss", "loss", "low", "high", "difference",
    "difference_low", "difference_high", "role", "n", "stories",
)  # fmt: skip


@dataclass(frozen=True)
class Inputs:
    """What `evaluate_linearity` reads: contexts; predictions on test contexts; the answers of language models; those
    of the other predictors on validation contexts (of `train_nonlinear` and `predict_counts`), and the metrics of
    `train_nonlinear` (none where the config leaves it out)."""

    train: Path
    validation: Path
    test: Path
    predictions: Sequence[Path]
    answers: Sequence[Path]
    held_out: Sequence[Path] = ()
    network: Path | None = None


@dataclass(frozen=True)
class Share:
    """A linear share with its interval: gain of `linear` over gain of `reference`, both over the words' shares.

    `gain` is that of `linear`, in nats."""

    linear: str
    reference: str
    gain: float
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Contender:
    """One predictor, or a pool of two. `kind`: linear, same (contexts), more (text), truth, raw.

    `validation`: log-probabilities [v, K] on the validation contexts `rows` [v], where it has any; `test`: [n, K].
    """

    predictor: str
    title: str
    kind: Kind
    test: np.ndarray
    validation: np.ndarray | None = None
    parts: str = ""
    weight: float | None = None

    def described(self) -> dict[str, Any]:
        """The first columns of its row."""
        return {"predictor": self.predictor, "title": self.title, "kind": self.kind, "parts": self.parts}


@dataclass(frozen=True)
class Answer:
    """A verdict with all that it follows from."""

    verdict: Verdict
    reason: Reason
    margin: float
    confidence: float
    contexts: int
    stories: int
    same: Share | None = None
    adjusted: Share | None = None
    """`same`, had the network found all of the planted interaction."""
    best: Share | None = None
    control: Mapping[str, float] | None = None
    times: float | None = None
    """Where the interval is too wide: about how many times the test stories would narrow it enough."""
    truth: Share | None = None
    truth_verdict: Verdict | None = None
    notes: list[str] = field(default_factory=list)


def evaluate_linearity(
    inputs: Inputs, *, settings: Evaluation, groups: int, seed: int, table: Path, verdict: Path
) -> None:
    """Write a group's verdict (`Answer` as JSON) and the table of all predictors that it was chosen from.

    `groups` verdicts are given in one report, so each has intervals of coverage 1 - (1 - confidence) / groups: all hold
    together with `settings.confidence` (Bonferroni). Table, a row a predictor: kind, parts and weight (of a pool, the
    weight of its first part), losses in nats, difference to `linear` with its paired interval, and `role`, what it
    was chosen as: linear, same, best.
    """
    test, held_out = read_contexts(inputs.test), read_contexts(inputs.validation)
    everyone, notes = find_contenders(inputs, test, held_out)
    contenders = [c for c in everyone if not np.isnan(c.test).any()]
    rates = np.log(class_rates(read_contexts(inputs.train).labels, len(test.candidates)))
    losses = [-rates[test.labels], *(context_losses(c.test, test.labels) for c in contenders)]
    confidence, resamples = family_intervals(settings, groups)
    value = np.array([x.mean() for x in losses])
    random = generator(seed, "linearity")
    stories, draws = story_draws(test.story, np.column_stack(losses), resamples, random)
    judge = _Judge(contenders, value, draws, confidence, settings.margin)
    control = (read_json(inputs.network).get("control") if inputs.network else None) or None
    found = judge.answer(held_out.labels, control)
    truth = judge.share(*TRUTH) if {c.predictor for c in contenders} >= set(TRUTH) else None
    found |= {"truth": truth, "truth_verdict": truth and judge.side(truth)}
    answer = Answer(
        margin=settings.margin,
        confidence=confidence,
        contexts=len(test),
        stories=stories,
        control=control,
        notes=notes,
        **found,
    )
    write_json(verdict, asdict(answer))
    rows = {r["predictor"]: r for r in judge.rows(held_out.labels, answer, len(test), stories)}
    linear = next((c for c in contenders if c.predictor == LINEAR[0]), None)
    for c in everyone:
        if c.predictor not in rows:
            rows[c.predictor] = _row_of_sample(c, linear, test, (confidence, resamples), seed)
    write_csv(table, [rows[c.predictor] for c in everyone], COLUMNS)


def _row_of_sample(
    one: Contender, linear: Contender | None, test: Contexts, interval: tuple[float, int], seed: int
) -> dict[str, Any]:
    """A table's row of a predictor that answered some of the test contexts: all in it is of these alone."""
    confidence, resamples = interval
    at = np.flatnonzero(~np.isnan(one.test).any(axis=1))
    tables = [c.test[at] for c in (one, linear) if c]
    losses = np.column_stack([context_losses(t, test.labels[at]) for t in tables])
    random = generator(seed, f"linearity, {one.predictor}")
    stories, draws = story_draws(test.story[at], losses, resamples, random)
    row = one.described() | {"loss": float(losses[:, 0].mean()), "role": ""}
    row |= {"n": len(at), "stories": stories}
    if linear:
        row["difference"] = float((losses[:, 0] - losses[:, 1]).mean())
    if draws is not None:
        row["low"], row["high"] = percentile_interval(draws[:, 0], confidence)
        if linear:
            bounds = percentile_interval(draws[:, 0] - draws[:, 1], confidence)
            row["difference_low"], row["difference_high"] = bounds
    return row


def find_contenders(inputs: Inputs, test: Contexts, held_out: Contexts) -> tuple[list[Contender], list[str]]:
    """All predictors with their answers, and what of them could not take part."""
    answered = {p.predictor: p for p in read_answers(inputs.predictions, test)}
    kept = {name: table for path in inputs.held_out for name, table in read_tensors(path).items()}
    # An n-gram model of one token is a sum of what each token gives.
    bigram = any(read_metadata(path).get("order") == 2 for path in inputs.held_out)
    kinds: dict[str, Kind] = dict.fromkeys(LINEAR, "linear")
    kinds |= {NONLINEAR: "same", NGRAM: "linear" if bigram else "same"}
    single = {
        name: Contender(name, answered[name].title, kind, answered[name].log_probability, kept.get(name))
        for name, kind in kinds.items()
        if name in answered
    }
    found = list(single.values())
    for first, second in ((LINEAR[0], LINEAR[1]), *((name, NGRAM) for name in (*LINEAR, NONLINEAR))):
        pair = [single[name] for name in (first, second) if name in single]
        if len(pair) == 2 and all(c.validation is not None for c in pair):
            both: Kind = "linear" if {c.kind for c in pair} == {"linear"} else "same"
            found.append(_pool(pair[0], pair[1], both, held_out.labels))
    notes: list[str] = []
    for path in inputs.answers:
        _add_language_model(found, notes, path, test, held_out)
    for name in TRUTH:
        if name in answered:
            found.append(Contender(name, answered[name].title, "truth", answered[name].log_probability))
    return found, notes


def _add_language_model(
    found: list[Contender], notes: list[str], path: Path, test: Contexts, held_out: Contexts
) -> None:
    """A language model: as it is, with the whole story, corrected, and its pools with the predictors so far."""
    metadata = read_metadata(path)
    if metadata.get("missing"):
        return
    name, title = metadata["predictor"], metadata["title"]
    # What stands in brackets is said where the model is introduced.
    brief = title.partition(" (")[0]
    if tuple(metadata["candidates"]) != test.candidates:
        raise UserError(
            f"made for other candidates: {metadata['candidates']}",
            where=str(path),
            remedy=f"remake it: snakemake --forcerun {path}",
        )
    answers = read_tensors(path)
    if len(answers["test_rows"]) < len(test):
        notes.append(f"{brief} answered {len(answers['test_rows'])} of {len(test)} test contexts")
        return
    rows, labels = answers["validation_rows"], held_out.labels[answers["validation_rows"]]
    if len(rows) < len(held_out):
        notes.append(f"{brief} was corrected on a sample of {len(rows)} validation contexts")
    if len(np.unique(labels)) < len(test.candidates):
        notes.append(
            f"{title} could not be corrected: not every word is in the validation contexts it answered"
        )
        return
    asked, own = whole_word(answers, len(test))
    fit = fit_rescaling(own, labels, True)
    corrected = np.full((len(held_out), len(test.candidates)), np.nan)
    corrected[rows] = fit(own)
    others = [c for c in found if c.validation is not None and c.kind in ("linear", "same")]
    lm = Contender(f"{name}.corrected", f"{brief}, corrected", "more", fit(asked), corrected)
    found.append(lm)
    found.append(Contender(name, f"{brief}, as it is", "raw", log_softmax(answers["test"])))
    if len(answers.get("long_context", ())):
        whole = np.full((len(test), len(test.candidates)), np.nan)
        whole[answers["long_context_rows"]] = log_softmax(answers["long_context"])
        found.append(Contender(f"{name}.long_context", f"{brief}, whole story", "raw", whole))
    # In a pool it is always the corrected one: the title need not say so.
    found += [_pool(other, replace(lm, title=brief), "more", held_out.labels) for other in others]


def whole_word(answers: Mapping[str, np.ndarray], n: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores on test and validation contexts: of whole words, where the model was asked for all of them."""
    ends, held_out = answers.get("end_of_word"), answers.get("validation_end_of_word")
    if ends is not None and held_out is not None and len(ends) == n:
        return ends, held_out
    return answers["test"], answers["validation"]


def _pool(first: Contender, second: Contender, kind: Kind, labels: np.ndarray) -> Contender:
    """The log-probabilities of two predictors averaged and normalised (a log-linear pool), with the weight that does
    best on the validation contexts which both answered. A pool of two linear models is a linear model."""
    assert first.validation is not None
    assert second.validation is not None
    a, b = first.validation, second.validation
    known = np.isfinite(a).all(axis=1) & np.isfinite(b).all(axis=1)
    if not known.any():
        raise UserError(
            f"{first.title} and {second.title} have no validation context in common",
            where="results/contexts/<group>/validation.safetensors",
            remedy="raise corpus.fractions.validation, or the model's extra_contexts",
        )

    def loss(weight: float) -> float:
        both = log_softmax(weight * a[known] + (1 - weight) * b[known])
        return float(context_losses(both, labels[known]).mean())

    weight = float(minimize_scalar(loss, bounds=(0, 1), method="bounded").x)
    return Contender(
        f"{first.predictor}+{second.predictor}",
        f"{first.title} + {second.title}",
        kind,
        log_softmax(weight * first.test + (1 - weight) * second.test),
        log_softmax(weight * a + (1 - weight) * b),
        f"{first.predictor}; {second.predictor}",
        weight,
    )


class _Judge:
    """What follows from losses: `value` [1 + C], the words' shares first, and resampled, `draws` [B, 1 + C]."""

    def __init__(
        self,
        contenders: Sequence[Contender],
        value: np.ndarray,
        draws: np.ndarray | None,
        confidence: float,
        margin: float,
    ) -> None:
        self.contenders, self.value, self.draws = contenders, value, draws
        self.confidence, self.margin = confidence, margin
        self.at = {c.predictor: i for i, c in enumerate(contenders, 1)}

    def answer(self, labels: np.ndarray, control: Mapping[str, float] | None) -> dict[str, Any]:
        """Verdict, reason, shares: the fields of `Answer` that follow from losses. labels [v]: of validation."""
        found: dict[str, Any] = {"verdict": "undecided", "reason": ""}
        if self.draws is None:
            return found | {"reason": "one story"}
        chosen = self.choose(labels)
        if not chosen:
            return found | {"reason": "no network"}
        if self._gain_low(chosen["best"]) <= 0:
            return found | {"reason": "no gain"}
        same = self.share(chosen["linear"], chosen["same"])
        best = self.share(chosen["linear"], chosen["best"])
        found |= {"same": same, "best": best}
        if self.side(same) == "not linear":
            return found | {"verdict": "not linear"}
        recovered = min(1.0, control["recovered"]) if control else 0.0
        adjusted = self.share(chosen["linear"], chosen["same"], recovered) if recovered >= FOUND else None
        found["adjusted"] = adjusted
        if self.side(best) == "linear" and self.side(same) == "linear":
            seen = self.side(adjusted) == "linear"
            return found | ({"verdict": "linear"} if seen else {"reason": "blind"})
        if self.side(best) == "not linear":
            return found | {"reason": "more knowledge"}
        times = [self._times(s) for s in (best, same) if s and self.side(s) == "undecided"]
        return found | {"reason": "wide", "times": max(times, default=None)}

    def choose(self, labels: np.ndarray) -> dict[str, str]:
        """The best by validation loss: linear, of the same contexts, and of all that is not linear."""
        losses = self.validation_losses(labels)
        kinds = {"linear": ("linear",), "same": ("same",), "best": ("same", "more")}
        chosen = {}
        for role, of in kinds.items():
            names = [c.predictor for c in self.contenders if c.kind in of and c.predictor in losses]
            if not names:
                return {}
            chosen[role] = min(names, key=lambda name: losses[name])
        return chosen

    def validation_losses(self, labels: np.ndarray) -> dict[str, float]:
        """Mean loss of each contender on the validation contexts that all of them answered."""
        tables = {c.predictor: c.validation for c in self.contenders if c.validation is not None}
        if not tables:
            return {}
        common = np.all([np.isfinite(table).all(axis=1) for table in tables.values()], axis=0)
        return {
            name: float(context_losses(table[common], labels[common]).mean())
            for name, table in tables.items()
        }

    def share(self, linear: str, reference: str, recovered: float = 1.0) -> Share | None:
        """Gain of one over that of the other; None where there are no resamples, or the other gains nothing.

        recovered: the reference's advantage, where it has one, is divided by this.
        """
        if self.draws is None or self._gain_low(reference) <= 0:
            return None

        def of(losses: np.ndarray) -> np.ndarray:
            ours, theirs = (losses[:, 0] - losses[:, self.at[name]] for name in (linear, reference))
            ahead = theirs - ours
            return np.asarray(ours / (ours + np.where(ahead > 0, ahead / recovered, ahead)))

        low, high = percentile_interval(of(self.draws), self.confidence)
        gain = float(self.value[0] - self.value[self.at[linear]])
        return Share(linear, reference, gain, float(of(self.value[None])[0]), float(low), float(high))

    def side(self, share: Share | None) -> Verdict:
        """On which side of 1 minus the margin the whole interval lies."""
        if share is None or share.low <= 1 - self.margin <= share.high:
            return "undecided"
        return "linear" if share.low > 1 - self.margin else "not linear"

    def _gain_low(self, predictor: str) -> float:
        """Lower end of the interval of what it gains over the words' shares (nats)."""
        assert self.draws is not None
        low, _ = percentile_interval(self.draws[:, 0] - self.draws[:, self.at[predictor]], self.confidence)
        return float(low)

    def _times(self, share: Share) -> float:
        """How many times the stories would part the interval from 1 minus the margin, were the share what it seems."""
        away = max(abs(share.value - (1 - self.margin)), 1e-6)
        return ((share.high - share.low) / 2 / away) ** 2

    def rows(self, labels: np.ndarray, answer: Answer, n: int, stories: int) -> list[dict[str, Any]]:
        """A row a contender."""
        losses, chosen = self.validation_losses(labels), self.choose(labels)
        rows = []
        for c in self.contenders:
            i, base = self.at[c.predictor], self.at.get("linear")
            row = c.described() | {
                "weight": c.weight,
                "validation_loss": losses.get(c.predictor),
                "loss": float(self.value[i]),
            }
            if self.draws is not None:
                row["low"], row["high"] = percentile_interval(self.draws[:, i], answer.confidence)
            if base is not None and i != base:
                row["difference"] = float(self.value[i] - self.value[base])
                if self.draws is not None:
                    paired = self.draws[:, i] - self.draws[:, base]
                    bounds = percentile_interval(paired, answer.confidence)
                    row["difference_low"], row["difference_high"] = bounds
            roles = [role for role, name in chosen.items() if name == c.predictor]
            rows.append(row | {"role": "; ".join(roles), "n": n, "stories": stories})
        return rows
