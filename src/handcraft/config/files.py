"""Reading the config from its files: what is wrong is said with file, line, key and the nearest valid name."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from handcraft.config.model import Config
from handcraft.errors import UserError, nearest


def parse_config(raw: Mapping[str, Any], files: Sequence[Path | str] = ()) -> Config:
    """The typed config of what Snakemake merged; `files` are searched for the line of a wrong key.

    Raises `UserError` that lists every problem with its file, line, key and the nearest valid name.
    """
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        problems = [_problem(e, files) for e in error.errors()]
        raise UserError(
            "the config is not valid:\n" + "\n".join(f"  - {p}" for p in problems),
            remedy="fix the keys above; docs/configuration.md lists them all",
        ) from None


def load_config(*files: Path | str) -> Config:
    """The config of these files, later ones laid over earlier ones as `snakemake --configfile` does."""
    merged: dict[str, Any] = {}
    for file in files:
        try:
            content = yaml.safe_load(Path(file).read_text(encoding="utf-8")) or {}
        except (OSError, yaml.YAMLError) as error:
            raise UserError(f"cannot read the config: {error}", where=str(file)) from error
        _overlay(merged, content)
    return parse_config(merged, files)


def _overlay(base: dict[str, Any], over: Mapping[str, Any]) -> None:
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(base.get(key), dict):
            _overlay(base[key], value)
        else:
            base[key] = value


def _problem(error: Any, files: Sequence[Path | str]) -> str:
    path = [str(p) for p in error["loc"]]
    key = ".".join(path) or "(top level)"
    where = _line_of(path, files)
    message = error["msg"].removeprefix("Value error, ")
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


def _line_of(path: Sequence[str], files: Sequence[Path | str]) -> str:
    """`config.yaml, line 12`: where the deepest part of the key stands, in the last file that has it."""
    for file in reversed(list(files)):
        try:
            node: Any = yaml.compose(Path(file).read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError):
            continue
        line, found = None, 0
        for step in path:
            if isinstance(node, yaml.MappingNode):
                pair = next(((k, v) for k, v in node.value if k.value == step), None)
                if pair is None:
                    break
                line, node = pair[0].start_mark.line + 1, pair[1]
                found += 1
            elif (
                isinstance(node, yaml.SequenceNode)
                and re.fullmatch(r"\d+", step)
                and int(step) < len(node.value)
            ):
                node = node.value[int(step)]
                line = node.start_mark.line + 1
                found += 1
            else:
                break
        if line and found >= min(len(path), 2):
            return f"{file}, line {line}"
    return ""
