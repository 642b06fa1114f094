"""All points of a set in memory, for training."""

import numpy as np

from jacspec.data.blocks import TRAINING
from jacspec.data.source import Source


def training_arrays(source: Source) -> tuple[np.ndarray, np.ndarray]:
    """Return the training points (n, *shape) and the test points (m, *shape), both float32.

    Each are in the order of the source, whatever is sampled for evaluation.

    Raises
    ------
    SourceError
        If the set has no end, or no split.
    """
    if not source.has_split:
        raise source.fault("found as training_set, but has no end or no split; write another")
    split = source.row_split
    points = np.empty((len(split), *source.shape), np.float32)
    position = np.empty(len(split), np.int64)
    position[np.argsort(split, kind="stable")] = np.arange(len(split))
    for block in source.blocks(0, 0, len(split)):
        points[position[block.source_index]] = block.points
    training = np.count_nonzero(split == TRAINING)
    return points[:training], points[training:]
