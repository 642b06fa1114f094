"""What is said of a data set where it is shown: in figures, in tables, on leaderboards."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jacspec.data.source import Source


@dataclass(frozen=True)
class Description:
    """How a data set is called, and what kind of points it has.

    `is_random` is whether its values are drawn from a distribution. `brightness` is the expected
    mean as a share of the range of values; it is None where that is not known, and where it does
    not apply, because the points are no images.
    """

    title: str
    is_image: bool = True
    is_random: bool = False
    brightness: float | None = None

    @classmethod
    def of(cls, source: "Source") -> "Description":
        """Take all from a source, without a look at its points."""
        mean, ends = source.expected_mean, source.declared_range
        is_image = source.image_shape is not None
        brightness = None
        if is_image and mean is not None and ends is not None:
            low, high = ends
            brightness = float((mean - low) / (high - low))
        return cls(source.display_name, is_image, source.is_random, brightness)


def described(plain: Mapping[str, Mapping[str, Any]]) -> dict[str, Description]:
    """Return the descriptions that a rule hands over as plain values, by data set."""
    return {name: Description(**values) for name, values in plain.items()}
