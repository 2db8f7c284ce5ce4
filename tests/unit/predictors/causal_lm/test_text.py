"""How contexts are put to a language model: texts, joins, shared beginnings."""

import numpy as np
import pytest

from handcraft.errors import UserError
from handcraft.predictors.causal_lm.text import build_questions, common_length, context_texts, count_changed

BYTES = [b"", b" a", "é".encode()[:1], "é".encode()[1:], "☃".encode()[1:2], "☃".encode()[2:], b"ive", b"s"]


def letters(texts: list[str]) -> list[list[int]]:
    """A tokenizer of single characters."""
    return [[ord(c) for c in text] for text in texts]


def merging(*merged: str):
    """A tokenizer of characters that takes the given strings as one token wherever they stand."""

    def encode(texts: list[str]) -> list[list[int]]:
        rows = []
        for text in texts:
            row, i = [], 0
            while i < len(text):
                m = next((m for m in merged if text.startswith(m, i)), text[i])
                row.append(1000 + merged.index(m) if m in merged else ord(m))
                i += len(m)
            rows.append(row)
        return rows

    return encode


def test_text_is_the_decoded_window_also_inside_a_word():
    assert context_texts(np.array([[6, 7, 1]], np.uint16), BYTES) == (["ives a"], 0)


def test_the_rest_of_a_character_at_the_beginning_is_dropped_and_counted():
    tokens = np.array([[3, 1, 7], [5, 1, 7], [4, 5, 1], [2, 3, 1]], np.uint16)
    assert context_texts(tokens, BYTES) == ([" as", " as", " a", "é a"], 3)


def test_no_token_spans_the_join():
    (q,) = build_questions(["ab"], [" x", " yz"], letters, [7])
    assert q.shared == (7, ord("a"), ord("b"))
    assert q.endings == ((32, ord("x")), (32, ord("y"), ord("z")))
    assert not q.spans


def test_a_token_spans_the_join_of_one_candidate():
    (q,) = build_questions(["ab"], [" x", " y"], merging("b x"), [7])
    # All candidates are scored from before the "b", also the one that leaves it alone.
    assert q.shared == (7, ord("a"))
    assert q.endings == ((1000,), (ord("b"), 32, ord("y")))
    assert q.spans


def test_a_candidate_may_begin_with_another():
    (q,) = build_questions(["ab"], [" x", " xy"], letters, [7])
    assert q.endings == ((32, ord("x")), (32, ord("x"), ord("y")))


def test_prefix_stands_before_every_context():
    (q,) = build_questions(["ab"], [" x", " y"], letters, [], prefix="P:")
    assert q.shared == tuple(map(ord, "P:ab"))


def test_questions_do_not_depend_on_the_chunks(monkeypatch):
    texts = [f"text {i}" for i in range(11)]
    whole = list(build_questions(texts, [" x", " y"], letters, [7]))
    monkeypatch.setattr("handcraft.predictors.causal_lm.text.CHUNK", 3)
    assert list(build_questions(texts, [" x", " y"], letters, [7])) == whole


def test_candidate_without_tokens_is_refused():
    def stripping(texts: list[str]) -> list[list[int]]:
        return letters([t.rstrip() for t in texts])

    with pytest.raises(UserError, match="makes nothing of the candidate ' '"):
        list(build_questions(["ab"], [" ", " x"], stripping, [7]))


def test_candidates_that_the_tokenizer_makes_the_same_are_refused():
    def lower(texts: list[str]) -> list[list[int]]:
        return letters([t.lower() for t in texts])

    with pytest.raises(UserError, match="cannot tell ' So' from ' so'"):
        list(build_questions(["ab"], [" so", " So"], lower, [7]))


def test_nothing_before_the_first_token_is_refused():
    with pytest.raises(UserError, match="no BOS"):
        list(build_questions([""], [" x", " y"], letters, []))


def test_changed_texts_are_counted_leading_spaces_aside():
    def lower(texts: list[str]) -> list[list[int]]:
        return letters([" " + t.lower() for t in texts])

    def decode(rows: list[list[int]]) -> list[str]:
        return ["".join(map(chr, row)) for row in rows]

    assert count_changed(["abc", "Abc", " abc"], lower, decode) == 1


def test_common_length():
    assert common_length([1, 2, 3], [1, 2]) == 2
    assert common_length([1, 2, 3], [1, 4, 3]) == 1
    assert common_length([], [1]) == 0
