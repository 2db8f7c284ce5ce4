"""The predictors, a row each: the one place for a predictor's identity.

Imports nothing of the package, so that the config can refuse reserved names, rules can ask for paths, figures for
colours and the report for titles.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Predictor:
    """What is the same for a predictor in every build.

    `colour` is a hex RGB, `marker` one of matplotlib's: never changed when a predictor is added. `sentence` introduces
    it in the report, as Pandoc's Markdown. `trained`: fitted on the question itself. `planted`: exists only for groups
    whose true rules are known.
    """

    id: str
    title: str
    colour: str
    marker: str
    sentence: str
    trained: bool = True
    planted: bool = False


PREDICTORS = (
    Predictor(
        id="majority",
        title="majority",
        colour="#8a8f98",
        marker="s",
        sentence="The share of each word in the training contexts, whatever the context.",
    ),
    Predictor(
        id="last_token",
        title="last token",
        colour="#E69F00",
        marker="v",
        sentence="The shares after the context's last token, smoothed towards those of *majority*: a bigram model.",
    ),
    Predictor(
        id="ngram",
        title="n-gram",
        colour="#8B5A2B",
        marker="^",
        sentence="What came after the same last tokens in the training contexts: interpolated Kneser-Ney "
        "[@chen1999], of order 2 to 5, whichever does best on the validation contexts. It takes the last tokens as "
        "one whole, and backs off to fewer where they are rare.",
    ),
    Predictor(
        id="linear",
        title="linear",
        colour="#0072B2",
        marker="o",
        sentence="One input for every pair of token and position. Its score for a word is the sum of the weights of "
        "the inputs that are on. Trained by cross-entropy with an $\\ell_1$ penalty [@tibshirani1996], whose strength "
        "is what does best on the validation contexts.",
    ),
    Predictor(
        id="linear_sparser",
        title="linear, sparser",
        colour="#5BA3D0",
        marker="o",
        sentence="The same model with the largest penalty whose validation loss lies within one standard error of the "
        "best [@breiman1984]: only weights that clearly earn their keep stay.",
    ),
    Predictor(
        id="additive",
        title="linear, by a network",
        colour="#00487C",
        marker="<",
        sentence="Another linear model of the same inputs: a small network without any non-linearity, added to the "
        "linear model. The vector of a token is the same in every position, up to a matrix of the position, so that "
        "what is learnt in one place serves in the others. It is the non-linear predictor's control.",
    ),
    Predictor(
        id="nonlinear",
        title="non-linear",
        colour="#882255",
        marker=">",
        sentence="The linear model plus a small neural network that sees the same tokens at the same positions. "
        "Unlike the linear model, the network can weigh tokens together: one token can change what another one means. "
        "It starts at exactly the linear model, and training stops when the loss on the validation contexts no longer "
        "falls. Its answer is the average over networks that differ only in their random start.",
    ),
    Predictor(
        id="one_layer",
        title="one-layer model",
        colour="#117733",
        marker="H",
        sentence="A language model of one transformer block, trained in the build on all tokens of the same stories, "
        "with the same inputs as the linear model: one vector for every pair of token and position. It was not "
        "trained on this question; its probabilities of all tokens are restricted to the candidates.",
        trained=False,
    ),
    Predictor(
        id="rules",
        title="rules, as written",
        colour="#C2185B",
        marker="P",
        sentence="Rules that were written down: when certain tokens stand somewhere in the context, certain words "
        "become more or less likely. Every rule that fires adds its nats to the words' scores, which start from the "
        "logarithms of the words' shares in the training contexts, unless the file says otherwise. Nothing else is "
        "fitted.",
        trained=False,
    ),
    Predictor(
        id="rules_refitted",
        title="rules, refitted",
        colour="#E88BB3",
        marker="X",
        sentence="The same rules with the strengths that fit the training contexts best: which tokens are looked for "
        "where, and which words they push, stays as written. A ridge, chosen on the validation contexts, keeps the "
        "strengths small.",
    ),
    Predictor(
        id="best_linear",
        title="best linear",
        colour="#3B3F8F",
        marker="d",
        sentence="A linear model fitted on many times as many fresh contexts as the others had: about the best that a "
        "linear model can do.",
        planted=True,
    ),
    Predictor(
        id="bayes",
        title="Bayes (best possible)",
        colour="#000000",
        marker="*",
        sentence="The odds that the generator itself used: nobody can do better on average.",
        trained=False,
        planted=True,
    ),
)
"""In the order of tables and figures; causal language models, which the config names, come after them."""

NETWORKS = ("additive", "nonlinear")
"""Ids of the predictors that are small networks."""

RULES = ("rules", "rules_refitted")
"""Ids of the predictors that exist only for groups with a rule file."""

RESERVED = ("human",)
"""Names that artifacts use and no causal language model may have, besides those of `PREDICTORS`."""


def titles() -> dict[str, str]:
    """Title by id."""
    return {p.id: p.title for p in PREDICTORS}


def reserved_names() -> set[str]:
    """Names that no causal language model may have."""
    return {*titles(), *RESERVED}


def answering(planted: bool, causal_lms: Sequence[str], left_out: Collection[str] = ()) -> list[str]:
    """Ids of the predictors that answer for a group, in the order of tables and figures, but for those `left_out`."""
    own = [p.id for p in PREDICTORS if (planted or not p.planted) and p.id not in left_out]
    return [*own, *causal_lms]
