"""The graph of the rules: every rule stands in it, arrows lead from room to room beside the boxes, and bytes repeat."""

from pathlib import Path

from handcraft.figures.pipeline import plot_pipeline

COUNTS = {"retrieve_corpus": 1, "train_tokenizer": 1, "build_contexts": 10}
ROOMS = {"retrieve_corpus": "corpus", "train_tokenizer": "tokenizer", "build_contexts": "contexts"}
EDGES = {("retrieve_corpus", "train_tokenizer"), ("train_tokenizer", "build_contexts")}


def _drawn(path: Path, edges: set[tuple[str, str]], counts: dict[str, int] = COUNTS) -> str:
    plot_pipeline(counts, edges, rooms=ROOMS, output=path)
    return path.read_text(encoding="utf-8")


def test_arrows_lead_from_room_to_room_and_bytes_repeat(tmp_path: Path) -> None:
    plain = _drawn(tmp_path / "a.svg", EDGES)
    assert _drawn(tmp_path / "b.svg", EDGES) == plain
    more = _drawn(tmp_path / "c.svg", EDGES | {("retrieve_corpus", "build_contexts")})
    assert more.count("<path") > plain.count("<path")
    within = {("train_tokenizer", "write_tokens")}
    base = {("retrieve_corpus", "write_tokens")}
    rooms, counts = ROOMS | {"write_tokens": "tokenizer"}, COUNTS | {"write_tokens": 3}
    for name, edges in (("d.svg", EDGES | base), ("e.svg", EDGES | base | within)):
        plot_pipeline(counts, edges, rooms=rooms, output=tmp_path / name)
    assert (tmp_path / "d.svg").read_bytes() == (tmp_path / "e.svg").read_bytes()


def test_every_rule_stands_in_it_and_a_rule_of_no_room_does_not(tmp_path: Path) -> None:
    plain = _drawn(tmp_path / "a.svg", EDGES)
    assert _drawn(tmp_path / "b.svg", EDGES, COUNTS | {"stray": 1}) == plain
    assert _drawn(tmp_path / "c.svg", EDGES, COUNTS | {"build_contexts": 1}) != plain
