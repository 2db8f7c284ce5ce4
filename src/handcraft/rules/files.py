"""People's rule files, `human/rules/<corpus>/<group>.yaml`: when tokens stand somewhere, then push candidates.

A text is a token. One that begins with a letter or digit is written without the space that belongs to it: `was` is
the token " was". Anything else is taken exactly as it stands, `","` or `" ("`, and a `+` in front says that there is
no space: `+ing`. docs/rules.md is for whoever writes such a file.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from handcraft.errors import UserError, nearest
from handcraft.rules.source import Place, Source, read_source

REMEDY = "correct the lines above; docs/rules.md shows how a rule is written"
FURTHEST = 256
"""No position is further back than the longest context."""


def spelled(text: str) -> str:
    """The token that a text of a rule file means."""
    if text[:1].isalnum():
        return " " + text
    return text[1:] if text[:1] == "+" and len(text) > 1 else text


def written(token: str) -> str:
    """A token as a rule file writes it: `spelled` gives it back."""
    if token[:1] == " " and token[1:2].isalnum():
        return token[1:]
    return "+" + token if token[:1].isalnum() or token[:1] == "+" else token


@dataclass(frozen=True)
class Span:
    """Positions from `first` to `last`, counted back from the gap: -1 is the last token."""

    first: int = -FURTHEST
    last: int = -1


def _span(value: Any) -> Any:
    if isinstance(value, Span):
        return value
    if (text := str(value).strip()) == "anywhere":
        return Span()
    found = re.fullmatch(r"(-\d{1,3})(?:\s+to\s+(-\d{1,3}))?", text)
    if not found:
        raise ValueError(
            f"{text!r} is no position: give -1 for the last token, -8 to -1 for a range, or anywhere"
        )
    first, last = int(found[1]), int(found[2] or found[1])
    if not -FURTHEST <= first <= last <= -1:
        raise ValueError(
            f"{text!r} is no range of positions: the first is the one further back, as in -8 to -1"
        )
    return Span(first, last)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, Mapping | BaseModel) else value


Text = Annotated[str, Field(min_length=1, max_length=200)]
Prose = Annotated[str, Field(min_length=1, max_length=2000)]
Position = Annotated[
    Span,
    BeforeValidator(_span, json_schema_input_type=Annotated[int, Field(ge=-FURTHEST, le=-1)] | str),
]


class _Block(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        validate_by_name=True,
        validate_by_alias=True,
    )


class Condition(_Block):
    """A token, one of a set of tokens, or a sequence of tokens, at a position, in a range of positions, or anywhere."""

    token: Text | None = None
    """A token: `was` is the token with its leading space; write "+was" for the one without."""
    members: Text | None = Field(None, alias="set")
    """The name of a set below `sets`: any of its tokens."""
    sequence: Annotated[list[Text], Field(min_length=2, max_length=8)] | None = None
    """Tokens that directly follow each other; `position` is that of the last one."""
    position: Position = Span()
    """-1 is the last token of the context, -8 to -1 a range. Without it, anywhere in the context."""

    @model_validator(mode="after")
    def _one_kind(self) -> "Condition":
        if sum(x is not None for x in (self.token, self.members, self.sequence)) != 1:
            raise ValueError("give one of token, set and sequence")
        return self


Conditions = Annotated[
    list[Condition], BeforeValidator(_listed, json_schema_input_type=Condition | list[Condition])
]


class Rule(_Block):
    """When all conditions hold, candidates are pushed. A rule counts once, however often its token occurs."""

    when: Condition
    also: Conditions = Field([], alias="and")
    """Further conditions, all of which must hold."""
    unless: Conditions = []
    """The rule is silent where one of these holds."""
    push: Annotated[dict[Text, float], Field(min_length=1)]
    """Nats by candidate: 0.7 doubles a candidate's odds, -0.7 halves them."""
    why: Prose
    """One sentence: why this rule should hold."""
    example: str = ""
    """A context in which it fires."""
    proposed: bool = False
    """Whether a program proposed this rule (`handcraft propose --write` sets it)."""

    @field_validator("push")
    @classmethod
    def _pushes(cls, push: dict[str, float]) -> dict[str, float]:
        if idle := [name for name, nats in push.items() if nats == 0]:
            raise ValueError(f"0 nats for {idle[0]!r} do nothing: leave it out")
        return push

    def conditions(self) -> list[tuple[Place, Condition]]:
        """All conditions with their place in the rule."""
        found: list[tuple[Place, Condition]] = [(("when",), self.when)]
        for key, several in (("and", self.also), ("unless", self.unless)):
            found += [((key, i), one) for i, one in enumerate(several)]
        return found


