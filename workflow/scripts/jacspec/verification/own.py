"""Points of an autoencoder that a factory builds, recomputed by autograd through the module itself.

There are no layers here to derive a bound from. As in the sign rule of two routes, an error is
estimated by `DIFFERENCES` times the difference of two computations whose roundings differ: here
those in float32 and in float64. To first order errors are proportional to the unit roundoff, so
that those of float64 are 2^29 times smaller than this difference. Two computations may agree by
chance at one point; so, relative to the size of a quantity, the largest difference at any of the
points counts for all of them, and one rounding at least.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from jacspec.autoencoders.factories import Factory
from jacspec.autoencoders.maps import Copies, Maps, maps_of
from jacspec.errors import DamagedFileError
from jacspec.verification.comparison import JACOBIANS, Deviation, backward_error
from jacspec.verification.network import read_weights
from jacspec.verification.recomputation import (
    UNIT_ROUNDOFF,
    Bounded,
    RecomputedMatrix,
    RecomputedPoint,
    gamma,
)

DIFFERENCES = 100
# A matrix whose smallest singular value is not above this share of its largest has no sign.
LEAST_ERROR = 1e-16
# Points that are moved by a few roundings tell whether rounding decides on a piece of the maps.
MOVES = 2
MOVED_ROUNDINGS = 8


@dataclass(frozen=True)
class OwnMaps:
    """Both maps of a module, in float64 and in float32, and the SHA-256 of its weights' file."""

    double: Maps
    single: Maps
    shape: tuple[int, ...]
    sha256: str


class Evaluated(NamedTuple):
    """What one computation finds at a point x: both d x d Jacobians, z (d,), and y, flat."""

    input: np.ndarray
    latent: np.ndarray
    z: np.ndarray
    y: np.ndarray


class RelativeErrors(NamedTuple):
    """What another computation may be off by, relative to the Frobenius norm of each."""

    matrix: float
    z: float
    y: float


class StoredPoint(NamedTuple):
    """A point x of any shape, and what a shard holds of it."""

    x: np.ndarray
    columns: Mapping[str, Any]


def load_own_maps(path: Path | str, factory: str) -> OwnMaps:
    """Build the module of a file of weights again; raises DamagedFileError if it does not fit."""
    content = Path(path).read_bytes()
    tensors, record = read_weights(path, content)
    try:
        shape = tuple(record["factory"]["shape"])
        module = Factory.of(factory).build(record["factory"]["latent_dim"], shape)
        module.load_state_dict(tensors)
    # torch says by these what is missing, left over, or of another shape.
    except (KeyError, TypeError, RuntimeError) as error:
        raise DamagedFileError(
            f"{path} holds no autoencoder of {factory} ({' '.join(str(error).split())}): delete it "
            "and run snakemake again"
        ) from error
    double, single = (
        maps_of(Copies(dtype, "cpu").of(module.eval())) for dtype in (torch.float64, torch.float32)
    )
    return OwnMaps(double, single, shape, hashlib.sha256(content).hexdigest())


def recompute_own(
    maps: OwnMaps, points: Sequence[StoredPoint], *, engine: str, precision: str
) -> list[RecomputedPoint]:
    """Recompute points in float64, with bounds for a shard that `engine` made in `precision`.

    Units that are off cannot be counted from outside. Of the dense engine, which counts them, the
    bound of the rank and the equality of patterns are taken as they are stored; whether the
    matrices contradict them is what `own_deviations` asks.
    """
    unit = UNIT_ROUNDOFF[precision] + UNIT_ROUNDOFF["float64"]
    tensors = [torch.from_numpy(point.x.reshape(1, *maps.shape)) for point in points]
    double = [evaluate(maps.double, tensor.double()) for tensor in tensors]
    single = [evaluate(maps.single, tensor.float()) for tensor in tensors]
    errors = RelativeErrors(
        *(relative_error(double, single, names, unit) for names in (JACOBIANS, ("z",), ("y",)))
    )
    return [
        _recomputed(maps, point, found, errors, unit, counts_units=engine == "dense")
        for point, found in zip(points, double, strict=True)
    ]


def evaluate(maps: Maps, x: Tensor) -> Evaluated:
    """Differentiate the maps at a point x (1, *shape), backwards all the way."""
    x = x.detach().requires_grad_()
    # Some maps work in place, which a leaf does not allow.
    z = maps.encode(x.clone())
    start = z.detach().requires_grad_()
    y = maps.decode(start.clone())
    again = maps.encode(y.clone())
    units = torch.eye(z.numel(), dtype=z.dtype)
    rows = [_pulled(z, x, unit) for unit in units]
    matrices = (
        [_pulled(y, start, row) for row in rows],
        [_pulled(again, start, unit) for unit in units],
    )
    return Evaluated(
        *(torch.stack(matrix).double().numpy() for matrix in matrices),
        *(values.detach().flatten().double().numpy() for values in (z, y)),
    )


