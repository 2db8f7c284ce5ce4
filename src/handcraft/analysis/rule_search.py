"""The next best rule, given what a model says already: one token, a set, a range of positions, or a pair of them.

A rule pushes one candidate. In the contexts where it fires, the model expects the candidate so many times, and it comes
so many times: what the best push gains is about the number of contexts times the divergence of the two rates. From
that is taken what it costs to state the rule (a description length, in nats), so that a set of tokens or a pair is
proposed only where it says more than its length. The sums are over contexts, so a set costs no second look at them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import sparse

from handcraft.rules.match import Pattern, TokenRule

RANGES = (
    (-2, -1), (-3, -1), (-4, -1), (-6, -1), (-8, -1), (-16, -1), (-4, -2), (-8, -2), (-16, -2), (-8, -4), (-16, -8),
)  # fmt: skip
"""Ranges of positions that are tried, besides single positions and the whole context."""
LARGEST = 12
"""Tokens of a set, at most."""
SUPPORT, CELL = 10, 5
"""Training contexts in which a token must stand, and a pair of tokens."""
SEEDS, GROWTH = 12, 4
"""Pairs that are grown to pairs of sets in each search, and rounds of growth."""


@dataclass(frozen=True)
class Found:
    """A rule with what its push gains on the training contexts (nats, about) and what is left after its length."""

    rule: TokenRule
    candidate: int
    gain: float
    net: float


@dataclass(frozen=True)
class _Sums:
    """Of tokens in a place, or of sets of contexts: how many contexts (`n` [...]), and for each candidate how often the
    model expects it and how often it came (`expected`, `came` [..., K])."""

    n: np.ndarray
    expected: np.ndarray
    came: np.ndarray

    def gain(self) -> tuple[np.ndarray, np.ndarray]:
        """What the best push of each candidate gains, in nats [..., K], and the push."""
        n = np.maximum(self.n, 1e-9)[..., None]
        p = np.clip(self.expected / n, 1e-6, 1 - 1e-6)
        # One pseudo-context at the expected rate: a rare token gets no endless push.
        r = (self.came + p) / (n + 1)
        gain = n * (r * np.log(r / p) + (1 - r) * np.log((1 - r) / (1 - p)))
        return gain, np.log(r / (1 - r)) - np.log(p / (1 - p))


class Search:
    """All tokens of the training contexts by place, ready to be summed again for every model."""

    def __init__(self, tokens: np.ndarray, labels: np.ndarray, vocabulary: int, usable: np.ndarray) -> None:
        """`usable` bool [vocabulary]: tokens that a rule may look for."""
        self.tokens, self.labels, self.vocabulary = tokens.astype(np.int64), labels, vocabulary
        self.usable = usable
        length = tokens.shape[1]
        ranges = {(max(a, -length), b) for a, b in (*RANGES, (-length, -1)) if max(a, -length) < b}
        # Narrow ones first, so that those inside a range come before it.
        self.spans = [(p, p) for p in range(-length, 0)]
        self.spans += sorted(ranges, key=lambda span: (span[1] - span[0], span))
        self._where = [self._occurrences(span) for span in self.spans]
        self.counts = [np.asarray(m.sum(axis=1)).ravel() for m in self._where]
        self.set_price(1.0)

    def set_price(self, share: float) -> None:
        """What a rule must gain: this share of its length, the nats that state its tokens, places and push."""
        self.token_price = share * float(np.log(max(int(self.usable.sum()), 2)))
        self.place_price = share * float(np.log(len(self.spans)))
        # To within its standard error.
        self.push_price = share * float(np.log(max(len(self.tokens), 2)) / 2)
        self.separate = self.place_price + self.push_price

    def _occurrences(self, span: tuple[int, int]) -> sparse.csr_array:
        """Which contexts have which token in a span, each once: [vocabulary, n]."""
        n, length = self.tokens.shape
        window = self.tokens[:, length + span[0] : length + span[1] + 1]
        keys = window * n + np.arange(n)[:, None]
        keys = keys.ravel() if window.shape[1] == 1 else np.unique(keys)
        ones = np.ones(len(keys), np.float64)
        return sparse.csr_array((ones, (keys // n, keys % n)), shape=(self.vocabulary, n))

    def best(self, p: np.ndarray, count: int, barred: set[object]) -> list[Found]:
        """The best rules of one place, best first: at most `count`, and no two that share a token in a place.

        `p` [n, K]: what the model says. `barred`: `place` and candidate of rules that may not come again.
        """
        came = np.zeros_like(p)
        came[np.arange(len(p)), self.labels] = 1
        found: list[Found] = []
        fixed = self.place_price + float(np.log(p.shape[1])) + self.push_price
        offers = []
        gains: dict[tuple[int, int], np.ndarray] = {}
        for span, where, n in zip(self.spans, self._where, self.counts, strict=True):
            sums = _Sums(n, np.asarray(where @ p), np.asarray(where @ came))
            gain, push = sums.gain()
            gain[~(self.usable & (n >= SUPPORT))] = 0
            inside = [g for s, g in gains.items() if span[0] <= s[0] and s[1] <= span[1]]
            gains[span] = gain
            # What the tokens say as rules of their own. A range must say more than its best part, by a rule's cost.
            alone = np.max(inside, axis=0) + self.separate if inside else gain
            for k in range(p.shape[1]):
                for sign in (1, -1):
                    own = np.flatnonzero((gain[:, k] > self.token_price) & (push[:, k] * sign > 0))
                    if len(own):
                        bound = float((gain[own, k] - self.token_price).sum()) - fixed
                        offers.append((bound, span, k, own, sums, alone[:, k], push[:, k]))
        offers.sort(key=lambda offer: -offer[0])
        for bound, span, k, own, sums, alone_k, push_k in offers:
            if bound <= 0 or (len(found) >= count and bound <= found[count - 1].net):
                break
            for ids in self._sets(own, k, sums, alone_k, push_k):
                pattern = Pattern((tuple(sorted(ids.tolist())),), *span)
                one = self._measured((pattern,), k, p, fixed + self.token_price * len(ids))
                if one.net > 0 and (one.rule.place, k) not in barred:
                    found.append(one)
            found.sort(key=lambda f: -f.net)
        return _apart(found, count)

    def best_pairs(self, p: np.ndarray, count: int, barred: set[object]) -> list[Found]:
        """The best rules of two single positions, each a token or a set, best first."""
        came = np.zeros_like(p)
        came[np.arange(len(p)), self.labels] = 1
        seeds: list[tuple[float, int, int, int, int, int, int]] = []
        length = self.tokens.shape[1]
        for i, j in combinations(range(length), 2):
            ids, sums = self._cells(i, j, p, came)
            if not len(ids):
                continue
            gain, push = sums.gain()
            for cell, k in zip(*np.unravel_index(np.argsort(-gain, axis=None)[:3], gain.shape), strict=True):
                a, b = divmod(int(ids[cell]), self.vocabulary)
                seeds.append((-float(gain[cell, k]), i, j, a, b, int(k), int(np.sign(push[cell, k]))))
        found: dict[object, Found] = {}
        for _, i, j, a, b, k, sign in sorted(seeds)[:SEEDS]:
            one = self._grown((i, j), (a, b), (k, sign), p, came)
            if one is not None and one.net > 0 and (one.rule.place, k) not in barred:
                found[one.rule.place, k] = one
        return _apart(sorted(found.values(), key=lambda f: -f.net), count)

    def _cells(self, i: int, j: int, p: np.ndarray, came: np.ndarray) -> tuple[np.ndarray, _Sums]:
        """Pairs of tokens at two places that enough contexts have: their keys, and sums."""
        left, right = self.tokens[:, i], self.tokens[:, j]
        fit = self.usable[left] & self.usable[right]
        keys = left * self.vocabulary + right
        ids, inside, n = np.unique(keys[fit], return_inverse=True, return_counts=True)
        often = np.flatnonzero(n >= CELL)
        place = np.full(len(ids), len(often))
        place[often] = np.arange(len(often))
        at = place[inside]
        sums = [
            np.stack([np.bincount(at, x[fit, k], len(often) + 1)[:-1] for k in range(p.shape[1])], axis=1)
            for x in (p, came)
        ]
        return ids[often], _Sums(n[often].astype(np.float64), *sums)

    def _grown(
        self,
        places: tuple[int, int],
        tokens: tuple[int, int],
        push: tuple[int, int],
        p: np.ndarray,
        came: np.ndarray,
    ) -> Found | None:
        """A pair of sets, grown from a pair of tokens: each side in turn becomes the best set, given the other."""
        k, sign = push
        length = self.tokens.shape[1]
        sides = [np.array([tokens[0]]), np.array([tokens[1]])]
        for step in range(2 * GROWTH):
            own, other = step % 2, 1 - step % 2
            rows = np.flatnonzero(np.isin(self.tokens[:, places[other]], sides[other]))
            column = self.tokens[rows, places[own]]
            n = np.bincount(column, minlength=self.vocabulary).astype(np.float64)
            sums = _Sums(
                n,
                np.bincount(column, p[rows, k], self.vocabulary)[:, None],
                np.bincount(column, came[rows, k], self.vocabulary)[:, None],
            )
            gain, shift = sums.gain()
            # A member must be worth half its length: it may get its share of the evidence from the other side.
            fit = self.usable & (n >= CELL) & (shift[:, 0] * sign > 0) & (gain[:, 0] > self.token_price / 2)
            best = next(iter(self._sets(np.flatnonzero(fit), 0, sums, gain[:, 0], shift[:, 0])), None)
            if best is None:
                return None
            if step > 1 and np.array_equal(best, sides[own]):
                break
            sides[own] = best
        patterns = tuple(
            Pattern((tuple(sorted(side.tolist())),), place - length, place - length)
            for place, side in zip(places, sides, strict=True)
        )
        price = 2 * self.place_price + float(np.log(p.shape[1])) + self.push_price
        price += self.token_price * sum(len(side) for side in sides)
        return self._measured(patterns, k, p, price)

    def _sets(
        self, own: np.ndarray, k: int, sums: _Sums, alone: np.ndarray, push: np.ndarray
    ) -> Iterator[np.ndarray]:
        """The best set of the tokens `own`, whose pushes of candidate k are alike; and the best token alone.

        `alone` [vocabulary]: what each token gains as a rule of its own.
        """
        if not len(own):
            return
        order = own[np.argsort(push[own], kind="stable")]
        n, expected, came = sums.n[order], sums.expected[order, k], sums.came[order, k]
        each = alone[order]
        best, chosen = -np.inf, order[:0]
        for size in range(1, min(LARGEST, len(order)) + 1):
            total = [_windows(x, size) for x in (n, expected, came, each)]
            merged, _ = _Sums(total[0], total[1][:, None], total[2][:, None]).gain()
            # Tokens whose pushes differ so much that they are stated more shortly as two rules are no set.
            alike = total[3] - merged[:, 0] <= self.separate * (size - 1) + 1e-9
            net = np.where(alike, merged[:, 0] - self.token_price * size, -np.inf)
            at = int(net.argmax())
            if net[at] > best:
                best, chosen = float(net[at]), order[at : at + size]
        if len(chosen):
            yield chosen
        if len(chosen) > 1:
            yield order[[int(each.argmax())]]

    def _measured(self, patterns: tuple[Pattern, ...], k: int, p: np.ndarray, price: float) -> Found:
        """A rule's gain from the very contexts in which it fires."""
        when = tuple(sorted(patterns, key=str))
        one = TokenRule(when, (), tuple(float(i == k) for i in range(p.shape[1])))
        rows = one.rows(self.tokens)
        sums = _Sums(
            np.array([rows.sum()], float),
            np.array([[p[rows, k].sum()]]),
            np.array([[(self.labels[rows] == k).sum()]], float),
        )
        gain, push = sums.gain()
        one = TokenRule(when, (), tuple(float(push[0, 0]) * (i == k) for i in range(p.shape[1])))
        return Found(one, k, float(gain[0, 0]), float(gain[0, 0]) - price)


def _windows(x: np.ndarray, size: int) -> np.ndarray:
    """Sums of every `size` values in a row."""
    total = np.concatenate([[0.0], np.cumsum(x)])
    return total[size:] - total[:-size]


def _apart(found: Sequence[Found], count: int) -> list[Found]:
    """The first `count` that share no token in any place with a better one: these would be fitted once more."""
    chosen: list[Found] = []
    taken: set[int] = set()
    for one in found:
        ids = {i for pattern in one.rule.when for step in pattern.steps for i in step}
        if len(chosen) < count and not ids & taken:
            chosen.append(one)
            taken |= ids
    return chosen
