"""Reading the config from its files: what is wrong is said with file, line, key and the nearest valid name."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from handcraft.config.model import Config
from handcraft.errors import UserError, nearest

DEEPEST = 32
"""Blocks and lists of a config that may stand in each other; the deepest key has six."""


def parse_config(raw: Mapping[str, Any], files: Sequence[Path | str] = ()) -> Config:
    """The typed config of what Snakemake merged; `files`, later ones laid over earlier ones, give the lines of keys.

    Raises `UserError` that lists every problem with its file, line, key and the nearest valid name: also a key that
    a file has twice, and one that YAML does not read as text.
    """
    nodes = _parsed(files)
    problems = [problem for file, node in nodes.items() for problem in _key_problems(file, node)]
    config = None
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        # About a key that is not text, the problems above say more than pydantic.
        problems += [
            _problem(e, nodes) for e in error.errors() if e["loc"][-1:] != ("[key]",) or not problems
        ]
    if config is None or problems:
        raise UserError(
            "the config is not valid:\n" + "\n".join(f"  - {p}" for p in problems),
            remedy="fix the keys above; docs/configuration.md lists them all",
        )
    return config


def load_config(*files: Path | str) -> Config:
    """The config of these files, later ones laid over earlier ones as `snakemake --configfile` does."""
    merged: dict[str, Any] = {}
    for file in files:
        _overlay(merged, read_file(file))
    return parse_config(merged, files)


def check_file(file: Path | str) -> str:
    """The path of a config file that can be read, for Snakemake, whose own errors are tracebacks."""
    read_file(file)
    return str(file)


def read_file(file: Path | str) -> dict[str, Any]:
    """The keys and values of one config file (YAML, or JSON as Snakemake takes it too), not checked further.

    Raises `UserError` for a file that cannot be read: not UTF-8, not YAML, nested too deep, or not a mapping.
    """
    text = _text(file)
    try:
        _check_depth(text, file)
        content = _parse(text) or {}
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(
            f"cannot read the config: {error}", where=str(file), remedy="fix the file so that it is YAML"
        ) from error
    if not isinstance(content, dict):
        raise UserError(
            "cannot read the config: it is not a list of keys",
            where=str(file),
            remedy="write `key: value` lines, as in config.yaml",
        )
    return content


def _text(file: Path | str) -> str:
    try:
        raw = Path(file).read_bytes()
    except OSError as error:
        raise UserError(
            f"cannot read the config: {error}", where=str(file), remedy="check the path of the config"
        ) from error
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        wide = raw[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in raw
        line = "" if wide else f", line {raw.count(bytes([10]), 0, error.start) + 1}"
        raise UserError(
            f"cannot read the config: it is not UTF-8 (byte 0x{raw[error.start]:02x})",
            where=f"{file}{line}",
            remedy=f"save it as UTF-8, e.g. iconv -f {'UTF-16' if wide else 'WINDOWS-1252'} -t UTF-8",
        ) from None


def _check_depth(text: str, file: Path | str) -> None:
    """Refuse a file that the parsers, which are recursive, would give up on."""
    depth = 0
    try:
        for event in yaml.parse(text):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                line = event.start_mark.line + 1 if event.start_mark else "?"
                raise UserError(
                    f"cannot read the config: more than {DEEPEST} blocks or lists inside each other",
                    where=f"{file}, line {line}",
                    remedy="take the inner ones out: no key of the config is nested so deep",
                )
    except yaml.YAMLError:
        return  # JSON may have tabs, where YAML may not; what is neither is refused when it is parsed


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return yaml.safe_load(text)


def _overlay(base: dict[str, Any], over: Mapping[str, Any]) -> None:
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(base.get(key), dict):
            _overlay(base[key], value)
        else:
            base[key] = value


def _parsed(files: Sequence[Path | str]) -> dict[str, yaml.Node]:
    """The YAML nodes of the files that can be read, the files laid over others first."""
    nodes = {}
    for file in reversed(list(files)):
        try:
            node = yaml.compose(Path(file).read_text(encoding="utf-8"))
        except (OSError, UnicodeError, RecursionError, yaml.YAMLError):
            continue
        if node is not None:
            nodes[str(file)] = node
    return nodes


def _key_problems(
    file: str, node: yaml.Node, path: tuple[str, ...] = (), seen: set[int] | None = None
) -> Iterator[str]:
    """Keys below `node` that stand twice in one block, or that YAML reads as something else than text.

    seen: ids of the nodes that were looked at; by an alias a node may stand in many places, also inside itself.
    """
    seen = set() if seen is None else seen
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for i, item in enumerate(node.value):
            yield from _key_problems(file, item, (*path, str(i)), seen)
    if not isinstance(node, yaml.MappingNode):
        return
    lines: dict[str, int] = {}
    for key, value in node.value:
        name, line = str(key.value), key.start_mark.line + 1
        dotted = ".".join((*path, name))
        if name in lines:
            yield f"{dotted}: given twice, so that the first would be lost   ({file}, lines {lines[name]} and {line})"
        elif (read := _read_as(key)) and key.tag != "tag:yaml.org,2002:merge":
            yield f"{dotted}: YAML reads this key as {read}: put it in quotes   ({file}, line {line})"
        lines[name] = line
        yield from _key_problems(file, value, (*path, name), seen)


def _read_as(node: yaml.Node) -> str:
    """What YAML takes a scalar for that is not text; empty for text."""
    kinds = {
        "bool": "true or false",
        "null": "null",
        "int": "a number",
        "float": "a number",
        "timestamp": "a date",
    }
    return kinds.get(node.tag.rpartition(":")[2], "") if isinstance(node, yaml.ScalarNode) else ""


def _problem(error: Any, nodes: Mapping[str, yaml.Node]) -> str:
    path = [str(p) for p in error["loc"]]
    key = ".".join(path) or "(top level)"
    where, node = _place(path, nodes)
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "string_type" and node is not None and (read := _read_as(node)):
        message = f"YAML reads {node.value} as {read}: put it in quotes"
    if error["type"] == "extra_forbidden":
        valid = _fields_at(path[:-1])
        message = f"unknown key{nearest(path[-1], valid)}"
    return f"{key}: {message}" + (f"   ({where})" if where else "")


def _fields_at(path: Sequence[str]) -> list[str]:
    """Valid keys at a place of the config, for a place inside a dict of models too."""
    annotation: Any = Config
    for step in path:
        model = next(models_in(annotation), None)
        if is_dict(annotation):
            annotation = model
        elif model is not None and step in model.model_fields:
            annotation = model.model_fields[step].annotation
        else:
            return []
    model = None if is_dict(annotation) else next(models_in(annotation), None)
    return list(model.model_fields) if model else []


def is_dict(annotation: Any) -> bool:
    return getattr(annotation, "__origin__", None) is dict


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from models_in(argument)


def _place(path: Sequence[str], nodes: Mapping[str, yaml.Node]) -> tuple[str, yaml.Node | None]:
    """`config.yaml, line 12`, and the node there where all of the key is found.

    The file that has the most of the key, of several the one that is laid over the others; nothing where that is
    only the block at the top of a longer key.
    """
    best: tuple[int, str, yaml.Node | None] = (0, "", None)
    for file, top in nodes.items():
        node, line, found = top, 0, 0
        for step in path:
            if isinstance(node, yaml.MappingNode):
                pair = next(((k, v) for k, v in node.value if k.value == step), None)
                if pair is None:
                    break
                line, node = pair[0].start_mark.line + 1, pair[1]
            elif (
                isinstance(node, yaml.SequenceNode)
                and re.fullmatch(r"\d+", step)
                and int(step) < len(node.value)
            ):
                node = node.value[int(step)]
                line = node.start_mark.line + 1
            elif not (isinstance(node, yaml.SequenceNode) and step == "candidates"):
                break  # a group may be its list of candidates alone
            found += 1
        if found > best[0] and found >= min(len(path), 2):
            best = (found, f"{file}, line {line}", node if found == len(path) else None)
    return best[1:]
