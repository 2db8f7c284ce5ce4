"""The explorer in a browser, from disk: search, tiles, similar tokens, a sentence, links, and text that stays text."""

import json
import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from handcraft.analysis.influence import read_influence
from handcraft.contexts.read import read_contexts
from handcraft.corpus.planted import stories
from handcraft.explorer.explain import explain_text, format_explanation
from handcraft.explorer.page import BEGIN, END, About, GroupFiles, build_explorer
from handcraft.explorer.similar import similar_tokens
from handcraft.files import read_tensors
from handcraft.math import centred, context_losses, log_softmax
from handcraft.predictors.linear.predict import linear_logits
from handcraft.report.fill import fill_report
from handcraft.report.render import render_html
from handcraft.tokenizer.tokens import Vocabulary, load_tokenizer, show_token
from tests.helpers.artifacts import tokenizer_file
from tests.helpers.chromium import Page
from tests.helpers.explorer import LENGTH, WORDS, ExplorerFiles
from tests.helpers.synthetic import GROUPS, HOSTILE, make_results, metadata
from tests.workflow.conftest import Checkout

LIKE = 0.2
SENTENCE = "The cat and the dog sat in the day, but the sun was hot. "
TILES = """[...document.querySelectorAll('#ex-tiles .ex-tile')]
  .map((tile) => [tile.querySelector('.ex-value').innerText, Number(tile.dataset.raw)])"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, small_tokenizer: Path) -> ExplorerFiles:
    files = ExplorerFiles(tmp_path_factory.mktemp("explorer"), small_tokenizer)
    files.build()
    return files


@pytest.fixture
def explorer(browser: Page, made: ExplorerFiles) -> Page:
    browser.call(
        "Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0
    )
    browser.open(made.folder / "index.html")
    return browser


def clean(browser: Page) -> None:
    assert browser.errors == []
    assert [r for r in browser.requests if not r.startswith(("file:", "data:", "about:"))] == []


def weights(made: ExplorerFiles, group: str = "first") -> np.ndarray:
    return read_tensors(made.at(group, "weights"))["weight"]


def shown_tiles(browser: Page) -> tuple[list[float], list[float]]:
    centred_, raw = zip(*browser.evaluate(TILES), strict=True)
    return [float(x.replace("−", "-")) for x in centred_], list(raw)


CONTEXTS = """[...document.querySelectorAll('#ex-contexts li')]
  .map((one) => [...one.querySelectorAll('.ex-token')].map((token) => token.innerText).join(''))"""


def choose(browser: Page, field: str, value: object) -> None:
    at = f"document.getElementById('ex-{field}')"
    browser.evaluate(f"{at}.value = {json.dumps(value)}; {at}.dispatchEvent(new Event('change'))")


def search(browser: Page, text: str) -> None:
    browser.evaluate("document.getElementById('ex-search').focus()")
    browser.type(text)


def state(browser: Page) -> dict:
    return dict(browser.evaluate("explorer.state()"))


def test_from_a_search_to_the_weights_a_similar_token_a_sentence_and_back_by_the_link(
    explorer: Page, made: ExplorerFiles
) -> None:
    tokenizer = load_tokenizer(made.tokenizer)
    pieces = Vocabulary.of(tokenizer).pieces
    weight = weights(made)
    (the,) = tokenizer.encode(" the").ids
    assert explorer.evaluate("explorer.opened()") == ["first"], "the other group is not read yet"

    search(explorer, " the")
    assert explorer.text("ex-found").startswith("␣the")
    explorer.press("ArrowDown")
    explorer.press("Enter")
    explorer.wait(f"explorer.state().token === {the}")
    choose(explorer, "position", 11)
    explorer.wait("explorer.state().position === 11")
    assert explorer.text("ex-token-title") == "“␣the” in position −5"
    told, raw = shown_tiles(explorer)
    assert raw == pytest.approx(weight[11, the].tolist(), abs=1e-6)
    assert told == pytest.approx(centred(weight[11, the]).tolist(), abs=0.0051)
    support = read_tensors(made.at("first", "support"))["support"]
    assert f"in {support[11, the]} of 400 training contexts" in explorer.text("ex-tell")
    seen = explorer.evaluate(
        "[...document.querySelectorAll('#ex-strip tbody tr')].map((r) => r.cells[1].innerText)"
    )
    assert [int(x) for x in seen] == support[::-1, the].tolist(), "beside every weight, how often it was seen"

    tokens, others, likeness = similar_tokens(centred(weight), support)
    row = tokens.tolist().index(the)
    listed = explorer.evaluate(
        "[...document.querySelectorAll('#ex-similar .ex-token')].map((t) => t.innerText)"
    )
    assert listed == [show_token(pieces[i]) for i in others[row][likeness[row] >= LIKE]]
    explorer.evaluate("document.querySelector('#ex-similar button').click()")
    explorer.wait(f"explorer.state().token === {others[row, 0]}")
    assert explorer.focused() == "ex-token-title"
    explorer.evaluate("history.back()")
    explorer.wait(f"explorer.state().token === {the}")
    explorer.evaluate("history.forward()")
    explorer.wait(f"explorer.state().token === {others[row, 0]}")

    explorer.evaluate("document.getElementById('ex-text').select()")
    explorer.evaluate("document.getElementById('ex-text').focus()")
    explorer.press("Backspace")
    explorer.call("Input.insertText", text=SENTENCE)
    explorer.wait(f"explorer.state().text === {json.dumps(SENTENCE)}")
    expected = explain_text(
        made.at("first", "weights"), made.at("first", "support"), made.tokenizer, SENTENCE
    )
    assert explorer.evaluate("explorer.logits(explorer.state().text)") == pytest.approx(
        expected.logits.tolist(), abs=0.01
    )
    best = int(expected.probabilities.argmax())
    assert f"The model says “{WORDS[best].strip()}”" in explorer.text("ex-answer")
    chips = explorer.evaluate("[...document.querySelectorAll('#ex-words .ex-push')].map((p) => p.innerText)")
    pushes = ["·" if not row.any() else f"{row[best]:+.2f}".replace("-", "−") for row in expected.push]
    assert chips == pushes
    counts = explorer.evaluate("[...document.querySelectorAll('#ex-words .ex-seen')].map((p) => p.innerText)")
    assert counts == [f"{n}×" for n in expected.support]

    before = state(explorer)
    address, title = explorer.evaluate("location.href"), explorer.text("ex-token-title")
    explorer.reload()
    assert state(explorer) == before
    assert (explorer.text("ex-token-title"), explorer.evaluate("location.href")) == (title, address)
    clean(explorer)


def test_another_group_is_read_when_it_is_chosen(explorer: Page, made: ExplorerFiles) -> None:
    choose(explorer, "group", "second")
    explorer.wait("explorer.state().group === 'second'")
    assert explorer.evaluate("explorer.opened()") == ["first", "second"]
    now = state(explorer)
    assert shown_tiles(explorer)[1] == pytest.approx(
        weights(made, "second")[now["position"], now["token"]].tolist()
    )
    explorer.evaluate("history.back()")
    explorer.wait("explorer.state().group === 'first'")
    clean(explorer)


def test_a_link_that_names_nothing_is_said_and_an_anchor_of_the_report_is_left_alone(
    explorer: Page, made: ExplorerFiles
) -> None:
    explorer.evaluate("location.hash = 'group=nowhere&token=not%20a%20token&position=99'")
    explorer.wait("!document.getElementById('ex-notice').hidden")
    assert "“not a token” is not a single token" in explorer.text("ex-notice")
    assert state(explorer)["group"] == "first"
    explorer.evaluate("location.hash = 'group=second&token=7'")
    explorer.wait("explorer.state().group === 'second'")
    explorer.evaluate("location.hash = 'sec-weights'")
    explorer.evaluate("new Promise((done) => setTimeout(done, 50))")
    assert (state(explorer)["group"], state(explorer)["token"]) == ("second", 7)
    clean(explorer)


def test_text_of_the_corpus_is_text_and_nothing_leaves(explorer: Page, made: ExplorerFiles) -> None:
    hostile = '</script><img src=x onerror="hacked=1"> {{ x }} \'"`&lt;'
    said = f"{{group: 'first', token: {json.dumps(hostile)}, text: {json.dumps(hostile)}}}"
    explorer.evaluate(f"location.hash = new URLSearchParams({said})")
    explorer.wait("!document.getElementById('ex-notice').hidden")
    assert hostile in explorer.text("ex-notice")
    pieces = explorer.evaluate(
        "[...document.querySelectorAll('#ex-words .ex-token')].map((t) => t.innerText).join('')"
    )
    assert pieces == hostile[-len(pieces) :].replace(" ", "␣")
    shown = explorer.text("ex-contexts")
    assert "<" in shown
    assert "␀" in shown
    assert "\u202e" not in shown
    assert explorer.evaluate("typeof hacked") == "undefined"
    assert explorer.evaluate("document.images.length") == 0
    clean(explorer)


def test_in_the_report_a_hostile_corpus_is_text_too(browser: Page, tmp_path: Path, root: Path) -> None:
    results = make_results(tmp_path, rich=False)
    names = ("weights.safetensors", "support.safetensors", "resampling.safetensors")
    files = {}
    for group in GROUPS:
        weights_, support, resampling = (results / "linear" / group / name for name in names)
        influence = results / "evaluation" / group / "influence.parquet"
        held_out = results / "contexts" / group / "validation.safetensors"
        files[group] = GroupFiles(weights_, support, influence, held_out, resampling)
    page = results / "explorer" / "index.html"
    tokenizer = results / "tokenizer" / "tokenizer.json"
    titles = [HOSTILE, *list(GROUPS)[1:]]
    build_explorer(
        files, tokenizer, titles=titles, about=About(HOSTILE, HOSTILE, sentence=HOSTILE), output=page
    )
    fill_report(results, root / "report", output=tmp_path / "source", metadata=metadata(title=HOSTILE))
    render_html(tmp_path / "source", output=tmp_path / "index.html", renderer="pandoc", explorer=page)
    vocabulary = Vocabulary.read(tokenizer)
    tokens = np.resize(vocabulary.encode(HOSTILE), (5, LENGTH))[0]
    expected = "".join(map(vocabulary.show, tokens))
    for opened in (page, tmp_path / "index.html"):
        browser.open(opened)
        browser.evaluate(f"location.hash = 'group=conjunctions&position=14&token={tokens[14]}'")
        browser.wait("explorer.state().position === 14")
        assert browser.evaluate("document.querySelector('option').text") == HOSTILE
        shown = browser.evaluate(CONTEXTS)
        assert expected in shown
        assert browser.evaluate("document.querySelectorAll('img[src=x], [onerror]').length") == 0
        clean(browser)


def test_the_report_of_a_build_has_it_and_its_logits_are_the_models(
    browser: Page, finished: Checkout
) -> None:
    results = finished.path / "results"
    group = results / "linear" / "conjunctions"
    files = (
        group / "weights.safetensors",
        group / "support.safetensors",
        results / "tokenizer" / "tokenizer.json",
    )
    text = "Tom wanted to play with the kite,"
    expected = explain_text(*files, text)
    part = (results / "explorer" / "index.html").read_text()
    part = part[part.index(BEGIN) + len(BEGIN) : part.index(END)]
    assert part in (results / "report" / "index.html").read_text()
    for page in ("explorer", "report"):
        browser.open(results / page / "index.html")
        assert browser.evaluate(f"explorer.logits({json.dumps(text)})") == pytest.approx(
            expected.logits, abs=0.01
        )
        now = state(browser)
        weight = read_tensors(files[0])["weight"][now["position"], now["token"]]
        assert shown_tiles(browser)[1] == pytest.approx(weight.tolist(), abs=1e-6)
        clean(browser)


HOSTILE_TEXTS = [
    "", " ", "\x00", "a\x00b\x1f\x7f", "😀👩‍👩‍👧‍👦🏳️‍🌈 ok", "e\u0301 a\u0308\u0323 n\u0303o",
    "שלום עולם", "مرحبا \u202eright\u202c", "x" * 20000, "ab" * 3000 + "'s", "don't we've I'M they'll'd",
    "tab\tnl\n\r\n  end  ", "\ufeff\u00a0\u0085\u2028\u3000x", "<|endoftext|> </script> {{ x }}",
    "１２ ⅷ ² ½ ٣", "ǅ \ua7ce \u0c5c's \U000323af's \U00016ea0x", "𝒜𝓁 𠀀𠀁", "''''s '' 's", "_-_—–…",
]  # fmt: skip


def encoded(browser: Page, texts: list[str]) -> list[list[int]]:
    found: list[list[int]] = []
    for i in range(0, len(texts), 200):
        found += browser.evaluate(f"{json.dumps(texts[i : i + 200])}.map(explorer.encode)")
    return found


def test_the_pages_tokenizer_is_the_librarys(browser: Page, tmp_path: Path) -> None:
    texts = list(stories(3, 2000))
    made = ExplorerFiles(tmp_path, tokenizer_file(tmp_path / "tokenizer.json", texts, 600), groups=("one",))
    browser.open(made.build())
    tokenizer = load_tokenizer(made.tokenizer)
    asked = HOSTILE_TEXTS + texts
    found = encoded(browser, asked)
    expected = [e.ids for e in tokenizer.encode_batch(asked, add_special_tokens=False)]
    assert [t[:80] for t, a, b in zip(asked, found, expected, strict=True) if a != b] == []


@pytest.mark.shared
def test_the_pages_tokenizer_is_the_librarys_on_real_stories(
    browser: Page, tmp_path: Path, tinystories: Path
) -> None:
    texts = (tinystories / "TinyStories-sample-valid.txt").read_text(encoding="utf-8").split("<|endoftext|>")
    made = ExplorerFiles(tmp_path, tokenizer_file(tmp_path / "tokenizer.json", texts, 1024), groups=("one",))
    browser.open(made.build())
    expected = [e.ids for e in load_tokenizer(made.tokenizer).encode_batch(texts, add_special_tokens=False)]
    assert len(texts) > 1000
    assert encoded(browser, texts) == expected


def test_it_fits_a_phone_and_is_readable_in_the_dark(explorer: Page, made: ExplorerFiles) -> None:
    explorer.evaluate("document.getElementById('ex-every').open = true")
    for pixels, dark in product((390, 1200), (False, True)):
        explorer.width(pixels, 844, dark)
        assert explorer.evaluate("document.documentElement.scrollWidth") <= pixels
        assert explorer.low_contrast() == []


def test_a_screen_reader_is_told_what_is_there(explorer: Page, made: ExplorerFiles) -> None:
    search(explorer, "the")
    nodes = explorer.call("Accessibility.getFullAXTree")["nodes"]
    told = [
        (n["role"]["value"], n.get("name", {}).get("value", ""))
        for n in nodes
        if not n["ignored"] and "role" in n
    ]
    assert ("combobox", "Token") in told
    assert any(role == "option" and name.startswith("space the, seen there in") for role, name in told)
    assert all(
        name for role, name in told if role in ("button", "combobox", "option", "textbox", "radio", "link")
    )
    assert any(role == "button" and "seen in" in name and "training context" in name for role, name in told)
    explorer.press("Escape")
    assert explorer.evaluate("document.getElementById('ex-found').hidden")


def test_a_context_is_shown_with_what_its_tokens_did(explorer: Page, made: ExplorerFiles) -> None:
    asked = explorer.evaluate("document.querySelectorAll('#ex-contexts li').length")
    assert asked > 0
    explorer.evaluate("document.querySelector('#ex-contexts button').click()")
    explorer.wait("location.hash.includes('text=')")
    assert explorer.focused() == "ex-text"
    assert LENGTH >= explorer.evaluate("document.querySelectorAll('#ex-words button').length") > 0


def type_text(explorer: Page, text: str) -> None:
    said = {"group": "first", "text": text}
    explorer.evaluate(f"location.hash = new URLSearchParams({json.dumps(said)})")
    explorer.wait(f"explorer.state().text === {json.dumps(text)}")


def test_a_new_group_brings_its_own_example_and_its_foremost_input(
    explorer: Page, made: ExplorerFiles
) -> None:
    type_text(explorer, "mine")
    choose(explorer, "group", "second")
    explorer.wait("explorer.state().group === 'second'")
    now, effect = state(explorer), read_influence(made.at("second", "influence"))
    best = int(effect.loss_added.argmax())
    assert (now["position"], now["token"]) == (effect.position[best], effect.token[best])
    assert now["text"] != "mine"
    assert now["text"].strip()


def test_an_example_is_taken_as_the_sentence(explorer: Page) -> None:
    type_text(explorer, "mine")
    shown = explorer.evaluate(
        "[...document.querySelectorAll('#ex-examples button')].map((b) => b.textContent)"
    )
    assert len(shown) > 1
    explorer.evaluate("document.querySelectorAll('#ex-examples button')[1].focus()")
    explorer.press("Enter")
    explorer.wait("explorer.state().text !== 'mine'")
    assert state(explorer)["text"].strip() == shown[1].removeprefix("… ")
    assert explorer.focused() == "ex-text"


def test_a_space_at_the_end_changes_nothing_and_is_said(explorer: Page, made: ExplorerFiles) -> None:
    type_text(explorer, "The cat and the dog")
    plain = explorer.evaluate("explorer.logits(explorer.state().text)")
    assert "space at the end" not in explorer.text("ex-answer")
    type_text(explorer, "The cat and the dog ")
    assert explorer.evaluate("explorer.logits(explorer.state().text)") == plain
    assert "The space at the end was left out" in explorer.text("ex-answer")
    files = (made.at("first", "weights"), made.at("first", "support"), made.tokenizer)
    found = explain_text(*files, "The cat and the dog ")
    assert found.logits.tolist() == explain_text(*files, "The cat and the dog").logits.tolist()
    assert "The space at the end was left out" in format_explanation(found)


def test_a_short_sentence_is_said_to_be_less_sure(explorer: Page) -> None:
    type_text(explorer, "The cat")
    assert "less sure" in explorer.text("ex-answer")
    assert explorer.evaluate("document.getElementById('ex-scores').classList.contains('ex-unsure')")
    type_text(explorer, SENTENCE * 3)
    assert "less sure" not in explorer.text("ex-answer")
    assert not explorer.evaluate("document.getElementById('ex-scores').classList.contains('ex-unsure')")


def test_a_word_is_replaced_and_the_answer_moves(explorer: Page, made: ExplorerFiles) -> None:
    type_text(explorer, "The cat and the dog sat in the day")
    explorer.evaluate(
        "[...document.querySelectorAll('#ex-words button')].findLast((b) => b.innerText.startsWith('␣')).click()"
    )
    explorer.wait("!document.getElementById('ex-replace-label').hidden")
    before = explorer.text("ex-scores")
    old = explorer.evaluate("document.getElementById('ex-replace').value")
    explorer.evaluate("document.getElementById('ex-replace').focus()")
    explorer.evaluate("document.getElementById('ex-replace').select()")
    explorer.call("Input.insertText", text="the")
    explorer.wait("explorer.state().text !== 'The cat and the dog sat in the day'")
    text = state(explorer)["text"]
    assert text.startswith("The cat and the dog sat in")
    assert text.count(" the") == 3 - old.startswith(" the")
    expected = explain_text(made.at("first", "weights"), made.at("first", "support"), made.tokenizer, text)
    assert explorer.evaluate("explorer.logits(explorer.state().text)") == pytest.approx(
        expected.logits.tolist(), abs=0.01
    )
    assert explorer.text("ex-scores") != before
    assert explorer.focused() == "ex-replace"


def test_contexts_go_from_help_to_harm_and_can_be_filtered(explorer: Page, made: ExplorerFiles) -> None:
    worths = "[...document.querySelectorAll('#ex-contexts .ex-said')].map((s) => s.textContent)"
    told = explorer.evaluate(worths)
    numbers = [float(re.findall(r": ([+−]?[\d.]+) nats", t)[0].replace("−", "-")) for t in told]
    assert numbers == sorted(numbers, reverse=True)
    now, asked = state(explorer), read_contexts(made.at("first", "validation"))
    tensors = read_tensors(made.at("first", "weights"))
    acts = asked.tokens[:, now["position"]] == now["token"]
    own = linear_logits(tensors["weight"], tensors["bias"], asked.tokens[acts])
    less = own - tensors["weight"][now["position"], now["token"]]
    labels = asked.labels[acts]
    worth = context_losses(log_softmax(less), labels) - context_losses(log_softmax(own), labels)
    assert numbers[0] <= worth.max() + 0.001
    assert numbers[-1] >= worth.min() - 0.001
    assert all(np.abs(worth - n).min() < 0.001 for n in numbers)
    for value, wanted in (("wrong", own.argmax(1) != labels), ("1", labels == 1)):
        choose(explorer, "filter", value)
        shown = explorer.evaluate(worths)
        assert bool(shown) == bool(wanted.any())
        if value == "1":
            assert all(t.startswith(WORDS[1].strip()) for t in shown)
        else:
            assert all("(" in t for t in shown)


def test_contexts_say_what_other_predictors_answer(explorer: Page, made: ExplorerFiles) -> None:
    told = explorer.evaluate(
        "[...document.querySelectorAll('#ex-contexts .ex-said')].map((s) => s.textContent)"
    )
    network = read_tensors(made.at("first", "network"))["nonlinear"]
    lm = read_tensors(made.at("first", "lm"))
    said = [{f"{WORDS[row.argmax()].strip()} {round(100 * np.exp(row.max()))}%" for row in values}
            for values in (network, lm["validation"])]  # fmt: skip
    assert told
    for text in told:
        assert re.search(r"Others say: non-linear: (\w+ \d+%)", text)[1] in said[0]
    asked = [re.search(r"; Lm .*?, as it is: (\w+ \d+%)\. ", text) for text in told]
    assert all(found[1] in said[1] for found in asked if found)
    choose(explorer, "filter", "other")
    now, contexts = state(explorer), read_contexts(made.at("first", "validation"))
    tensors = read_tensors(made.at("first", "weights"))
    acts = contexts.tokens[:, now["position"]] == now["token"]
    wrong = linear_logits(tensors["weight"], tensors["bias"], contexts.tokens).argmax(1) != contexts.labels
    right = network.argmax(1) == contexts.labels
    right[lm["validation_rows"]] |= lm["validation"].argmax(1) == contexts.labels[lm["validation_rows"]]
    shown = explorer.evaluate("document.querySelectorAll('#ex-contexts .ex-said').length")
    assert bool(shown) == bool((acts & wrong & right).any())
    assert shown <= (acts & wrong & right).sum()


def test_a_link_to_the_view_is_copied_or_put_into_the_address(explorer: Page) -> None:
    type_text(explorer, "The cat and")
    explorer.evaluate("document.getElementById('ex-copy').click()")
    explorer.wait("document.getElementById('ex-copied').textContent !== ''")
    said = explorer.text("ex-copied")
    assert said in ("Copied.", "The link is in the address bar.")
    assert "text=The+cat+and" in explorer.evaluate("location.href")


def test_a_search_that_finds_nothing_says_so(explorer: Page) -> None:
    search(explorer, "qqqq")
    assert "No token has “qqqq” in it." in explorer.text("ex-none-found")
    explorer.press("Escape")
    assert explorer.text("ex-none-found") == ""


def test_similar_tokens_show_their_tiles_here(explorer: Page, made: ExplorerFiles) -> None:
    search(explorer, " the")
    explorer.press("Enter")
    explorer.wait("document.querySelectorAll('#ex-similar li').length > 0")
    now, weight = state(explorer), weights(made)
    tiles = explorer.evaluate(
        "[...document.querySelector('#ex-similar li').querySelectorAll('.ex-small-tile')].map((t) => t.textContent)"
    )
    tokens, others, _ = similar_tokens(centred(weight), read_tensors(made.at("first", "support"))["support"])
    first = others[tokens.tolist().index(now["token"]), 0]
    row = centred(weight[now["position"], first])
    wanted = ["·"] * 3 if not row.any() else [f"{x:+.1f}".replace("-", "−") for x in row]
    assert tiles == wanted


def test_a_dot_of_the_map_opens_its_weight(explorer: Page, made: ExplorerFiles) -> None:
    dots = explorer.evaluate("document.querySelectorAll('#ex-map circle').length")
    effect = read_influence(made.at("first", "influence"))
    assert dots == min(300, (effect.loss_added > 1e-5).sum())
    explorer.evaluate("document.querySelector('#ex-map circle').dispatchEvent(new Event('click'))")
    explorer.wait("document.activeElement.id === 'ex-token-title'")
    now = state(explorer)
    told = explorer.evaluate("document.querySelector('#ex-map circle title').textContent")
    vocabulary = Vocabulary.read(made.tokenizer)
    assert f"“{vocabulary.show(now['token'])}” in" in told


def test_without_excerpts_the_configs_sentence_is_the_example(browser: Page, made: ExplorerFiles) -> None:
    about = About("Which?", "Made up", excerpts=False, sentence="The cat and the dog")
    browser.open(made.build("bare", about=about))
    assert state(browser)["text"] == "The cat and the dog"
    assert browser.evaluate("document.querySelectorAll('#ex-examples button').length") == 1
    clean(browser)


def test_a_pair_is_listed_and_said_where_the_sentence_has_it(explorer: Page, made: ExplorerFiles) -> None:
    row = explorer.evaluate("[...document.querySelectorAll('#ex-pairs tbody td')].map((c) => c.textContent)")
    assert row == [WORDS[1].strip(), "+1.25", "77", "yes", WORDS[1].strip(), "+9.00", "77", "no"]
    type_text(explorer, "and the cat")
    assert explorer.text("ex-pair-here") == ""
    vocabulary = Vocabulary.read(made.tokenizer)
    (the,) = vocabulary.encode(" the")
    assert vocabulary.encode(" the the the") == [the] * 3
    type_text(explorer, "and the the the")
    assert f"+1.25 for “{WORDS[1].strip()}” beyond their votes" in explorer.text("ex-pair-here")
    # The sentence has the other pair too, which is not confirmed.
    assert "+9.00" not in explorer.text("ex-pair-here")
    explorer.evaluate("document.querySelector('#ex-pairs button').click()")
    explorer.wait(f"explorer.state().position === {LENGTH - 3}")
    assert state(explorer)["token"] == the
    assert "a story of its own" not in made.folder.joinpath("index.html").read_text()
