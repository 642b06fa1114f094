"""All sources, what a configuration may say of them, and the sets that it describes."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from jacspec.data.derived_sources import (
    Blurred,
    Interpolated,
    Inverted,
    Mixture,
    Noisy,
    Rotated,
    Shifted,
)
from jacspec.data.file_source import FilePoints
from jacspec.data.fitted_sources import Gaussian, Shuffled
from jacspec.data.image_sources import FashionMnist, Mnist
from jacspec.data.random_sources import (
    Bernoulli,
    Beta,
    Normal,
    RandomSource,
    TruncatedNormal,
    Uniform,
)
from jacspec.data.source import Source, SourceError, image_shape_of

SOURCES: dict[str, type[Source]] = {
    source.SOURCE: source
    for source in (
        Mnist,
        FashionMnist,
        FilePoints,
        TruncatedNormal,
        Uniform,
        Bernoulli,
        Beta,
        Normal,
        Shuffled,
        Inverted,
        Rotated,
        Shifted,
        Blurred,
        Noisy,
        Mixture,
        Interpolated,
        Gaussian,
    )
}


def entry_schema() -> dict[str, Any]:
    """Return the JSON schema of one entry of the block ``data`` of a configuration."""
    return {
        "type": "object",
        "required": ["source"],
        "properties": {"source": {"enum": list(SOURCES)}},
        "allOf": [
            {
                "if": {"required": ["source"], "properties": {"source": {"const": name}}},
                "then": source.schema(),
            }
            for name, source in SOURCES.items()
        ],
    }


class DataSets(Mapping[str, Source]):
    """The sets that a block ``data`` describes, each made when it is asked for.

    `entries` are the block, checked against `entry_schema`. Random sets have the shape and the
    range of the values of `training_set`, unless they say otherwise.

    Asking for a set raises
    -----------------------
    SourceError
        If it cannot be as described, or is made from itself or from one that is not defined.
    UnusableDataError
        If its file cannot be used.
    KeyError
        If there is no such set.
    """

    def __init__(self, entries: Mapping[str, Mapping[str, Any]], training_set: str) -> None:
        self._entries = entries
        self._training_set = training_set
        self._made: dict[str, Source] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __getitem__(self, name: str) -> Source:
        if name not in self._entries:
            raise KeyError(name)
        return self._get(name, ())

    def _get(self, name: str, makers: tuple[str, ...]) -> Source:
        """Return a set that the last of `makers` is made from, which that before is made from."""
        if name in makers:
            way = " from ".join([*makers[makers.index(name) :], name])
            raise SourceError(
                f"data.{name}: found {way}; write sets that are not made of themselves"
            )
        if name not in self._entries:
            close = get_close_matches(name, self._entries, n=1)
            advice = f"did you mean {close[0]}?" if close else "define it under data"
            raise SourceError(f"data.{makers[-1]}: found {name}, which is not defined; {advice}")
        if name not in self._made:
            self._made[name] = self._make(name, (*makers, name))
        return self._made[name]

    def _make(self, name: str, makers: tuple[str, ...]) -> Source:
        entry = {key: _as_tuple(value) for key, value in self._entries[name].items()}
        kind = SOURCES[entry.pop("source")]
        if "of" in entry:
            of = entry["of"]
            entry["of"] = (
                tuple(self._get(part, makers) for part in of)
                if isinstance(of, tuple)
                else self._get(of, makers)
            )
        if issubclass(kind, RandomSource):
            if "shape" in entry:
                entry["image_shape"] = image_shape_of(entry["shape"])
            if not {"shape", "range"} <= entry.keys():
                entry = self._like_training_set(makers) | entry
        return kind(name=name, **entry)

    def _like_training_set(self, makers: tuple[str, ...]) -> dict[str, Any]:
        if self._training_set in makers:
            raise SourceError(
                f"data.{makers[-1]}: found no shape or range, and cannot have those of "
                f"{self._training_set}, the training set, which takes this set to make; write "
                "both, or another training_set"
            )
        training = self._get(self._training_set, makers)
        return {
            "shape": training.shape,
            "image_shape": training.image_shape,
            "range": training.declared_range,
            "like": training if training.declared_range is None else None,
        }


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
