"""Whether a network has learned anything at all.

One that returns the mean of its training images whatever it is given explains none of their
variance. Its Jacobians are zero: whatever they seem to say of the paper's claims is an artefact.
"""

# The name of the share in tables.
VARIANCE_EXPLAINED = "variance_explained"
# A network that does not explain more of the variance than this has learned nothing.
LEAST_VARIANCE_EXPLAINED = 0.02


def variance_explained(mean_squared_error: float, variance: float) -> float:
    """Return 1 - error / variance: 1 is perfect, 0 as good as the mean image, less is worse.

    Both are means over points and pixels, or both are sums; `variance` is about the mean image.
    """
    return 1.0 - mean_squared_error / variance


def has_collapsed(explained: float) -> bool:
    """Tell from its `variance_explained` whether a network is no better than the mean image."""
    return not explained > LEAST_VARIANCE_EXPLAINED
