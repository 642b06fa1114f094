"""All points of a set in memory, for training."""

import numpy as np

from jacspec.data.blocks import TRAINING
from jacspec.data.source import Source, SourceError


def training_arrays(source: Source) -> tuple[np.ndarray, np.ndarray]:
    """Return the training points (n, *shape) and the test points (m, *shape), both float32.

    Each are in the order of the source, whatever is sampled for evaluation.

    Raises
    ------
    SourceError
        If the set has no end, or no split.
    """
    split = source.row_split
    if split is None:
        raise SourceError(
            f"data.{source.name}: found it as training_set, but it has no end or no split; write a "
            "set such as mnist"
        )
    points = np.empty((len(split), *source.shape), np.float32)
    position = np.empty(len(split), np.int64)
    position[np.argsort(split, kind="stable")] = np.arange(len(split))
    for block in source.blocks(0, 0, len(split)):
        points[position[block.source_index]] = block.points
    training = np.count_nonzero(split == TRAINING)
    return points[:training], points[training:]
