"""Writes rule files: the text of a `RuleFile`, and rules added to a file that a person wrote."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence

from handcraft.errors import UserError
from handcraft.rules.files import Condition, Rule, RuleFile, Span

SCHEMA = "# yaml-language-server: $schema=../../../config/rules.schema.json"
"""Tells an editor the schema; the path is that of a file in `human/rules/<corpus>/`."""
_QUOTED = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def file_text(read: RuleFile, comment: str = "") -> str:
    """The text of a rule file. Reading it gives the same rules."""
    lines = [SCHEMA, *(f"# {line}" for line in comment.splitlines()), f"by: {_scalar(read.by)}"]
    if read.start is not None:
        lines.append(f"start: {_mapping(read.start)}")
    if read.allow_unused:
        lines.append("allow_unused: true")
    if read.sets:
        lines += ["sets:", *sets_lines(read.sets)]
    return "\n".join([*lines, "rules:", *rules_lines(read.rules)]) + "\n"


def sets_lines(sets: Mapping[str, Sequence[str]]) -> list[str]:
    """The lines below `sets:`."""
    return [f"  {_scalar(name)}: [{', '.join(map(_scalar, members))}]" for name, members in sets.items()]


def rules_lines(rules: Iterable[Rule]) -> list[str]:
    """The lines below `rules:`."""
    lines = []
    for rule in rules:
        lines.append(f"  - when: {_condition(rule.when)}")
        for key, several in (("and", rule.also), ("unless", rule.unless)):
            if len(several) == 1:
                lines.append(f"    {key}: {_condition(several[0])}")
            elif several:
                lines += [f"    {key}:", *(f"      - {_condition(one)}" for one in several)]
        lines += [f"    push: {_mapping(rule.push)}", f"    why: {_scalar(rule.why)}"]
        if rule.example:
            lines.append(f"    example: {_scalar(rule.example)}")
        if rule.proposed:
            lines.append("    proposed: true")
    return lines


def extended(text: str, sets: Mapping[str, Sequence[str]], rules: Sequence[Rule], where: str) -> str:
    """A rule file's text with more rules at its end and more sets; the rest stays as its author wrote it.

    `UserError` where `rules` or `sets` is written in one line, so that nothing can be put below it.
    """
    lines = text.rstrip("\n").split("\n")
    if sets:
        at = next((i for i, line in enumerate(lines) if re.fullmatch(r"sets:\s*(#.*)?", line)), None)
        if at is None and any(line.startswith("sets:") for line in lines):
            raise _in_one_line("sets", where)
        if at is None:
            at = next((i for i, line in enumerate(lines) if line.startswith("rules:")), len(lines)) - 1
            lines[at + 1 : at + 1] = ["sets:"]
            at += 1
        indent = _indent(lines, at)
        lines[at + 1 : at + 1] = [indent + line.strip() for line in sets_lines(sets)]
    start = next((i for i, line in enumerate(lines) if re.fullmatch(r"rules:\s*(#.*)?", line)), None)
    if start is None:
        raise _in_one_line("rules", where)
    block = next((i for i in range(start + 1, len(lines)) if re.match(r"[A-Za-z_]+:", lines[i])), len(lines))
    indent = _indent(lines, start)
    lines[block:block] = [indent + line[2:] for line in rules_lines(rules)]
    return "\n".join(lines) + "\n"


def _indent(lines: Sequence[str], key: int) -> str:
    """The indentation of what stands below the line `key`."""
    for line in lines[key + 1 :]:
        if line.strip() and not line.strip().startswith("#"):
            return line[: len(line) - len(line.lstrip())] if line[0] in " -" else "  "
    return "  "


def _in_one_line(key: str, where: str) -> UserError:
    return UserError(
        f"`{key}` is written in one line, so that nothing can be added below it",
        where=where,
        remedy=f"put each entry of `{key}` on a line of its own, as docs/rules.md shows",
    )


def _condition(condition: Condition) -> str:
    parts = []
    if condition.token is not None:
        parts.append(f"token: {_scalar(condition.token)}")
    if condition.members is not None:
        parts.append(f"set: {_scalar(condition.members)}")
    if condition.sequence is not None:
        parts.append(f"sequence: [{', '.join(map(_scalar, condition.sequence))}]")
    span = condition.position
    if span != Span():
        parts.append(f"position: {span.first}" + (f" to {span.last}" if span.first < span.last else ""))
    return "{" + ", ".join(parts) + "}"


def _mapping(pushes: Mapping[str, float]) -> str:
    return "{" + ", ".join(f"{_scalar(word)}: {nats:.12g}" for word, nats in pushes.items()) + "}"


def _scalar(text: str) -> str:
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9 _.;'/()-]*", text) and not text.endswith((" ", ":"))
    if plain and text.lower() not in _QUOTED:
        return text
    # A JSON text is a double-quoted YAML scalar, but for the characters that YAML takes for line ends.
    return re.sub(
        "[\x7f-\x9f\u2028\u2029\ufeff]", lambda m: f"\\u{ord(m[0]):04x}", json.dumps(text, ensure_ascii=False)
    )
