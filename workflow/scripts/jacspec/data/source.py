"""What a source of points is: its parameters with their ranges, and how its points are made.

A source is one class, a frozen dataclass. What a configuration may say of it are the fields made
with `parameter`, whose metadata are their JSON schema; all else is worked out from them.
"""

import dataclasses
import importlib
import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from jacspec.data.blocks import PointBlock
from jacspec.data.streams import random_stream

# The block is part of the definition of a data set: another size gives other points.
BLOCK_POINTS = 1000

SHAPE = {
    "type": "array",
    "minItems": 1,
    "maxItems": 8,
    "items": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
}
# Some powers of ten are left for noise, to what float32 can hold.
RANGE = {
    "type": "array",
    "minItems": 2,
    "maxItems": 2,
    "items": {"type": "number", "minimum": -1e30, "maximum": 1e30},
}
NAME = {
    "type": "string",
    "pattern": "^[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?$",
    "maxLength": 80,
}

Shape = tuple[int, ...]
Range = tuple[float, float]


class SourceError(ValueError):
    """A source cannot be as described; the message names the key, and says what to write."""


def parameter(schema: Mapping[str, Any], **default: Any) -> Any:
    """Return a field that a configuration sets, with its JSON schema; `default` as for `field`."""
    return dataclasses.field(metadata={"schema": dict(schema)}, **default)


def number(*, default: Any = dataclasses.MISSING, **limits: float) -> Any:
    """Return a field for a finite number; `limits` are those of a JSON schema."""
    return parameter({"type": "number", **limits}, default=default)


