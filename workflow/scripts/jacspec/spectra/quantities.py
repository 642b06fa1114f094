"""What is known of both Jacobians at some points: the columns of a shard. Needs numpy only."""

from dataclasses import dataclass

import numpy as np

# Column -> type of its entries. Eigenvalues and latent points have d entries a point, others one.
TYPES = {
    "eigenvalues_input": "<c8",
    "eigenvalues_latent": "<c8",
    "logabsdet_input": "<f8",
    "logabsdet_latent": "<f8",
    "sign_input": "|i1",
    "sign_latent": "|i1",
    "trace_input": "<f8",
    "trace_latent": "<f8",
    "rank_bound_input": "<i2",
    "rank_bound_latent": "<i2",
    "reconstruction_error": "<f8",
    "latent": "<f4",
    "same_pattern": "|b1",
}
VECTORS = ("eigenvalues_input", "eigenvalues_latent", "latent")


@dataclass(frozen=True)
class JacobianSpectra:
    """Spectra of ``D dec(z) D enc(x)`` (input) and ``D enc(y) D dec(z)`` (latent) at n points x.

    z = enc(x), y = dec(z), and d is the latent dimension.

    Attributes
    ----------
    eigenvalues_input, eigenvalues_latent
        (n, d) complex64, rounded from float64. Moduli decrease; equal ones come by real and then by
        imaginary part, decreasing. The input Jacobian's other eigenvalues are 0.
    logabsdet_input, logabsdet_latent
        (n,) float64, natural logarithm of the modulus of the product of the d eigenvalues, by LU
        factors of the d x d matrix; -inf where the rank bound is less than d.
    sign_input, sign_latent
        (n,) int8, the sign of that product: 1, -1, or 0 where it is zero or undetermined.
    trace_input, trace_latent
        (n,) float64, the sum of the eigenvalues, from the diagonal of the d x d matrix.
    rank_bound_input, rank_bound_latent
        (n,) int16, d or the smallest number of active units in a hidden layer, if that is less.
        Eigenvalues beyond it are exactly 0.
    reconstruction_error
        (n,) float64, the squared Euclidean distance of y to x.
    latent
        (n, d) float32, z.
    same_pattern
        (n,) bool, whether x and y switch on the same units of the encoder.
    engine, sign_rule
        How they were computed, as `jacspec.spectra.protocols.JacobianSource` has it. Not columns.
    """

    eigenvalues_input: np.ndarray
    eigenvalues_latent: np.ndarray
    logabsdet_input: np.ndarray
    logabsdet_latent: np.ndarray
    sign_input: np.ndarray
    sign_latent: np.ndarray
    trace_input: np.ndarray
    trace_latent: np.ndarray
    rank_bound_input: np.ndarray
    rank_bound_latent: np.ndarray
    reconstruction_error: np.ndarray
    latent: np.ndarray
    same_pattern: np.ndarray
    engine: str = "dense"
    sign_rule: str = "bound"

    @classmethod
    def empty(cls, count: int, latent_dim: int) -> "JacobianSpectra":
        """Return arrays for `count` points, to be filled."""
        return cls(
            **{
                name: np.empty((count, *entry_shape(name, latent_dim)), type_)
                for name, type_ in TYPES.items()
            }
        )

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.same_pattern)

    def columns(self) -> dict[str, np.ndarray]:
        """Return the arrays by name."""
        return {name: getattr(self, name) for name in TYPES}


def entry_shape(name: str, latent_dim: int) -> tuple[int, ...]:
    """Return the shape of one point's entry in column `name`."""
    return (latent_dim,) if name in VECTORS else ()
