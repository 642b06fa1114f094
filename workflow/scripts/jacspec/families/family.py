"""What a family of data sets is: a source with one or two parameters that take several values."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from jacspec.data.derived_sources import Mixture
from jacspec.data.file_source import FilePoints
from jacspec.data.registry import SOURCES
from jacspec.data.source import Source, from_definition

SPACINGS = ("linear", "logarithmic")
MOST_PARAMETERS = 2
_SYMBOLS = {"alpha": "α", "beta": "β"}
# Their positions are written into an attribute of an HDF5 file, which holds 64 KiB.
MOST_MEMBERS = 1000


@dataclass(frozen=True)
class Span:
    """Values of a parameter between two ends, at equal distances or at equal ratios."""

    first: float
    last: float
    steps: int
    spacing: str = "linear"

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> "Span":
        """Take a span from what a configuration has of it, checked against `family_schema`."""
        return cls(entry["from"], entry["to"], entry["steps"], entry.get("spacing", "linear"))

    def values(self) -> list[float]:
        """Return the values, both ends included and exact, the others to 12 digits."""
        spaced = np.geomspace if self.spacing == "logarithmic" else np.linspace
        between = spaced(self.first, self.last, self.steps)[1:-1]
        return [
            float(self.first),
            *(float(f"{value:.12g}") for value in between),
            float(self.last),
        ]


@dataclass(frozen=True)
class Family:
    """Sets that differ in `parameters` alone, the last of which varies fastest.

    Attributes
    ----------
    template
        The first member, under the name of the family.
    spans
        The spans of the parameters, by name; one or two.
    """

    template: Source
    spans: Mapping[str, Span]

    @property
    def name(self) -> str:
        """The name that the configuration gives."""
        return self.template.name

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters that differ."""
        return tuple(self.spans)

    def positions(self) -> list[tuple[float, ...]]:
        """Return the values of the parameters of each member."""
        return list(product(*(span.values() for span in self.spans.values())))

    def members(self) -> Iterator[Source]:
        """Yield the sets. Each has a name of its own, so that their points are independent.

        Raises SourceError if one cannot be made.
        """
        for position in self.positions():
            values = dict(zip(self.parameters, position, strict=True))
            words = ", ".join(f"{name} {value!r}" for name, value in values.items())
            yield dataclasses.replace(self.template, name=f"{self.name}, {words}", **values)

    def position_of(self, source: Source) -> tuple[float, ...] | None:
        """Return where a set lies: the values of the parameters, None if it is of another kind."""
        if type(source) is not type(self.template):
            return None
        free = {"name", "title", *self.parameters}
        fixed = [field.name for field in dataclasses.fields(source) if field.name not in free]
        if any(getattr(source, name) != getattr(self.template, name) for name in fixed):
            return None
        return tuple(float(getattr(source, name)) for name in self.parameters)

    def landmarks(self, sources: Mapping[str, Source]) -> dict[str, tuple[float, ...]]:
        """Return the positions of those of some sets that lie between the ends, by name."""
        positions = {name: self.position_of(source) for name, source in sources.items()}
        if self._is_path:
            ends = {part.name: float(weight) for weight, part in enumerate(self.template.of)}
            positions |= {name: (ends[name],) for name in sources if name in ends}
        return {
            name: position
            for name, position in positions.items()
            if position is not None and self._holds(position)
        }

    @property
    def logarithmic(self) -> tuple[bool, ...]:
        """Whether the values of each parameter have equal ratios."""
        return tuple(span.spacing == "logarithmic" for span in self.spans.values())

    def axis_labels(self) -> list[str]:
        """Return what the axes of a figure say, one label a parameter."""
        if self._is_path:
            x, y = (part.display_name for part in self.template.of)
            return [f"weight, from {x} (0) to {y} (1)"]
        return [_SYMBOLS.get(name, name.replace("_", " ")) for name in self.parameters]

    def definition(self) -> dict[str, Any]:
        """Return all that the points depend on, as plain values, for `from_family_definition`."""
        spans = {name: dataclasses.asdict(span) for name, span in self.spans.items()}
        return {"template": self.template.definition(), "spans": spans}

    @property
    def _is_path(self) -> bool:
        return isinstance(self.template, Mixture) and self.parameters == ("weight",)

    def _holds(self, position: tuple[float, ...]) -> bool:
        spans = self.spans.values()
        return all(
            span.first <= value <= span.last for span, value in zip(spans, position, strict=True)
        )


def from_family_definition(definition: Mapping[str, Any]) -> Family:
    """Return the family whose `definition()` is given."""
    spans = {name: Span(**span) for name, span in definition["spans"].items()}
    return Family(from_definition(definition["template"]), spans)


def family_schema() -> dict[str, Any]:
    """Return the JSON schema of one entry of the block ``families`` of a configuration."""
    kinds = {name: _kind_schema(source) for name, source in SOURCES.items() if _numbers_of(source)}
    return {
        "type": "object",
        "required": ["source"],
        "properties": {"source": {"enum": list(kinds)}},
        "allOf": [
            {
                "if": {"required": ["source"], "properties": {"source": {"const": name}}},
                "then": schema,
            }
            for name, schema in kinds.items()
        ],
    }


def _kind_schema(source: type[Source]) -> dict[str, Any]:
    schema = source.schema()
    numbers = _numbers_of(source)
    properties = {
        name: _number_or_span(value) if name in numbers else value
        for name, value in schema["properties"].items()
    }
    return {**schema, "properties": properties}


def _numbers_of(source: type[Source]) -> list[str]:
    """Return the parameters of which a family can have several values."""
    # How many points of a file are for testing makes no other points.
    if source is FilePoints:
        return []
    fields = (field for field in dataclasses.fields(source) if "schema" in field.metadata)
    return [field.name for field in fields if field.metadata["schema"].get("type") == "number"]


def _number_or_span(schema: Mapping[str, Any]) -> dict[str, Any]:
    span = {
        "additionalProperties": False,
        "required": ["from", "to", "steps"],
        "properties": {
            "from": dict(schema),
            "to": dict(schema),
            "steps": {"type": "integer", "minimum": 2, "maximum": MOST_MEMBERS},
            "spacing": {"enum": list(SPACINGS)},
        },
    }
    return {"if": {"type": "object"}, "then": span, "else": dict(schema)}
