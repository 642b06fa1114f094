"""Some consecutive points of a data set, with what is known of each."""

from dataclasses import dataclass, fields

import numpy as np

TRAINING, TEST = 0, 1


@dataclass(frozen=True)
class PointBlock:
    """Some consecutive points: n rows of each column that there is.

    `points` is (n, *shape) float32. `label` (n,) int64, `split` (n,) uint8 (`TRAINING` or `TEST`)
    and `source_index` (n,) int64, the position in the source, are None where they are not known.
    """

    points: np.ndarray
    label: np.ndarray | None = None
    split: np.ndarray | None = None
    source_index: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.points)

    def columns(self) -> dict[str, np.ndarray]:
        """Return the columns that there are, by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: column for name, column in values.items() if column is not None}

    def __getitem__(self, rows: slice | np.ndarray) -> "PointBlock":
        """Return the block of some of the rows, in the order given."""
        return PointBlock(**{name: column[rows] for name, column in self.columns().items()})
