"""What every point of a shard must obey by itself, checked without recomputing anything.

The points that are recomputed are few. An eigenvalue that was altered at any other point shows,
because the eigenvalues no longer add up to the trace that is stored beside them.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from jacspec.verification.bounds import UNIT_ROUNDOFF
from jacspec.verification.comparison import EIGENSOLVER_ROUNDINGS, STORED_SPACING, STORED_UNIT
from jacspec.verification.network import Network

STORED_COLUMNS = ("eigenvalues", "trace", "rank_bound")


def largest_norm(network: Network) -> float:
    """Bound the Frobenius norm of both d x d Jacobians, at any point.

    The derivatives of ReLU and tanh are at most 1, so that the 2-norm of a product of the layers is
    at most the product of their 2-norms; d singular values are not above it.
    """
    layers = [*network.encoder, *network.decoder]
    product = np.prod([np.linalg.norm(weight.numpy(), 2) for weight, _ in layers])
    return float(np.sqrt(len(network.encoder[-1][1])) * product)


def identity_deviations(
    columns: Mapping[str, np.ndarray], precision: str, norm: float
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield for n points what is checked, how far it is off, and how far it may be, both (n,).

    `columns` are the `STORED_COLUMNS` of one Jacobian, `norm` is its `largest_norm`.
    """
    eigenvalues = columns["eigenvalues"].astype(np.complex128)
    modulus = np.abs(eigenvalues)
    dim = modulus.shape[1]
    rank = np.clip(columns["rank_bound"], 0, dim)
    increase = np.diff(modulus, axis=1).max(axis=1, initial=0)
    yield "eigenvalue_order", increase, 2 * STORED_UNIT * modulus.max(axis=1)
    zeros = np.count_nonzero(modulus == 0, axis=1)
    yield "exact_zeros", np.abs(zeros - (dim - rank)).astype(float), np.zeros(len(zeros))
    deviation = np.abs(eigenvalues.sum(axis=1) - columns["trace"])
    yield "stored_trace", deviation, _trace_bound(modulus, rank, precision, norm)


def _trace_bound(modulus: np.ndarray, rank: np.ndarray, precision: str, norm: float) -> np.ndarray:
    """Bound (n,) the difference of the sum of stored eigenvalues and the stored trace.

    An eigensolver returns the spectrum of a matrix of the same trace but for the error, relative to
    the norm, of its backward stable steps (scaling by a diagonal matrix keeps traces); adding up a
    diagonal rounds as often as it has entries. What lies beyond the rank was no larger than the
    least eigenvalue that was kept, and was then set to 0.
    """
    count, dim = modulus.shape
    least_kept = np.where(rank > 0, modulus[np.arange(count), rank - 1], norm)
    unit = UNIT_ROUNDOFF[precision] + UNIT_ROUNDOFF["float64"]
    return (
        np.sqrt(dim) * (EIGENSOLVER_ROUNDINGS + 1) * dim * unit * norm
        + STORED_UNIT * modulus.sum(axis=1)
        + dim * STORED_SPACING
        + (dim - rank) * least_kept
    )
