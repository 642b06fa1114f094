"""How much of a normal distribution must lie on [0, 1] to be truncated to it.

Apart, so that a configuration can be checked without loading the numerical library.
"""

import math

# Probabilities carry a rounding error of 1e-16. With this mass left on [0, 1] the error of a pixel
# is about 1e-10, far below the spacing of float32; with none left, nothing can be drawn.
SMALLEST_MASS = 1e-6


def mass_on_unit_interval(mean: float, standard_deviation: float) -> float:
    """Return the probability that a normal number lies in [0, 1]."""
    scale = standard_deviation * math.sqrt(2)
    return (math.erf((1 - mean) / scale) + math.erf(mean / scale)) / 2
