"""A configuration is checked whole before any job starts.

Each fault is reported with its key, what was found, and what to write instead.
"""

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from jacspec.data.truncation import SMALLEST_MASS, mass_on_unit_interval

TRAINING_SET = "mnist"
NEAR_SET = "fashion_mnist"
IMAGE_SETS = (TRAINING_SET, NEAR_SET)
IMAGES = 70_000  # in each of them

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


def check_for_repeated_keys(paths: Iterable[Path | str]) -> None:
    """Raise `ConfigurationError` if a block of a YAML file has a key twice.

    YAML forbids it, but its usual readers silently take the last one.
    """
    faults = []
    for path in paths:
        root = yaml.compose(Path(path).read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        faults += [f"{path}: {fault}" for fault in _repeated_keys(root)]
    if faults:
        raise ConfigurationError(_listed(faults))


def check_configuration(config: Mapping[str, Any], schema_path: Path | str) -> None:
    """Raise `ConfigurationError`, listing every fault, unless `config` describes a sweep.

    `schema_path` is the JSON schema in YAML. Checks across keys are made only when every key by
    itself is right, because they would otherwise report the same fault twice.
    """
    schema = yaml.safe_load(Path(schema_path).read_text(encoding="utf-8"))
    faults = sorted({_describe(error) for error in _strict_validator(schema).iter_errors(config)})
    faults = faults or list(_faults_across_keys(config))
    if faults:
        raise ConfigurationError(_listed(faults))


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


def _describe(error: jsonschema.ValidationError) -> str:
    key = _dotted(error.absolute_path)
    if error.validator == "additionalProperties":
        return _describe_unknown_key(error)
    if error.validator == "required":
        missing = sorted(set(error.validator_value) - set(error.instance))
        return f"{key or 'configuration'}: {', '.join(missing)} missing; add it as in config.yaml"
    return f"{key or 'configuration'}: found {_shown(error.instance)}; {_remedy(error)}"


def _describe_unknown_key(error: jsonschema.ValidationError) -> str:
    known = sorted(error.schema["properties"])
    unknown = sorted(set(error.instance) - set(known), key=str)
    close = difflib.get_close_matches(str(unknown[0]), known, n=1)
    advice = f"did you mean {close[0]}?" if close else f"known keys: {', '.join(known)}"
    return f"{_dotted([*error.absolute_path, str(unknown[0])])}: unknown key; {advice}"


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
    yield from _dataset_faults(config)
    yield from _distribution_faults(config["distributions"])
    if config["chunk_size"] > config["shard_size"]:
        yield (
            f"chunk_size: found {config['chunk_size']}, more than shard_size "
            f"({config['shard_size']}); write at most {config['shard_size']}"
        )
    for key in (f"{dataset}_source" for dataset in IMAGE_SETS):
        source = config[key]
        if source is not None and not Path(source).is_dir():
            yield f"{key}: found {source!r}, which is no folder; write an existing one or null"


def _dataset_faults(config: Mapping[str, Any]) -> Iterator[str]:
    evaluated, defined = config["datasets"], config["distributions"]
    for name in IMAGE_SETS:
        if name in defined:
            yield f"distributions.{name}: the name is taken by the images; write another"
    if TRAINING_SET not in evaluated:
        yield f"datasets: {TRAINING_SET} missing; add it, every comparison is with it"
    for name in evaluated:
        if name not in IMAGE_SETS and name not in defined:
            close = difflib.get_close_matches(name, defined, n=1)
            advice = f"did you mean {close[0]}?" if close else "define it under distributions"
            yield f"datasets: found {name}, which is not defined; {advice}"
    for role, name in config["figures"]["representatives"].items():
        if name not in evaluated or name in IMAGE_SETS:
            yield (
                f"figures.representatives.{role}: found {name}; "
                f"write one of the random data sets under datasets"
            )


def _distribution_faults(distributions: Mapping[str, Any]) -> Iterator[str]:
    for name, distribution in distributions.items():
        key = f"distributions.{name}"
        if distribution["family"] == "uniform" and distribution["low"] >= distribution["high"]:
            yield (
                f"{key}: found low {distribution['low']} and high {distribution['high']}; "
                f"write low below high"
            )
        if distribution["family"] == "truncated_normal":
            mean, deviation = distribution["mean"], distribution["standard_deviation"]
            mass = mass_on_unit_interval(mean, deviation)
            if mass < SMALLEST_MASS:
                yield (
                    f"{key}: found mean {mean} and standard_deviation {deviation}, which leave "
                    f"{mass:.0e} of the normal in [0, 1]; write some that leave {SMALLEST_MASS:g}"
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