class RuleFile(_Block):
    """The rules of one group."""

    by: Prose
    """Who wrote them, and with what at hand: blind, or with the weights or contexts of a corpus in view."""
    start: dict[Text, float] | None = None
    """Nats of each candidate where no rule fires. Without it, the logarithm of its share in the training contexts."""
    allow_unused: bool = False
    """Accept rules that never fire on the training contexts, e.g. in a file for a larger corpus."""
    sets: dict[Text, Annotated[list[Text], Field(min_length=1)]] = {}
    """Sets of tokens by name."""
    rules: Annotated[list[Rule], Field(min_length=1)]
    """The rules; their order does not matter, their pushes add up."""


def read_rules(path: Path | str) -> tuple[RuleFile, Source]:
    """Read and check a rule file, as far as it can be without tokenizer and contexts.

    `UserError` lists every problem with its line: YAML, keys, numbers, sets that nobody defined or that have a member
    twice. What a rule means in tokens is checked by `handcraft.rules.match`.
    """
    source = read_source(path)
    content, read = source.content, None
    if not isinstance(content, dict):
        source.add((), "the file has no `by` and `rules`")
    else:
        try:
            read = RuleFile.model_validate(content)
        except ValidationError as error:
            for e in error.errors():
                place = tuple(p for p in e["loc"])
                source.add(place, _problem(place, e))
    if read is not None:
        _check_sets(read, source)
    source.refuse("these rules cannot be read", REMEDY)
    assert read is not None
    return read, source


def _check_sets(read: RuleFile, source: Source) -> None:
    used = set()
    for i, rule in enumerate(read.rules):
        for place, condition in rule.conditions():
            if condition.members is None:
                continue
            used.add(condition.members)
            if condition.members not in read.sets:
                near = nearest(condition.members, read.sets)
                source.add(("rules", i, *place, "set"), f"there is no set {condition.members!r}{near}")
    for name, members in read.sets.items():
        tokens = [spelled(m) for m in members]
        for j, token in enumerate(tokens):
            if token in tokens[:j]:
                source.add(("sets", name, j), f"the set {name!r} has {members[j]!r} twice: leave one out")
        if name not in used:
            source.add(("sets", name), f"no rule uses the set {name!r}: leave it out, or use it")


def _problem(place: Place, error: Any) -> str:
    key = ".".join(str(p) for p in place if isinstance(p, str)) or "the file"
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        return f"unknown key {place[-1]!r}{nearest(str(place[-1]), _keys(place[:-1]))}"
    if error["type"] == "missing":
        return f"{key} is missing"
    return f"{key}: {message}"


def _keys(block: Place) -> list[str]:
    """The keys that a block may have."""
    if not block:
        model: type[BaseModel] = RuleFile
    elif block[-1] in ("when", "and", "unless") or (len(block) > 3 and block[-2] in ("and", "unless")):
        model = Condition
    else:
        model = Rule
    return [f.alias or name for name, f in model.model_fields.items()]


def rules_schema() -> str:
    """The JSON schema of a rule file, for editors."""
    schema = RuleFile.model_json_schema(by_alias=True)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    schema["title"] = "Handcraft rules"
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def rule_text(rule: Rule, sets: Mapping[str, Sequence[str]]) -> str:
    """A rule's conditions in words: `was at -1, and one of {ball, kite} at -3 to -1, unless but anywhere`."""
    parts = [_condition_text(rule.when, sets)]
    parts += [f"and {_condition_text(c, sets)}" for c in rule.also]
    parts += [f"unless {_condition_text(c, sets)}" for c in rule.unless]
    return ", ".join(parts)


def push_text(push: Mapping[str, float]) -> str:
    """What a rule does: `so +3.5, and -1`."""
    return ", ".join(f"{name.strip()} {nats:+.3g}" for name, nats in push.items())


def _condition_text(condition: Condition, sets: Mapping[str, Sequence[str]]) -> str:
    span = condition.position
    place = f"at {span.first}" if span.first == span.last else f"at {span.first} to {span.last}"
    place = "anywhere" if span == Span() else place
    if condition.token is not None:
        return f"{quoted(condition.token)} {place}"
    if condition.sequence is not None:
        return f"{' '.join(map(quoted, condition.sequence))} {place}"
    members = sets.get(condition.members or "", [condition.members or ""])
    return f"one of {{{', '.join(map(quoted, members))}}} {place}"


def quoted(text: str) -> str:
    """A text in a sentence: marks in quotes, line ends and the like as escapes."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return shown if text[:1].isalnum() or text[:1] == "+" else f'"{shown}"'


def flat(text: str) -> str:
    """A text in one line: a space for line ends and the like."""
    return "".join(c if c.isprintable() else " " for c in text)


def rule_path(root: Path | str, corpus: str, group: str) -> Path:
    """Where a group's rule file is, below the checkout `root`."""
    return Path(root, "human", "rules", corpus, f"{group}.yaml")


def no_rules(path: Path) -> UserError:
    """The error where a command needs a rule file and there is none."""
    return UserError(
        "there are no rules for this group yet",
        where=str(path),
        remedy="write some (docs/rules.md), or start from those of `handcraft propose GROUP --write`",
    )
