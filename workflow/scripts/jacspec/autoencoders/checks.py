"""What is checked of two maps before any work, at the first of the points."""

import warnings
from dataclasses import dataclass

import torch
from torch import Tensor

from jacspec.autoencoders.maps import AutoencoderMap, Maps
from jacspec.autoencoders.outputs import chosen_output
from jacspec.errors import AutoencoderError
from jacspec.spectra.forward_mode import reproducible_torch

CHECKED_POINTS = 4


@dataclass(frozen=True)
class Shapes:
    """The shapes of one point and of its latent representation."""

    input: tuple[int, ...]
    latent: tuple[int, ...]


def checked_shapes(maps: Maps, points: Tensor) -> Shapes:
    """Return the shapes of what the maps take and return, having checked that they can be used.

    `points` (n, *shape) is not empty, and has the type and the device of the maps' copies; a few of
    them suffice. A `whole` autoencoder that is not the composition of its maps is warned of.

    Raises
    ------
    AutoencoderError
        If a map does not take what it is given or returns no finite tensor (n, …) of its type, if
        two calls differ or a row depends on others, or if the output's shape is not the input's.
    """
    points = points[:CHECKED_POINTS]
    # A second row, without which there is no telling whether rows depend on one another.
    points = torch.cat([points, points[:1].flip(dims=tuple(range(1, points.ndim)))])
    with reproducible_torch():
        latent_points = _checked_output(maps.encode, points)
        reconstructions = _checked_output(maps.decode, latent_points)
        if reconstructions.shape != points.shape:
            raise AutoencoderError(
                f"decode returns shape {_per_point(reconstructions)} for points of shape "
                f"{_per_point(points)}, and Jacobians of the whole autoencoder need the two to be "
                "equal; give a decode that returns the shape of a point"
            )
        if maps.whole is not None:
            _compare_with_whole(maps, points, reconstructions)
    return Shapes(tuple(points.shape[1:]), tuple(latent_points.shape[1:]))


def _checked_output(map_: AutoencoderMap, values: Tensor) -> Tensor:
    """Return what the map makes of `values`, having checked that it is a function of each row."""
    output = _called(map_, values)
    name = map_.name
    if not isinstance(output, Tensor):
        raise AutoencoderError(
            f"{name} returns a {type(output).__name__}, allowed: a tensor (n, …); choose a part of "
            f"it with {name}_output=…"
        )
    if output.ndim < 2 or len(output) != len(values):
        raise AutoencoderError(
            f"{name} returns shape {tuple(output.shape)} for {len(values)} points, allowed: "
            f"({len(values)}, …), one row for each point; keep the first axis"
        )
    if output.dtype != values.dtype:
        raise AutoencoderError(
            f"{name} returns {_type_name(output)} for {_type_name(values)}; take the conversion "
            f"out of it, or write precision='{_type_name(output)}' if that is float32"
        )
    if not output.isfinite().all():
        raise AutoencoderError(
            f"{name} returns numbers that are not finite; check the points' scale and the weights"
        )
    if not torch.equal(output, _called(map_, values)):
        raise AutoencoderError(
            f"{name} is random: two calls with the same points differ; give a map without "
            "sampling (the mean, say) and without dropout, a module's after eval()"
        )
    _check_rows_are_independent(map_, values, output)
    return output


def _check_rows_are_independent(map_: AutoencoderMap, values: Tensor, output: Tensor) -> None:
    """Refuse a map whose first row changes, by more than rounding, when the others do."""
    others = values.clone()
    others[1:] = values[1:].roll(1, dims=0) * 0.5
    difference = _largest(_called(map_, others)[0] - output[0])
    if difference > _rounding(output[0]):
        raise AutoencoderError(
            f"rows of a batch depend on one another in {map_.name}: with other rows beside it, a "
            f"point's output changes by {difference:.2g}; use statistics that are fixed, as batch "
            "normalization does after eval()"
        )


def _compare_with_whole(maps: Maps, points: Tensor, reconstructions: Tensor) -> None:
    """Warn if forward(x) is not decode(encode(x)), of which the spectra are."""
    try:
        with warnings.catch_warnings(action="ignore"):
            first, second = (
                _outputs_like(maps.whole(points.clone()), maps.decode.choice, points)
                for _ in range(2)
            )
    # Many modules have no forward, or one that wants other arguments: then there is no comparing.
    except Exception:
        return
    if not first:
        return
    if not all(map(torch.equal, first, second)):
        warnings.warn(
            "forward is random, as where latent points are sampled; the spectra are those of "
            "decode(encode(x)), which is not",
            stacklevel=2,
        )
        return
    difference = min(_largest(output - reconstructions) for output in first)
    if difference > _rounding(reconstructions):
        warnings.warn(
            f"forward(x) differs from decode(encode(x)) by up to {difference:.2g}, and the spectra "
            "are those of decode(encode(x)); give encode= and decode= if they should be others",
            stacklevel=2,
        )


def _outputs_like(returned: object, choice: str | int | None, points: Tensor) -> list[Tensor]:
    """Return those tensors among what forward returned that can be reconstructions."""
    try:
        outputs = [chosen_output(returned, choice, "decode")]
    except AutoencoderError:
        values = returned.values() if hasattr(returned, "values") else returned
        outputs = list(values) if isinstance(values, (tuple, list)) else []
    return [
        output for output in outputs if isinstance(output, Tensor) and output.shape == points.shape
    ]


def _called(map_: AutoencoderMap, values: Tensor) -> Tensor:
    """Return what the map makes of `values`; turns whatever goes wrong into one sentence."""
    try:
        # Some maps work in place.
        return map_(values.clone())
    except AutoencoderError:
        raise
    # It is the user's code: anything can go wrong there.
    except Exception as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        remedy = "give points in the shape that the autoencoder takes (points.reshape(…))"
        if "dtype" in reason or "type" in reason.lower():
            remedy = (
                "give the module itself or its bound method, which are converted, or write "
                "precision='float32'"
            )
        raise AutoencoderError(
            f"{map_.name} fails at {_type_name(values)} values of shape {tuple(values.shape)} "
            f"({reason}); {remedy}"
        ) from error


def _per_point(values: Tensor) -> tuple[int, ...]:
    return tuple(values.shape[1:])


def _type_name(values: Tensor) -> str:
    return str(values.dtype).removeprefix("torch.")


def _largest(values: Tensor) -> float:
    return float(values.abs().max())


def _rounding(values: Tensor) -> float:
    """Return a difference that rounding does not make: half of the digits of the largest value."""
    numbers = torch.finfo(values.dtype)
    return numbers.eps**0.5 * max(_largest(values), numbers.tiny)
