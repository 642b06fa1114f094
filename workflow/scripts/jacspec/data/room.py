"""Room for more points than memory should hold: on disk, gone when nobody needs it any more."""

import math
from tempfile import TemporaryFile

import numpy as np

# What is smaller stays in memory.
MEMORY_BYTES = 2**28


def room_for(shape: tuple[int, ...]) -> np.ndarray:
    """Return an array of float32 of that shape, its content undefined.

    Above `MEMORY_BYTES` it is a file without a name in the folder for temporary ones (``TMPDIR``).
    """
    if 4 * math.prod(shape) <= MEMORY_BYTES:
        return np.empty(shape, np.float32)
    with TemporaryFile() as file:
        # The mapping keeps the file open.
        return np.memmap(file, np.float32, "w+", shape=shape)
