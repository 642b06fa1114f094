"""Data sets of a sweep that lie in a family, with what the sweep itself says of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jacspec.detection.model_detection import DetectionRow
from jacspec.families.statistics import AUROC, ERROR, SPECTRAL_STATISTICS
from jacspec.key import ModelKey
from jacspec.statistics.collapsed_models import keys_of

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Landmark:
    """A data set at a position in a family.

    `values` maps model, Jacobian and statistic to what is found with all points of the set.
    """

    title: str
    position: tuple[float, ...]
    values: Mapping[tuple[ModelKey, str, str], float]


def landmarks_of(
    positions: Mapping[str, tuple[float, ...]],
    titles: Mapping[str, str],
    summary: "pandas.DataFrame",
    detection: Iterable[DetectionRow],
) -> list[Landmark]:
    """Return the data sets at `positions`, whose values are those of the sweep's own tables."""
    values: dict[str, dict[tuple[ModelKey, str, str], float]] = {name: {} for name in positions}
    rows = summary[
        summary["dataset"].isin(list(positions))
        & summary["statistic"].isin([*SPECTRAL_STATISTICS, ERROR])
    ]
    columns = (rows[name].tolist() for name in ("dataset", "jacobian", "statistic", "value"))
    for key, dataset, jacobian, statistic, value in zip(keys_of(rows), *columns, strict=True):
        values[dataset][key, jacobian, statistic] = value
    for row in detection:
        if (row.score, row.measure) == ("reconstruction_error", "auroc") and row.dataset in values:
            values[row.dataset][row.key, "both", AUROC] = row.value
    return [
        Landmark(titles[name], tuple(position), values[name])
        for name, position in positions.items()
    ]
