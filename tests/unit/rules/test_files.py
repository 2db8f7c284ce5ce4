"""Rule files as people write them: what they mean, and what each bad one is told, with its line."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from handcraft.corpus.planted.rule_files import planted_rule_files
from handcraft.corpus.planted.table import RULES
from handcraft.errors import UserError
from handcraft.rules.files import (
    Condition,
    Rule,
    RuleFile,
    Span,
    read_rules,
    rule_text,
    rules_schema,
    spelled,
    written,
)
from handcraft.rules.truth import truth_file
from handcraft.rules.write import extended, file_text
from tests.helpers.rules import read_few, rules_file

GOOD = "  - when: {token: was, position: -1}\n    push: {so: 1.5}\n    why: Because.\n"


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("was", " was"),
        ("+ing", "ing"),
        (",", ","),
        (" (", " ("),
        ("++", "+"),
        ("+", "+"),
        ("7", " 7"),
        ("élan", " élan"),
    ],
)
def test_a_word_has_its_space_and_all_else_is_as_it_stands(text: str, token: str) -> None:
    assert spelled(text) == token
    assert spelled(written(token)) == token


def test_a_file_is_read_as_it_stands(tmp_path: Path) -> None:
    path = rules_file(
        tmp_path,
        "  - when: {set: pets, position: -3 to -1}\n    and: {token: on}\n"
        '    unless:\n      - {sequence: [was, not], position: -1}\n      - {token: ","}\n'
        "    push: {and: 2, but: -0.5}\n    why: A reason.\n    example: a cat\n",
        "sets:\n  pets: [cat, dog]\n",
    )
    read, _ = read_rules(path)
    (rule,) = read.rules
    assert rule.when == Condition(members="pets", position=Span(-3, -1))
    assert rule.also == [Condition(token="on", position=Span())]
    assert [c.token for c in rule.unless] == [None, ","]
    assert rule.push == {"and": 2.0, "but": -0.5}
    assert not rule.proposed
    text = rule_text(rule, read.sets)
    assert text == 'one of {cat, dog} at -3 to -1, and on anywhere, unless was not at -1, unless "," anywhere'


def test_words_that_yaml_takes_for_true_or_false_stay_words(tmp_path: Path) -> None:
    read, _ = read_rules(rules_file(tmp_path, "  - when: {token: on}\n    push: {no: 1}\n    why: yes\n"))
    assert (read.rules[0].when.token, read.rules[0].push, read.rules[0].why) == ("on", {"no": 1.0}, "yes")


BAD = {
    "unknown key": (
        "  - wen: {token: was}\n    push: {so: 1}\n    why: x\n",
        ["line 4: unknown key 'wen'", "'when'"],
    ),
    "unknown key of a condition": (GOOD.replace("token", "tokn"), ["line 4: unknown key 'tokn'", "'token'"]),
    "a missing reason": ("  - when: {token: was}\n    push: {so: 1}\n", ["line 4: rules.why is missing"]),
    "two kinds": (
        GOOD.replace("token: was", "token: was, sequence: [was, not]"),
        ["line 4", "one of token, set"],
    ),
    "no position": (GOOD.replace("-1", "last"), ["line 4", "'last' is no position", "-8 to -1"]),
    "a position ahead": (GOOD.replace("-1", "1"), ["line 4", "'1' is no position"]),
    "a range from behind": (GOOD.replace("-1", "-1 to -8"), ["line 4", "the one further back"]),
    "no number": (GOOD.replace("1.5", "much"), ["line 5", "valid number"]),
    "no push": (GOOD.replace("1.5", "0"), ["line 5", "do nothing"]),
    "an infinite push": (GOOD.replace("1.5", ".inf"), ["line 5", "number"]),
    "no set": (GOOD.replace("token: was", "set: pet"), ["line 4: there is no set 'pet'", "'pets'"]),
    "an unused set": (GOOD, ["line 2: no rule uses the set 'pets'"]),
    "a key twice": (GOOD + "    why: Again.\n", ["line 7: 'why' stands twice"]),
    "a unit of one": (GOOD.replace("token: was", "sequence: [was]"), ["line 4", "at least 2 items"]),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_with_line_and_remedy(tmp_path: Path, name: str) -> None:
    rules, said = BAD[name]
    path = rules_file(tmp_path, rules, "sets: {pets: [cat, dog]}\n" if "set" in name else "# a comment\n")
    with pytest.raises(UserError) as refused:
        read_rules(path)
    for part in said:
        assert part in str(refused.value)
    assert refused.value.where == str(path)
    assert "docs/rules.md" in refused.value.remedy


def test_a_set_with_a_member_twice(tmp_path: Path) -> None:
    rules = GOOD.replace("token: was", "set: pets")
    path = rules_file(tmp_path, rules, 'sets:\n  pets:\n    - cat\n    - dog\n    - " cat"\n')
    with pytest.raises(UserError, match=r"line 6: the set 'pets' has ' cat' twice"):
        read_rules(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"by: x\nrules:\n  - when: {token: was\n", "as YAML"),
        (b"by: \xff\n", "not UTF-8"),
        (b"", "no `by` and `rules`"),
        (b"- 1\n", "no `by` and `rules`"),
        (b"by: x\nrules: []\n", "at least 1 item"),
        (b"by: *x\n", "a reference"),
        (b"by: " + b"[" * 40 + b"]" * 40, "blocks in each other"),
    ],
)
def test_what_is_no_rule_file_at_all(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "rules.yaml"
    path.write_bytes(content)
    with pytest.raises(UserError) as refused:
        read_rules(path)
    assert said in str(refused.value)
    assert str(path) in refused.value.where
    assert refused.value.remedy


NOT_FITTING = {
    "no token": (
        GOOD.replace("was", "purring"),
        ["line 4: 'purring' is not a single token", '" cat"', 'sequence: [cat, "+ing"]'],
    ),
    "no candidate": (GOOD.replace("so:", "soo:"), ["line 5: 'soo' is no candidate", "'so'"]),
    "outside the context": (GOOD.replace("-1", "-9"), ["line 4: position -9 is outside the context of 4"]),
    "a sequence that does not fit": (
        GOOD.replace("token: was, position: -1", "sequence: [was, not], position: -4"),
        ["line 4: the sequence does not fit"],
    ),
    "the same twice": (
        GOOD + GOOD.replace("so", "but"),
        ["line 7: this rule fires exactly where the rule in line 4"],
    ),
    "start without a candidate": (GOOD, ["line 2: start lacks so"]),
    "no token in a set": (GOOD.replace("token: was", "set: pets"), ["line 2: 'mouse' is not a single token"]),
}


@pytest.mark.parametrize("name", NOT_FITTING)
def test_a_file_that_does_not_fit_is_refused_with_line_and_remedy(tmp_path: Path, name: str) -> None:
    rules, said = NOT_FITTING[name]
    top = {
        "start without a candidate": "start: {and: 1, but: 0}\n",
        "no token in a set": "sets: {pets: [cat, mouse]}\n",
    }
    with pytest.raises(UserError) as refused:
        read_few(tmp_path, rules, top.get(name, "# a comment\n"))
    for part in said:
        assert part in str(refused.value)
    assert "docs/rules.md" in refused.value.remedy


def test_rules_with_the_same_conditions_in_another_order_are_the_same(tmp_path: Path) -> None:
    one = "  - when: {token: was}\n    and: {token: cat}\n    push: {so: 1}\n    why: x\n"
    other = "  - when: {token: cat}\n    and: {token: was}\n    push: {so: 2}\n    why: y\n"
    with pytest.raises(UserError, match="fires exactly where"):
        read_few(tmp_path, one + other)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    rule = Rule(
        when=Condition(token=","),
        also=[Condition(sequence=["did", "+n't"], position=Span(-4, -2)), Condition(members="no: 1")],
        unless=[Condition(token="no", position=Span(-1, -1))],
        push={"so": 0.1, " --": -2.0},
        why='It says "so": # not a comment\u2028.',
        example="\n a * b",
        proposed=True,
    )
    read = RuleFile(
        by="- me", start={"so": -1.25}, allow_unused=True, sets={"no: 1": ["off", " ["]}, rules=[rule]
    )
    path = tmp_path / "rules.yaml"
    path.write_text(file_text(read, "a\nb"), encoding="utf-8")
    assert read_rules(path)[0] == read


@pytest.mark.parametrize("top", ["", "sets:\n    pets: [cat]   # mine\n", "sets:\n  pets:\n    - cat\n"])
def test_rules_are_added_and_what_a_person_wrote_stays(tmp_path: Path, top: str) -> None:
    used = GOOD.replace("token: was", "set: pets") if top else GOOD
    path = rules_file(tmp_path, "  # my first rule\n" + used, top)
    before = path.read_text()
    more = Rule(when=Condition(members="cat or dog"), push={"but": 1}, why="Proposed.", proposed=True)
    text = extended(before, {"cat or dog": ["cat", "dog"]}, [more], str(path))
    path.write_text(text, encoding="utf-8")
    read, _ = read_rules(path)
    assert read.rules[-1] == more
    assert read.sets["cat or dog"] == ["cat", "dog"]
    assert len(read.rules) == 2
    assert [line for line in text.splitlines() if line in before.splitlines()] == before.splitlines()


def test_rules_in_one_line_are_not_added_to(tmp_path: Path) -> None:
    more = Rule(when=Condition(token="was"), push={"but": 1}, why="x")
    with pytest.raises(UserError, match="`rules` is written in one line"):
        extended("by: x\nrules: [{when: {token: was}, push: {so: 1}, why: x}]\n", {}, [more], "rules.yaml")


def test_schema_and_planted_files_are_up_to_date(root: Path) -> None:
    assert (root / "config" / "rules.schema.json").read_text() == rules_schema(), "run `make schema`"
    for path, text in planted_rule_files().items():
        assert (root / path).read_text(encoding="utf-8") == text, "run `make schema`"


def test_every_committed_file_fits_the_schema_and_can_be_read(root: Path) -> None:
    schema = json.loads(rules_schema())
    files = sorted((root / "human" / "rules").rglob("*.yaml"))
    assert {f.stem for f in files} >= set(RULES)
    for file in files:
        jsonschema.validate(yaml.safe_load(file.read_text(encoding="utf-8")), schema)
        read_rules(file)


@pytest.mark.parametrize(("group", "most"), [("conjunctions", 40), ("pronouns", 60)])
def test_the_rules_for_tinystories_are_few_and_say_how_they_were_written(
    root: Path, group: str, most: int
) -> None:
    read, _ = read_rules(root / "human" / "rules" / "tinystories-files" / f"{group}.yaml")
    assert len(read.rules) <= most
    assert "not blind" in read.by
    assert not any(rule.proposed for rule in read.rules)


@pytest.mark.parametrize("group", RULES)
def test_an_interaction_is_four_rules_and_the_noise_silences_all_others(group: str) -> None:
    planted = RULES[group]
    read = truth_file(planted, "x")
    noise = planted.noise is not None
    assert len(read.rules) == len(planted.linear) + 4 * len(planted.interactions) + noise
    assert sum(not rule.unless for rule in read.rules) == (1 if noise else len(read.rules))


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_file_in_another_layout_is_added_to(tmp_path: Path, ending: str) -> None:
    lines = ["rules:", "- when: {token: was}", "  push: {so: 1}", "  why: x", "", "by: me"]
    text = ending.join(lines)
    more = Rule(when=Condition(members="cat or dog"), push={"but": 1}, why="y")
    path = tmp_path / "rules.yaml"
    path.write_bytes(extended(text, {"cat or dog": ["cat", "dog"]}, [more], "x").encode())
    read, _ = read_rules(path)
    assert (read.by, len(read.rules), read.rules[1], read.sets["cat or dog"]) == (
        "me",
        2,
        more,
        ["cat", "dog"],
    )
