"""How far rounding can have moved a computed Jacobian from the exact one.

The model is that of Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.1:
in whatever order a sum of k products is taken, ``|fl(W t) - W t| <= g_k |W| |t|``, elementwise,
with ``g_k = k u / (1 - k u)`` and u the unit roundoff. Weights count as exact.

Let ``T_l`` be the computed tangents behind layer l, ``F_l`` what rounding adds to them there, given
the computed ``T_(l-1)``, and ``G_l`` the exact derivative of the result with respect to what layer
l returns. The errors telescope, without terms of higher order::

    J_computed - J = sum_l G_l F_l,     ||F_l||_F <= g_k || |W_l| ||_2 ||T_(l-1)||_F

Masks of active units have norm 1 or 0, so ``||G_l||_2`` is at most the product of the norms of the
weights behind layer l. `RoundingBound.coarse` uses that; `RoundingBound.fine` measures, at each
point, the norms of the encoder's derivatives instead.

The slopes ``s = 1 - tanh^2`` of the pixels inherit the error of the forward pass. That is bounded
the same way, because with given masks everything before tanh is affine. |ds/da| is at most
4 / (3 sqrt 3), for a the argument of tanh.

The masks count as exact: the bound is for the Jacobian of the linear piece that the computed masks
select. Another mask is right only if an activation lies within its own rounding error of 0, where
either piece is as good, as it is on the kink itself. Underflow is left out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jacspec.models.network import LinearStack, Network
from jacspec.spectra.determinants import UNIT_ROUNDOFF
from jacspec.spectra.jacobians import ReducedJacobians

MAX_TANH_CURVATURE = 4 / (3 * math.sqrt(3))

# Errors of one pixel's slope, in units of u, beside that of a: a library's tanh is off by 2 units
# in the last place at most (as much as NumPy's own tests allow; CUDA documents 1), which are 4 u,
# and the square by twice as much; squaring, subtracting and multiplying with the tangents round
# once each.
SLOPE_ROUNDINGS = 2 * 4 + 3

# Covers the rounding of the bound itself: the norms from LAPACK and the sums below are off by less
# than one part in 10^9.
MARGIN = 1 + 1e-9

# One norm for all points, or (k,) one for each.
Norms = float | np.ndarray


@dataclass(frozen=True)
class LayerNorms:
    """2-norms of one linear layer ``W h + b``, and how rounding grows there.

    `weight` is the norm of W, `absolute` that of |W|, `bias` that of b; `product_growth` is g_k of
    ``W t`` and `affine_growth` g_(k+1) of ``W h + b``.
    """

    weight: float
    absolute: float
    bias: float
    product_growth: float
    affine_growth: float

    @property
    def product_error(self) -> float:
        """The Frobenius norm of what rounding adds to ``W T``, for T of norm 1."""
        return self.product_growth * self.absolute

    def affine_error(self, norm: np.ndarray) -> np.ndarray:
        """Return the 2-norm of what rounding adds to ``W h + b``, for h of the given norm."""
        return self.affine_growth * (self.absolute * norm + self.bias)


class RoundingBound:
    """Bounds ``||J_computed - J||_2`` for one network, in main memory, and its type of numbers."""

    def __init__(self, network: Network) -> None:
        self._tanh_output = network.tanh_output
        self._unit = float(np.finfo(network.encoder.weights[0].dtype).eps) / 2
        self._encoder = _layer_norms(network.encoder, self._unit)
        self._decoder = _layer_norms(network.decoder, self._unit)
        self._encoder_weights = [weight.astype(np.float64) for weight in network.encoder.weights]
        first, *_, last = (weight.astype(np.float64) for weight in network.decoder.weights)
        self._longest_pixel_row = float(np.linalg.norm(last, axis=1).max())
        self._tangent_error = self._hidden_tangent_error(float(np.linalg.norm(first)))

    def coarse(self, jacobians: ReducedJacobians) -> np.ndarray:
        """Return a bound (n,) float64 that holds for both Jacobians of each point."""
        weights = [norms.weight for norms in self._encoder]
        products = [math.prod(weights[layer + 1 :]) for layer in range(len(weights))]
        return self._bound(jacobians.input_norms, jacobians.tangent_norm, products, products)

    def fine(
        self, jacobians: ReducedJacobians, slopes: Sequence[np.ndarray], points: np.ndarray
    ) -> np.ndarray:
        """Return a bound (k,) float64 for one of the two Jacobians, not above the coarse one.

        `points` (k,) are indices of points, `slopes` those of the encoder in this Jacobian: taken
        at x for the input Jacobian, at y for the latent one.
        """
        return self._bound(
            jacobians.input_norms[points],
            jacobians.tangent_norm[points],
            self._measured_derivatives([slope[points] for slope in jacobians.encoder_slopes]),
            self._measured_derivatives([slope[points] for slope in slopes]),
        )

    def _bound(
        self,
        input_norms: np.ndarray,
        tangent_norm: np.ndarray,
        forward_derivatives: Sequence[Norms],
        derivatives: Sequence[Norms],
    ) -> np.ndarray:
        """Add up the errors of all layers.

        The derivatives are the norms of D z with respect to what each layer of the encoder
        returns: in the forward pass at x, and in the Jacobian itself.
        """
        last = self._decoder[-1]
        norm = (1 + self._unit) * (last.weight + last.product_error) * tangent_norm
        error = last.weight * self._tangent_error + last.product_error * tangent_norm
        if self._tanh_output:
            longest_pixel = self._longest_pixel_row * (1 + last.product_growth) * tangent_norm
            argument_error = self._argument_error(input_norms, tangent_norm, forward_derivatives)
            error = error + MAX_TANH_CURVATURE * argument_error * longest_pixel
            error = error + SLOPE_ROUNDINGS * self._unit * norm
        first = self._encoder[0]
        error = derivatives[0] * first.weight * error
        for layer, derivative in zip(self._encoder, derivatives, strict=True):
            error = error + derivative * layer.product_error * norm
            norm = (layer.weight + layer.product_error) * norm
        return MARGIN * error

    def _argument_error(
        self,
        input_norms: np.ndarray,
        tangent_norm: np.ndarray,
        forward_derivatives: Sequence[Norms],
    ) -> np.ndarray:
        """Return the 2-norm (n,) of the errors of the arguments of tanh, over the pixels."""
        encoder_norms, decoder_norms = np.split(input_norms.T, [len(self._encoder)])
        latent_error = np.zeros_like(tangent_norm)
        for layer, derivative, norm in zip(
            self._encoder, forward_derivatives, encoder_norms, strict=True
        ):
            latent_error = latent_error + derivative * layer.affine_error(norm)
        error = np.zeros_like(tangent_norm)
        for layer, norm in zip(self._decoder, decoder_norms, strict=True):
            error = layer.weight * error + layer.affine_error(norm)
        derivative = self._decoder[-1].weight * (tangent_norm + self._tangent_error)
        return error + derivative * latent_error

    def _hidden_tangent_error(self, first_norm: float) -> float:
        """Return the error of the tangents of the decoder's last hidden layer.

        `first_norm` is the Frobenius norm of the first weights, which are the first tangents.
        """
        norm, error = first_norm, 0.0
        for layer in self._decoder[1:-1]:
            error = layer.weight * error + layer.product_error * norm
            norm = (layer.weight + layer.product_error) * norm
        return error

    def _measured_derivatives(self, slopes: Sequence[np.ndarray]) -> list[Norms]:
        """Return the norms (k,) of D z with respect to what each layer of the encoder returns."""
        norms: list[Norms] = [1.0]
        derivative: np.ndarray | None = None
        terms, absolute = 0, 1.0
        layers = list(zip(self._encoder_weights[1:], self._encoder[1:], slopes, strict=True))
        for weight, layer, slope in reversed(layers):
            derivative = weight if derivative is None else derivative @ weight
            derivative = derivative * slope[:, None, :]
            absolute *= layer.absolute
            rounding = _growth(terms, UNIT_ROUNDOFF) * absolute
            terms += weight.shape[1]
            gram = derivative @ derivative.mT
            norm = np.sqrt(np.maximum(np.linalg.eigvalsh(gram)[:, -1], 0)) + rounding
            norms.append(norm)
        return norms[::-1]


def _layer_norms(stack: LinearStack, unit: float) -> list[LayerNorms]:
    return [
        LayerNorms(
            weight=float(np.linalg.norm(weight, 2)),
            absolute=float(np.linalg.norm(np.abs(weight), 2)),
            bias=float(np.linalg.norm(bias)),
            product_growth=_growth(weight.shape[1], unit),
            affine_growth=_growth(weight.shape[1] + 1, unit),
        )
        for weight, bias in (
            (weight.astype(np.float64), bias.astype(np.float64))
            for weight, bias in zip(stack.weights, stack.biases, strict=True)
        )
    ]


def _growth(terms: int, unit: float) -> float:
    """Return g_k, which bounds the relative error of a sum of k products (Higham, lemma 3.1)."""
    return terms * unit / (1 - terms * unit)
