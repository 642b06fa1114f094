"""A configuration is checked whole before any job starts.

Each fault is reported with its key, what was found, and what to write instead.
"""

import difflib
import json
import logging
import math
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from itertools import combinations
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from jacspec import layout
from jacspec.data.registry import entry_schema
from jacspec.families.family import family_schema
from sweep.data_sets import data_set_faults
from sweep.families import family_faults
from sweep.own_models import own_model_faults
from sweep.variants import variants_of

# Published images, whose raw files may lie in a folder of the user's.
IMAGE_SETS = ("mnist", "fashion_mnist")
# Blocks of named entries, in which an overlay takes one out by `null`.
MAPS = ("data", "families", "variants")

# libyaml's takes a tenth of the time, where PyYAML was built with it.
_YamlLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_log = logging.getLogger(__name__)

_TYPE_NAMES = {
    "array": "a list",
    "integer": "a whole number",
    "null": "null",
    "number": "a finite number",
    "object": "a block of keys",
    "string": "text",
}


class ConfigurationError(Exception):
    """A configuration that no sweep can be made of; the message lists every fault."""


def typed_overrides(overrides: Any) -> Any:
    """Give the values of ``--config key=value`` the types that they have in a file.

    Snakemake reads what is inside brackets and braces there, as in ``seeds=[0,1]``, as text.
    """
    if isinstance(overrides, Mapping):
        return {key: typed_overrides(value) for key, value in overrides.items()}
    if isinstance(overrides, list):
        return [typed_overrides(value) for value in overrides]
    if not isinstance(overrides, str):
        return overrides
    for convert in (int, float):
        with suppress(ValueError):
            return convert(overrides)
    return {"true": True, "false": False, "null": None}.get(overrides.lower(), overrides)


def without_removed(config: MutableMapping[str, Any]) -> None:
    """Take out of a configuration what an overlay has removed.

    An overlay of ``--configfile`` is merged block by block, key by key, and replaces all else. To
    take an entry out of `MAPS`, or a key out of such an entry, it writes ``null``.
    """
    for name in MAPS:
        block = config.get(name)
        if isinstance(block, Mapping):
            config[name] = {
                key: _pruned(value) for key, value in block.items() if value is not None
            }


def check_encoding(path: Path | str) -> None:
    """Raise `ConfigurationError` if a file is not UTF-8, with the first byte that is not."""
    content = Path(path).read_bytes()
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(
            f"{path}: found byte 0x{content[error.start]:02x} at offset {error.start}, in line "
            f"{line}, which is not UTF-8; save the file as UTF-8"
        ) from None


def check_for_format_1(folder: Path | str) -> None:
    """Raise `ConfigurationError` if `folder` has results from before there were variants."""
    old = [path for path in layout.FORMAT_1_FOLDERS if (Path(folder) / path).is_dir()]
    if old:
        raise ConfigurationError(
            f"{' and '.join(old)} hold results of format 1, which had no variants, and cannot be "
            "read or added to: move them away (mv results results_of_format_1), or name another "
            "folder with --directory"
        )


def check_for_repeated_keys(paths: Iterable[Path | str]) -> None:
    """Raise `ConfigurationError` if a block of a YAML file has a key twice.

    YAML forbids it, but its usual readers silently take the last one.
    """
    faults = []
    for path in paths:
        text = Path(path).read_text(encoding="utf-8")
        with suppress(ValueError):
            json.loads(text)
            # YAML is all of JSON but for tabs between its words; inside of them, JSON has none.
            text = text.replace("\t", " ")
        root = yaml.compose(text, Loader=_YamlLoader)
        faults += [f"{path}: {fault}" for fault in _repeated_keys(root)]
    if faults:
        raise ConfigurationError(_listed(faults))


def check_configuration(config: Mapping[str, Any], schema_path: Path | str) -> None:
    """Raise `ConfigurationError`, listing every fault, unless `config` describes a sweep.

    `schema_path` is the JSON schema in YAML. Checks across keys are made only when every key by
    itself is right, because they would otherwise report the same fault twice.
    """
    schema = yaml.load(Path(schema_path).read_text(encoding="utf-8"), Loader=_YamlLoader)
    schema["$defs"]["data_source"] = entry_schema()
    schema["$defs"]["family"] = family_schema()
    errors = _strict_validator(schema).iter_errors(config)
    faults = sorted({fault for error in errors for fault in _described(error)})
    faults = faults or list(_faults_across_keys(config))
    if faults:
        raise ConfigurationError(_listed(faults))


def _pruned(entry: Any) -> Any:
    if isinstance(entry, Mapping):
        return {key: value for key, value in entry.items() if value is not None}
    return entry


def _listed(faults: Iterable[str]) -> str:
    lines = [f"  {fault}" for fault in faults]
    return "\n".join([f"The configuration has {len(lines)} fault(s):", *lines])


def _repeated_keys(node: yaml.Node | None, path: tuple[str, ...] = ()) -> Iterator[str]:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _repeated_keys(item, path)
    if isinstance(node, yaml.MappingNode):
        first_lines: dict[str, int] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in first_lines:
                yield (
                    f"{_dotted([*path, name])}: found in line {first_lines[name]} and again in "
                    f"line {line}; keep one of them"
                )
            first_lines.setdefault(name, line)
            yield from _repeated_keys(value, (*path, name))


