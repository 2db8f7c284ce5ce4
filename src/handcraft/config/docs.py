"""The config's JSON schema and its page in the docs, both generated from the typed model."""

import json
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from handcraft.config.files import is_dict, models_in
from handcraft.config.model import Config


def schema_text() -> str:
    """JSON schema of the config, for editors and validators."""
    return json.dumps(Config.model_json_schema(), indent=1, ensure_ascii=False) + "\n"


def docs_text() -> str:
    """`docs/configuration.md`: every key with its type, default and meaning."""
    lines = [
        "# Configuration",
        "",
        "Generated from the models in `src/handcraft/config/` by `make schema`; do not edit.",
        "",
        "`config.yaml` is the default config. An overlay states only what differs and is applied by",
        "`snakemake --configfile my.yaml` (or `make report CONFIG=my.yaml`). In an overlay, null removes a group or a",
        "causal LM of the default config. An unknown key is an error, and the message suggests the nearest valid key.",
        "",
        "`handcraft check-config my.yaml` checks an overlay without starting Snakemake. `make report` does this first,",
        "because Snakemake itself shows a traceback for a file that is not UTF-8.",
        "",
    ]
    return "\n".join([*lines, *_section(Config, "")])


def _section(model: type[BaseModel], path: str) -> Iterator[str]:
    yield f"## {f'`{path}`' if path else 'Top level'}"
    yield ""
    if path and model.__doc__ and not model.__doc__.startswith("!!!"):
        yield " ".join(model.__doc__.split())
        yield ""
    yield "| key | type | default | meaning |"
    yield "|---|---|---|---|"
    for name, field in model.model_fields.items():
        yield f"| `{name}` | {_type(field)} | {_default(field)} | {_cell(field.description or '')} |"
    yield ""
    for name, field in model.model_fields.items():
        inner = next(models_in(field.annotation), None)
        if inner is not None:
            step = f"{name}.<name>" if is_dict(field.annotation) else name
            yield from _section(inner, f"{path}.{step}" if path else step)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _type(field: FieldInfo) -> str:
    inner = next(models_in(field.annotation), None)
    if inner is not None:
        return (
            "named blocks, below" if is_dict(field.annotation) else f"{_values(field.annotation)}block, below"
        )
    return f"`{_type_name(field.annotation)}`"


def _values(annotation: Any) -> str:
    """The values that a key may have instead of a block; empty where null is the only one."""
    choices = [a for a in get_args(annotation) if get_origin(a) is Literal]
    return "".join(f"`{_type_name(a)}` or " for a in choices)


def _type_name(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type_name(arguments[0])
    if origin in (Union, UnionType):
        return " or ".join(map(_type_name, arguments))
    if origin is Literal:
        return " or ".join(map(json.dumps, arguments))
    if origin is list:
        return f"list[{_type_name(arguments[0])}]"
    return "null" if annotation is type(None) else str(annotation.__name__)


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required" if field.default_factory is None else ""
    if isinstance(field.default, BaseModel):
        return f"`{field.default.model_dump_json()}`" if _values(field.annotation) else ""
    return f"`{json.dumps(field.default)}`"