@dataclass(frozen=True, kw_only=True)
class Source(ABC):
    """A data set: points that can be made one run after the other, the same whoever asks.

    Every source has `shape` and `image_shape` (rows and columns, or channels, rows and columns;
    None where the points are no images). The name takes part in the random keys: two names give
    unrelated points.

    Raises
    ------
    SourceError
        If a parameter is out of its range.
    """

    # What a configuration calls the source.
    SOURCE: ClassVar[str]

    name: str
    title: str | None = parameter(
        {"type": "string", "minLength": 1, "maxLength": 80, "examples": ["Circles"]}, default=None
    )

    shape: ClassVar[Shape]
    image_shape: ClassVar[Shape | None]

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            if "schema" in field.metadata:
                self._check(field)

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """Return the JSON schema of an entry of a configuration."""
        fields = [field for field in dataclasses.fields(cls) if "schema" in field.metadata]
        return {
            "additionalProperties": False,
            "required": [field.name for field in fields if not _has_default(field)],
            "properties": {
                "source": True,
                **{field.name: field.metadata["schema"] for field in fields},
            },
        }

    @property
    def display_name(self) -> str:
        """What figures and tables call the set."""
        return self.title or self._default_title()

    @property
    def count(self) -> int | None:
        """The number of points that there are, None if there is no end."""
        return None

    @property
    def declared_range(self) -> Range | None:
        """The lowest and the highest value, None if one has to look at the points."""
        return None

    @property
    def value_range(self) -> Range:
        """The lowest and the highest value that is usual for points of this kind."""
        assert self.declared_range is not None
        return self.declared_range

    @property
    def expected_mean(self) -> float | None:
        """The expectation of the mean over points and values, None if it is not known before."""
        return None

    @property
    def is_random(self) -> bool:
        """Whether values are drawn from a distribution, not taken from points of a data set."""
        return False

    @property
    def compressible(self) -> bool:
        """Whether the points take few different values."""
        return False

    @property
    def has_split(self) -> bool:
        """Whether there is an end, and a split: whether the set can be trained on."""
        return False

    @property
    def row_split(self) -> np.ndarray | None:
        """0 (training) or 1 (test) by source index, (count,) uint8; None without `has_split`."""
        return None

    @property
    def label_names(self) -> tuple[str, ...]:
        """The classes in words, by label; empty where labels are numbers or there are none."""
        return ()

    def files(self) -> tuple[str, ...]:
        """Return the files that the points are made from."""
        return ()

    def blocks(self, sample_seed: int, first: int, count: int) -> Iterator[PointBlock]:
        """Return an iterator over points `first` to `first + count - 1`, in memory of a few blocks.

        Blocks are cut at multiples of `BLOCK_POINTS`. A point depends on the source, `sample_seed`
        and its position alone.

        Raises
        ------
        ValueError
            If there are no such points.
        """
        if first < 0 or count < 0 or (self.count is not None and first + count > self.count):
            allowed = "0 or more" if self.count is None else f"0 to {self.count}"
            raise ValueError(
                f"{self.name}: points {first} to {first + count - 1} asked for, allowed: {allowed}"
            )
        return self._blocks(sample_seed, first, count) if count else iter(())

    def definition(self) -> dict[str, Any]:
        """Return all that the points depend on, as plain values, for `from_definition`."""
        kind = type(self)
        return {
            "class": f"{kind.__module__}.{kind.__name__}",
            **{name: _plain(value) for name, value in self._fields().items() if name != "title"},
        }

    def code_files(self) -> tuple[str, ...]:
        """Return the Python files that have the classes of the source and of those it is made from.

        They are what a digest of code has to begin with.
        """
        own = str(sys.modules[type(self).__module__].__file__)
        parts = [part for value in self._fields().values() for part in _sources_in(value)]
        return tuple(sorted({own, *(file for part in parts for file in part.code_files())}))

    def _fields(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def fault(self, sentence: str) -> SourceError:
        """Return an error about this entry of the configuration."""
        return SourceError(f"data.{self.name}: {sentence}")

    @abstractmethod
    def _blocks(self, sample_seed: int, first: int, count: int) -> Iterator[PointBlock]: ...

    @abstractmethod
    def _default_title(self) -> str: ...

    def _check(self, field: dataclasses.Field) -> None:
        value, schema = getattr(self, field.name), field.metadata["schema"]
        if schema.get("type") not in ("number", "integer") or value is None:
            return
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (is_number and math.isfinite(value) and _is_within(value, schema)):
            raise self.fault(f"found {field.name} {value!r}; write {_allowed(schema)}")


def from_definition(definition: Mapping[str, Any]) -> Source:
    """Return the source whose `definition()` is given, importing only what it takes."""
    values = {name: _restored(value) for name, value in definition.items()}
    module, _, kind = values.pop("class").rpartition(".")
    return getattr(importlib.import_module(module), kind)(**values)


def runs(first: int, count: int) -> Iterator[tuple[int, slice]]:
    """Yield the number of each block that holds some of the points, and which rows of it do.

    `count` is 1 or more.
    """
    stop = first + count
    for block in range(first // BLOCK_POINTS, math.ceil(stop / BLOCK_POINTS)):
        start = block * BLOCK_POINTS
        yield block, slice(max(first - start, 0), min(stop - start, BLOCK_POINTS))


def evaluation_order(sample_seed: int, total: int) -> np.ndarray:
    """Return the order in which the `total` points of a set are evaluated, (total,) int64.

    It is a random permutation of source indices that depends on `sample_seed` and `total` alone:
    training and test points are mixed, any beginning is a fair sample.
    """
    return random_stream("evaluation order", sample_seed).permutation(total)


def image_shape_of(shape: Shape) -> Shape | None:
    """Return `shape` if it is that of grey or coloured images, else None."""
    is_image = len(shape) == 2 or (len(shape) == 3 and shape[0] in (1, 3))
    return shape if is_image else None


def _has_default(field: dataclasses.Field) -> bool:
    return field.default is not dataclasses.MISSING


def _plain(value: Any) -> Any:
    if isinstance(value, Source):
        return value.definition()
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _restored(value: Any) -> Any:
    if isinstance(value, Mapping):
        return from_definition(value)
    return tuple(map(_restored, value)) if isinstance(value, list | tuple) else value


def _sources_in(value: Any) -> list[Source]:
    values = value if isinstance(value, tuple) else (value,)
    return [item for item in values if isinstance(item, Source)]


def _is_within(value: float, schema: Mapping[str, Any]) -> bool:
    return (
        schema.get("minimum", -math.inf) <= value <= schema.get("maximum", math.inf)
        and schema.get("exclusiveMinimum", -math.inf) < value
        and value < schema.get("exclusiveMaximum", math.inf)
    )


def _allowed(schema: Mapping[str, Any]) -> str:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    kind = "a whole number" if schema["type"] == "integer" else "a number"
    if low is None and high is None:
        return f"{kind}, finite"
    return f"{kind} from {low}" if high is None else f"{kind} from {low} to {high}"
