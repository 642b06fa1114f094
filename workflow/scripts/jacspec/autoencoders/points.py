"""Points in any of the forms in which people have them."""

from typing import Any

import numpy as np

from jacspec.errors import AutoencoderError


def array_of_points(points: Any) -> np.ndarray:
    """Return `points` as an array (n, *shape) of numbers in floating point.

    `points` may be an array, a tensor on any device, a DataFrame, or nested lists.

    Raises
    ------
    AutoencoderError
        If they are integers, whose scale cannot be known, or no numbers, or have no second axis.
    """
    array = _array(points)
    if array.dtype == object or array.dtype.kind in "USV":
        raise AutoencoderError(
            f"points hold {array.dtype.name} values, allowed: real numbers in floating point; "
            "leave out what is no number, such as columns of text"
        )
    if array.dtype.kind != "f":
        raise AutoencoderError(
            f"points are {array.dtype.name}, allowed: real numbers in floating point; scale them "
            "as the points that the autoencoder was trained on, for example points / 255"
        )
    if array.ndim < 2:
        raise AutoencoderError(
            f"points have shape {array.shape}, allowed: (n, …), one row for each point; "
            "write points[None] for a single point"
        )
    return array


def _array(points: Any) -> np.ndarray:
    if hasattr(points, "detach"):
        tensor = points.detach().cpu().resolve_conj()
        # NumPy has no bfloat16; float32 holds every one of its values.
        is_bfloat16 = str(tensor.dtype) == "torch.bfloat16"
        return (tensor.float() if is_bfloat16 else tensor).numpy()
    if hasattr(points, "to_numpy"):
        return points.to_numpy()
    try:
        return np.asarray(points)
    except ValueError as error:
        raise AutoencoderError(
            f"points are a {type(points).__name__} that is no array of numbers ({error}); "
            "give every point the same shape"
        ) from error