def _strict_validator(schema: Mapping[str, Any]) -> jsonschema.protocols.Validator:
    """Make a validator for which 2.0 is no whole number and NaN no number."""
    base = jsonschema.Draft202012Validator
    types = base.TYPE_CHECKER.redefine_many(
        {
            "integer": lambda _, value: isinstance(value, int) and not isinstance(value, bool),
            "number": lambda _, value: (
                isinstance(value, int | float)
                and not isinstance(value, bool)
                and math.isfinite(value)
            ),
        }
    )
    return jsonschema.validators.extend(base, type_checker=types)(schema)


def _described(error: jsonschema.ValidationError) -> Iterator[str]:
    key = _dotted(error.absolute_path)
    if error.validator == "additionalProperties":
        yield from _unknown_keys(error)
    elif error.validator == "required":
        missing = sorted(set(error.validator_value) - set(error.instance))
        yield f"{key or 'configuration'}: {', '.join(missing)} missing; add it as in config.yaml"
    else:
        yield f"{key or 'configuration'}: found {_shown(error.instance)}; {_remedy(error)}"


def _unknown_keys(error: jsonschema.ValidationError) -> Iterator[str]:
    known = sorted(error.schema["properties"])
    for unknown in map(str, error.instance.keys() - set(known)):
        close = difflib.get_close_matches(unknown, known, n=1)
        advice = f"did you mean {close[0]}?" if close else f"known keys: {', '.join(known)}"
        yield f"{_dotted([*error.absolute_path, unknown])}: unknown key; {advice}"


def _remedy(error: jsonschema.ValidationError) -> str:
    if "examples" in error.schema:
        return f"write a name such as {error.schema['examples'][0]}"
    match error.validator:
        case "type":
            return _remedy_for_type(error)
        case "enum":
            return f"write one of {', '.join(map(str, error.validator_value))}"
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            return f"write {_interval(error.schema)}"
        case "minProperties":
            return "write at least 1 entry"
        case "minItems" | "maxItems":
            return f"write a list of {_item_count(error.schema)}"
        case "uniqueItems":
            repeated = [item for i, item in enumerate(error.instance) if item in error.instance[:i]]
            return f"write {_shown(repeated[0])} only once"
        case "minLength":
            return "write the path of a folder, or null"
        case "pattern" | "maxLength":
            return "write a name of letters, digits, '_', '.' and '-', such as beta_5_0.8"
    return error.message


def _remedy_for_type(error: jsonschema.ValidationError) -> str:
    expected = error.validator_value
    names = [expected] if isinstance(expected, str) else expected
    remedy = "write " + " or ".join(_TYPE_NAMES[name] for name in names)
    if isinstance(error.instance, str) and {"number", "integer"} & set(names):
        number = _as_number(error.instance)
        if number is not None:
            return f"{remedy}: YAML reads it as text; write {number}"
    return remedy


def _as_number(text: str) -> str | None:
    try:
        number = float(text)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    return str(int(number)) if number.is_integer() else f"{number!r}".replace("e", ".0e")


def _interval(schema: Mapping[str, Any]) -> str:
    kind = "a whole number" if schema.get("type") == "integer" else "a number"
    bounds = []
    for name, words in (
        ("exclusiveMinimum", "above"),
        ("minimum", "from"),
        ("exclusiveMaximum", "below"),
        ("maximum", "up to"),
    ):
        if name in schema:
            bounds.append(f"{words} {schema[name]}")
    return f"{kind} {' and '.join(bounds)}"


def _item_count(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minItems", 0), schema.get("maxItems")
    if low == high:
        return f"{low} items"
    return f"at least {low} item" if high is None else f"{low} to {high} items"


def _faults_across_keys(config: Mapping[str, Any]) -> Iterator[str]:
    faults = [*data_set_faults(config)]
    yield from faults
    # Families are made from the data sets.
    if not faults:
        yield from family_faults(config)
    yield from _variant_faults(config)
    if config["chunk_size"] > config["shard_size"]:
        yield (
            f"chunk_size: found {config['chunk_size']}, more than shard_size "
            f"({config['shard_size']}); write at most {config['shard_size']}"
        )
    for key in (f"{dataset}_source" for dataset in IMAGE_SETS):
        source = config[key]
        if source is not None and not Path(source).is_dir():
            yield f"{key}: found {source!r}, which is no folder; write an existing one or null"


def _variant_faults(config: Mapping[str, Any]) -> Iterator[str]:
    variants = variants_of(config)
    for name in variants:
        key = f"variants.{name}"
        if name in layout.RESERVED_NAMES:
            yield f"{key}: the name is that of a folder of all variants; write another"
        yield from own_model_faults(key, config["variants"][name] or {}, variants[name])
    for one, other in combinations(variants.values(), 2):
        if one.same_models(other):
            _log.warning(
                "variants %s and %s are built and trained alike: their models are equal where "
                "latent dimension and seed are",
                one.name,
                other.name,
            )


def _dotted(path: Any) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _shown(value: Any) -> str:
    kind = {str: "text", bool: "true or false", type(None): "null"}.get(type(value))
    text = repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:57]}..."
    return f"{text} ({kind})" if kind and value is not None else text
