"""YAML as text with line numbers: every scalar stays the text that it is, so that `on` and `no` are words."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from handcraft.errors import UserError

DEEPEST = 12
"""Blocks and lists that may stand in each other; a rule needs six."""
Place = tuple[str | int, ...]


@dataclass
class Source:
    """A file's content, of dicts, lists and texts, and the line of every key and item by its path."""

    file: str
    content: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def line(self, path: Place) -> int:
        """The line of a path, or of the nearest block around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def add(self, path: Place, problem: str) -> None:
        """Note what is wrong at a path."""
        self.problems.append(f"line {self.line(path)}: {problem}")

    def refuse(self, what: str, remedy: str) -> None:
        """Raise `UserError` with all problems, by line, if there are any."""
        if self.problems:
            found = sorted(dict.fromkeys(self.problems), key=lambda p: int(p.split(":")[0].split()[1]))
            raise UserError(
                f"{what}:\n" + "\n".join(f"  - {p}" for p in found), where=self.file, remedy=remedy
            )


def read_source(path: Path | str) -> Source:
    """Read a YAML file; `UserError` names the line where it is not YAML, not UTF-8, or nested too deep.

    A key that stands twice in a block is a problem of the result.
    """
    try:
        text = Path(path).read_bytes().decode("utf-8")
    except OSError as error:
        raise UserError(
            f"cannot read the rules: {error}", where=str(path), remedy="check the path"
        ) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"the rules are not UTF-8 (byte 0x{error.object[error.start]:02x})",
            where=f"{path}, line {line}",
            remedy="save the file as UTF-8",
        ) from None
    try:
        depth = 0
        for event in yaml.parse(text):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST or isinstance(event, yaml.AliasEvent):
                what = "a reference (*)" if depth <= DEEPEST else f"more than {DEEPEST} blocks in each other"
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise UserError(
                    f"cannot read the rules: {what}",
                    where=f"{path}, line {line}",
                    remedy="write it out as docs/rules.md shows; a text that begins with * stands in quotes",
                )
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}, line {mark.line + 1}" if mark else str(path)
        raise UserError(
            f"cannot read the rules as YAML: {getattr(error, 'problem', None) or error}",
            where=where,
            remedy='mind the indentation, and put a text such as "," or ": " in quotes',
        ) from error
    source = Source(str(path))
    if node is not None:
        source.content = _convert(node, (), source)
    return source


def _convert(node: yaml.Node, path: Place, source: Source) -> Any:
    source.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        block: dict[str, Any] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in block:
                source.problems.append(f"line {line}: {name!r} stands twice in this block")
                continue
            source.lines[(*path, name)] = line
            block[name] = _convert(value, (*path, name), source)
        return block
    if isinstance(node, yaml.SequenceNode):
        return [_convert(item, (*path, i), source) for i, item in enumerate(node.value)]
    return node.value