def relative_error(
    double: Sequence[Evaluated], single: Sequence[Evaluated], names: Sequence[str], unit: float
) -> float:
    """Estimate the relative error of quantities; not a number where float32 cannot hold them."""
    ratios = [UNIT_ROUNDOFF["float32"]]
    for pair in zip(double, single, strict=True):
        for name in names:
            first, second = (getattr(found, name) for found in pair)
            size = max(np.linalg.norm(first), np.linalg.norm(second))
            with np.errstate(invalid="ignore"):
                ratios.append(np.linalg.norm(first - second) / size if size else 0.0)
    return float(DIFFERENCES * unit * np.max(ratios) / UNIT_ROUNDOFF["float32"])


def own_deviations(
    stored: Mapping[str, Any], point: RecomputedPoint, engine: str
) -> Iterator[Deviation]:
    """Yield whether what a shard says of a point's matrices contradicts them.

    Of the general engine these are the signs: none where a matrix is singular, and one where it is
    far from that, which is `DIFFERENCES` times more than the rule asks for. Of the dense engine it
    is that no singular value beyond the rank is above the error, and that equal patterns have equal
    matrices.
    """
    for jacobian in JACOBIANS:
        matrix = getattr(point, jacobian)
        values = np.linalg.svd(matrix.value, compute_uv=False)
        error = matrix.error + backward_error(matrix.value)
        if engine == "general":
            has_sign = stored[f"sign_{jacobian}"] != 0
            singular = values[-1] <= LEAST_ERROR * values[0]
            regular = values[-1] > DIFFERENCES * error
            breach = (has_sign and singular) or (not has_sign and regular)
            yield Deviation(jacobian, "sign_rule", float(breach), 0.0)
        else:
            beyond = values[matrix.rank_bound] if matrix.rank_bound < len(values) else 0.0
            yield Deviation(jacobian, "rank", float(beyond), error)
    if engine == "dense":
        difference = np.linalg.norm(point.input.value - point.latent.value)
        bound = point.input.error + point.latent.error if point.same_pattern else np.inf
        yield Deviation("both", "equal_matrices", float(difference), float(bound))


def _recomputed(
    maps: OwnMaps,
    point: StoredPoint,
    found: Evaluated,
    errors: RelativeErrors,
    unit: float,
    *,
    counts_units: bool,
) -> RecomputedPoint:
    x = point.x.reshape(1, *maps.shape).astype(np.float64)
    highest = min(len(found.z), x.size)
    ranks = {
        name: int(np.clip(point.columns[f"rank_bound_{name}"], 0, highest))
        if counts_units
        else highest
        for name in JACOBIANS
    }
    matrices = {
        name: _matrix(getattr(found, name), errors.matrix, ranks[name], unit) for name in JACOBIANS
    }
    # On a kink itself the dense engine takes another slope than autograd: even a 0 has to move.
    reach = np.maximum(np.abs(x).max(), 1.0) if counts_units else np.abs(x)
    others = [
        evaluate(maps.double, torch.from_numpy(x + MOVED_ROUNDINGS * unit * reach * signs))
        for signs in _signs(x.shape)
    ]
    return RecomputedPoint(
        **matrices,
        z=found.z,
        z_error=np.full(len(found.z), errors.z * np.linalg.norm(found.z)),
        reconstruction_error=_squared_norm(
            found.y - x.reshape(-1), errors.y * np.linalg.norm(found.y), unit
        ),
        same_pattern=counts_units and bool(point.columns["same_pattern"]),
        near_kink=any(
            np.linalg.norm(getattr(other, name) - matrix.value) > matrix.error
            for other in others
            for name, matrix in matrices.items()
        ),
    )


def _matrix(value: np.ndarray, relative: float, rank: int, unit: float) -> RecomputedMatrix:
    """Bound sums over eigenvalues by the error E of the matrix M, with |tr E| <= sqrt(d) |E|."""
    norm, dim = float(np.linalg.norm(value)), len(value)
    error = relative * norm
    summed = gamma(dim, unit) * float(np.abs(np.diag(value)).sum())
    return RecomputedMatrix(
        value=value,
        error=error,
        trace=Bounded(float(np.trace(value)), dim**0.5 * error + summed),
        square_trace=Bounded(float(np.sum(value * value.T)), (2 * norm + error) * error),
        rank_bound=rank,
    )


def _squared_norm(residual: np.ndarray, error: float, unit: float) -> Bounded:
    """Bound the squared norm of a vector that is off by `error` in norm."""
    norm = float(np.linalg.norm(residual))
    rounding = gamma(len(residual) + 2, unit) * norm**2
    return Bounded(norm**2, float(error * (2 * norm + error)) + rounding)


def _signs(shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """Yield the directions that a point is moved in, the same for all points."""
    for move in range(MOVES):
        generator = np.random.Generator(np.random.Philox(key=move))
        yield generator.choice([-1.0, 1.0], shape)


def _pulled(outputs: Tensor, inputs: Tensor, direction: Tensor) -> Tensor:
    """Return, flat, the transposed derivative applied to a `direction` of as many values."""
    if not outputs.requires_grad:
        return torch.zeros(inputs.numel(), dtype=inputs.dtype)
    (gradient,) = torch.autograd.grad(
        outputs,
        inputs,
        direction.reshape(outputs.shape),
        retain_graph=True,
        allow_unused=True,
        materialize_grads=True,
    )
    return gradient.flatten()
