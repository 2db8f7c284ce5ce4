"""The wording that follows from findings, case by case."""

import pytest

from handcraft.report.sentences import by_verdict, compared, tile_in_post, tile_weights, tiles_in_short


@pytest.mark.parametrize(
    ("better", "worse", "level", "text"),
    [
        (["a"], [], [], "**better** than LM on a"),
        (
            ["a"],
            ["b"],
            ["c", "d"],
            "**better** than LM on a; **worse** on b; **not detectably different** on c and d",
        ),
        ([], [], ["c"], "**not detectably different** from LM on c"),
        ([], [], [], ""),
    ],
)
def test_a_comparison_names_the_other_once(
    better: list[str], worse: list[str], level: list[str], text: str
) -> None:
    assert compared({"better": better, "worse": worse, "level": level}, "LM") == text


def test_titles_are_escaped() -> None:
    assert "<b>" not in compared({"better": ["<b>"], "worse": [], "level": []}, "<b>")


def test_each_verdict_with_groups_has_its_sentence() -> None:
    wording = {"worse": "Worse in {}.", "better": "Better than {other} in {}."}
    assert by_verdict({"better": ["a", "b"], "worse": [], "level": ["c"]}, "LM", **wording) == (
        "Better than LM in a and b."
    )
    assert by_verdict({"better": ["a"], "worse": ["b"]}, "LM", **wording) == (
        "Worse in b. Better than LM in a."
    )
    assert by_verdict({"better": [], "worse": []}, **wording) == ""
    assert "<b>" not in by_verdict({"better": ["<b>"], "worse": []}, "<b>", **wording)


TILE = {"token": "w", "word": "so", "weight": "2", "against": "", "published_word": ""}
VOTE = "“w” in the last position speaks most for “so”"


@pytest.mark.parametrize(
    ("change", "weights", "post", "short"),
    [
        ({}, "“w” as the last token speaks most for “so” (2 nats)", "", VOTE),
        (
            {"against": "or"},
            "“w” as the last token speaks most for “so” (2 nats) and most against “or”",
            "",
            VOTE,
        ),
        ({"published_word": "so"}, None, "The post's picture shows the same.", f"{VOTE}, as in the post"),
        (
            {"published_word": "but"},
            None,
            "The post's picture has “but” instead.",
            f"{VOTE}, not as in the post",
        ),
        (
            {"word": "", "published_word": "but"},
            "The penalty left “w” no weight in the last position",
            "",
            "The last position's weights of the post's tokens are all zero",
        ),
    ],
)
def test_a_tile_says_what_it_shows(change: dict, weights: str | None, post: str, short: str) -> None:
    tile = TILE | change
    if weights:
        assert tile_weights(tile) == weights
    assert tile_in_post(tile, planted=False) == post
    assert tiles_in_short([tile], planted=False) == short


def test_a_planted_corpus_is_not_compared_with_the_post() -> None:
    tile = TILE | {"published_word": "but"}
    assert tile_in_post(tile, planted=True) == "The post has “but” here, on other stories: not comparable."
    assert "post" not in tiles_in_short([tile], planted=True)
    assert tiles_in_short([tile, tile | {"word": ""}, tile | {"token": "v"}], planted=True) == (
        "“w” in the last position speaks most for “so”, and “v” in the last position speaks most for “so”"
    )
