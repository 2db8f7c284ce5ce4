"""The labelling page as a file: the same bytes again, nothing remote, every text inert. What it does: tests/browser."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from handcraft.config.corpus import Corpus
from handcraft.errors import UserError
from handcraft.files import read_json, write_csv
from tests.helpers.html import Elements
from tests.helpers.labelling import HOSTILE, LabellingPage


@pytest.fixture
def made(tmp_path: Path, small_tokenizer: Path) -> LabellingPage:
    return LabellingPage(tmp_path, small_tokenizer)


def test_two_builds_are_byte_identical(made: LabellingPage) -> None:
    first = made.build().read_bytes()
    assert made.build("again").read_bytes() == first


def test_the_data_are_one_inert_block_that_says_everything(made: LabellingPage) -> None:
    found = Elements(made.build().read_text())
    assert [a.get("type") for tag, a in found.tags if tag == "script"] == ["application/json", None]
    data = json.loads(found.scripts[0])
    drawn = read_json(made.folder / "sample.json")
    for name, given in data["sets"].items():
        assert [item["context"] for item in given["items"]] == drawn[name]["contexts"]
        assert drawn[name]["checksum"].startswith(given["checksum"])
        assert [data["candidates"][k] for k in given["key"]] == made.truth(name)
        assert len(given["intervals"]) == len(given["items"]) + 1
        assert [row["title"] for row in given["scores"]] == ["Noisy", HOSTILE]
    texts = {item["text"] for given in data["sets"].values() for item in given["items"]}
    assert any("</script>" in text for text in texts)
    assert not any("\u202e" in text or "\x00" in text for text in texts)


def test_practice_items_are_three_of_other_stories_and_words(made: LabellingPage) -> None:
    data = json.loads(Elements(made.build().read_text()).scripts[0])
    assert [set(item) for item in data["practice"]] == [{"text", "answer"}] * 3
    assert len({item["answer"] for item in data["practice"]}) == 3


def test_nothing_is_loaded_and_only_the_stated_script_may_run(made: LabellingPage) -> None:
    text = made.build().read_text()
    found = Elements(text)
    addresses = [v for _, a in found.tags for k, v in a.items() if k in ("src", "href", "action", "srcset")]
    assert addresses == ["data:,"]
    assert "://" not in text
    assert not [a for _, a in found.tags if any(k.startswith("on") or k == "style" for k in a)]
    policy = next(a["content"] for _, a in found.tags if a.get("http-equiv") == "Content-Security-Policy")
    for kind, content in (("style", found.styles[0]), ("script", found.scripts[1])):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in str(policy)
    assert "default-src 'none'" in str(policy)


def test_hostile_titles_are_text(made: LabellingPage) -> None:
    text = made.build(title=HOSTILE, corpus=Corpus(name="made-up", title=HOSTILE)).read_text()
    assert len(re.findall(r"<script", text)) == 2
    assert "&lt;/script&gt;" in text


def test_scores_of_another_sample_are_refused(made: LabellingPage) -> None:
    made.build()
    write_csv(made.folder / "sample.csv", [{"sample": "natural", "title": "x", "correct": 1, "n": 7}])
    with pytest.raises(UserError, match="scores of another sample") as caught:
        made.build(scored=True)
    assert caught.value.where.endswith("sample.csv")
