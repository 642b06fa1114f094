"""What is to be shown of a family, from the tables of a sweep."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jacspec.detection.model_detection import DetectionRow
from jacspec.families.landmarks import Landmark, landmarks_of
from jacspec.families.table import FamilyTable, read_family_table
from jacspec.key import ModelKey
from jacspec.statistics.collapsed_models import collapsed_models

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class FamilyContent:
    """All that a figure of a family shows.

    `labels` and `logarithmic` are of its one or two axes; `landmarks` are the data sets to mark,
    and `left_out` the models that are no better than the mean image.
    """

    table: FamilyTable
    labels: Sequence[str]
    logarithmic: Sequence[bool]
    landmarks: Sequence[Landmark]
    left_out: Sequence[ModelKey] = ()

    @property
    def is_map(self) -> bool:
        """Whether the family has two parameters."""
        return len(self.labels) == 2

    @property
    def seeds(self) -> list[int]:
        """The seeds of the models."""
        return sorted({key.seed for key in self.table.models})

    @property
    def latent_dims(self) -> list[int]:
        """The latent dimensions of the models."""
        return sorted({key.latent_dim for key in self.table.models})


def family_content(
    path: Path | str,
    axes: Mapping[str, Any],
    summary: "pandas.DataFrame",
    detection: Iterable[DetectionRow],
) -> FamilyContent:
    """Return what is to be shown of the table of a family, without models that collapsed.

    `axes` has its `parameters`, `labels` and `logarithmic`, and of the data sets that lie in the
    family the positions as `landmarks` and the `titles`, by name; `summary` and `detection` are
    those of the variant. Raises DamagedFileError if the table is none.
    """
    table = read_family_table(path, axes["parameters"])
    collapsed = [key for key in collapsed_models(summary) if key in table.models]
    return FamilyContent(
        table.without(collapsed),
        axes["labels"],
        axes["logarithmic"],
        landmarks_of(axes["landmarks"], axes["titles"], summary, detection),
        collapsed,
    )
