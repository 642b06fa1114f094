"""What is to be shown of a family, from the tables of a sweep."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jacspec.detection.model_detection import DetectionRow
from jacspec.families.figure import FamilyPicture
from jacspec.families.landmarks import landmarks_of
from jacspec.families.table import read_family_table
from jacspec.statistics.collapsed_models import collapsed_models

if TYPE_CHECKING:
    import pandas


def family_picture(
    path: Path | str,
    axes: Mapping[str, Any],
    summary: "pandas.DataFrame",
    detection: Iterable[DetectionRow],
) -> FamilyPicture:
    """Return what is to be shown of the table of a family, without models that collapsed.

    `axes` has its `parameters`, `labels` and `logarithmic`, and of the data sets that lie in the
    family the positions as `landmarks` and the `titles`, by name; `summary` and `detection` are
    those of the variant. Raises DamagedFileError if the table is none.
    """
    table = read_family_table(path, axes["parameters"])
    collapsed = [key for key in collapsed_models(summary) if key in table.models]
    return FamilyPicture(
        table.without(collapsed),
        axes["labels"],
        axes["logarithmic"],
        landmarks_of(axes["landmarks"], axes["titles"], summary, detection),
        collapsed,
    )
