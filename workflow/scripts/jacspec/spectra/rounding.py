"""How far rounding can have moved a computed Jacobian from the exact one.

The model is that of Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.1:
in whatever order a sum of k products is taken, ``|fl(W t) - W t| <= g_k |W| |t|``, elementwise,
with ``g_k = k u / (1 - k u)`` and u the unit roundoff. Weights count as exact.

Let ``T_l`` be the computed tangents behind layer l, ``F_l`` what rounding adds to them there, given
the computed ``T_(l-1)``, and ``G_l`` the exact derivative of the result with respect to what layer
l returns. The errors telescope, without terms of higher order: ``J_computed - J = sum_l G_l F_l``.

With W the weights of layer l and s the slopes of its activation f, which are taken at the arguments
``a = W h + b``, and with ``|s| <= L``, ``|ds/da| <= c`` and m roundings in the slope and in the
multiplication with it, what is added at layer l is the sum of

- ``s`` times what rounding adds to ``W T_(l-1)``: at most ``L g_k || |W| ||_2 ||T_(l-1)||_F``;
- ``m u`` times ``||W T_(l-1)||_F``;
- the change of the slopes that comes with an error ``da`` of the arguments. Row i of ``W T_(l-1)``
  is at most ``||w_i||_2 ||T_(l-1)||_F``, so that it is ``c ||da||_2 max_i ||w_i||_2
  ||T_(l-1)||_F``.

Arguments inherit the errors of the layers before, through weights and slopes: ``da`` is at most
``||W||_2 dh`` plus the rounding of the sum, and ``dh`` of the next layer ``L da`` plus that of f.

``||G_l||_2`` is at most the product of the ``L ||W||_2`` of the layers behind layer l.
`RoundingBound.coarse` uses that; `RoundingBound.fine` measures, at each point, the norms of the
encoder's derivatives instead. Measured ones are those at the computed slopes; the exact ones, as
well as all between the computed and the exact point, differ from these by ``m u + c da`` in each
slope, and so by the sum of that over the layers, each with the norms of all others.

Pieces between kinks (ReLU's masks of active units) count as exact: the bound is for the Jacobian of
the piece that the computed arguments select. Another one is right only if an argument lies within
its own rounding error of a kink, where either piece is as good, as it is on the kink itself. There
c is that of the pieces. Underflow is left out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jacspec.models.network import DenseLayer, Network
from jacspec.spectra.determinants import UNIT_ROUNDOFF
from jacspec.spectra.jacobians import ReducedJacobians, Slopes

# Covers the rounding of the bound itself: the norms from LAPACK and the sums below are off by less
# than one part in 10^9.
MARGIN = 1 + 1e-9

# One norm or error for all points, or (k,) one for each.
PerPoint = float | np.ndarray


@dataclass(frozen=True)
class LayerNorms:
    """2-norms of one layer ``f(W h + b)``, and how rounding grows there.

    `weight` is the norm of W, `absolute` that of |W|, `longest_row` that of the longest row of W,
    `bias` that of b; `product_growth` is g_k of ``W t`` and `affine_growth` g_(k+1) of ``W h + b``.
    `steepest` (L) and `curvature` (c) are of f; `slope_error` is m u, and f is off by
    ``value_error (L |a| + |f(0)|)``; `at_zero` is the norm of f(0).
    """

    weight: float
    absolute: float
    longest_row: float
    bias: float
    product_growth: float
    affine_growth: float
    steepest: float
    curvature: float
    at_zero: float
    slope_error: float
    value_error: float

    @property
    def product_error(self) -> float:
        """The Frobenius norm of what rounding adds to ``W T``, for T of norm 1."""
        return self.product_growth * self.absolute

    @property
    def gain(self) -> float:
        """The largest factor by which the layer makes a difference longer."""
        return self.steepest * self.weight

    @property
    def computed_gain(self) -> float:
        """The same for tangents, with what rounding may add."""
        return (self.steepest + self.slope_error) * (self.weight + self.product_error)

    def affine_error(self, norm: PerPoint) -> PerPoint:
        """Return the 2-norm of what rounding adds to ``W h + b``, for h of the given norm."""
        return self.affine_growth * (self.absolute * norm + self.bias)

    def evaluation_error(self, norm: PerPoint) -> PerPoint:
        """Return the 2-norm of what rounding adds to f, for h of the given norm."""
        argument = self.weight * norm + self.bias + self.affine_error(norm)
        return self.value_error * (self.steepest * argument + self.at_zero)

    def slope_errors(self, argument_error: PerPoint) -> PerPoint:
        """Bound the error of each slope, for arguments that are off by this 2-norm."""
        return self.slope_error + self.curvature * argument_error

    def scaling_error(self, argument_error: PerPoint) -> PerPoint:
        """Return the Frobenius norm of what errors of slopes add to ``W T``, for T of norm 1."""
        longest_row = (1 + self.product_growth) * (1 + self.slope_error) * self.longest_row
        rounding = self.slope_error * (self.weight + self.product_error)
        return rounding + self.curvature * argument_error * longest_row


@dataclass(frozen=True)
class _PixelTangents:
    """The tangents of the decoder's last layer: `norm` and `error`; `point_error` is that of y."""

    norm: PerPoint
    error: PerPoint
    point_error: PerPoint


class RoundingBound:
    """Bounds ``||J_computed - J||_2`` for one network, in main memory, and its type of numbers."""

    def __init__(self, network: Network) -> None:
        unit = float(np.finfo(network.encoder[0].weight.dtype).eps) / 2
        self._encoder = [_layer_norms(layer, unit) for layer in network.encoder]
        self._decoder = [_layer_norms(layer, unit) for layer in network.decoder]
        self._encoder_weights = [layer.weight.astype(np.float64) for layer in network.encoder]
        # The tangents of the decoder's first layer are its weights.
        self._first_norm = float(np.linalg.norm(network.decoder[0].weight.astype(np.float64)))
        derivatives = [self._encoder[-1].steepest]
        for layer, behind in zip(self._encoder[-2::-1], self._encoder[:0:-1], strict=True):
            derivatives.append(derivatives[-1] * behind.weight * layer.steepest)
        self._largest_derivatives = derivatives[::-1]

    def coarse(self, jacobians: ReducedJacobians) -> np.ndarray:
        """Return a bound (n,) float64 that holds for both Jacobians of each point."""
        at_x, at_z, at_y = self._norms(jacobians.input_norms)
        arguments_at_x, latent_error = _forward_errors(self._encoder, at_x, 0.0)
        pixels = self._pixel_tangents(at_z, jacobians.tangent_norm, latent_error)
        arguments_at_y, _ = _forward_errors(self._encoder, at_y, pixels.point_error)
        arguments = [*map(np.maximum, arguments_at_x, arguments_at_y)]
        return self._behind_encoder(pixels, self._largest_derivatives, arguments)

    def fine(self, jacobians: ReducedJacobians, name: str, points: np.ndarray) -> np.ndarray:
        """Return a bound (k,) float64 for the Jacobian `name`, not above the coarse one.

        It is ``"input"``, where the encoder is taken at x, or ``"latent"``, where it is at y;
        `points` (k,) are indices of points.
        """
        at_x, at_z, at_y = self._norms(jacobians.input_norms[points])
        arguments, _ = _forward_errors(self._encoder, at_x, 0.0)
        derivatives = self._measured_derivatives(_rows(jacobians.encoder_slopes, points), arguments)
        pixels = self._pixel_tangents(
            at_z, jacobians.tangent_norm[points], self._latent_error(at_x, derivatives)
        )
        if name == "latent":
            arguments, _ = _forward_errors(self._encoder, at_y, pixels.point_error)
            slopes = _rows(jacobians.reencoder_slopes, points)
            derivatives = self._measured_derivatives(slopes, arguments)
        return self._behind_encoder(pixels, derivatives, arguments)

    def _norms(self, input_norms: np.ndarray) -> list[np.ndarray]:
        """Return norms (layers, n) of what the encoder, the decoder, and the encoder at y get."""
        encoder = len(self._encoder)
        return np.split(input_norms.T, [encoder, encoder + len(self._decoder)])

    def _latent_error(self, norms: np.ndarray, derivatives: Sequence[PerPoint]) -> PerPoint:
        """Return the 2-norm (n,) of the error of z, given `_measured_derivatives` at x."""
        outward = self._outward(derivatives)
        error: PerPoint = 0.0
        for layer, derivative, behind, norm in zip(
            self._encoder, derivatives, outward, norms, strict=True
        ):
            error = error + derivative * layer.affine_error(norm)
            error = error + behind * layer.evaluation_error(norm)
        return error

    def _outward(self, derivatives: Sequence[PerPoint]) -> list[PerPoint]:
        """Return norms of D z with respect to what each layer returns, from those before slopes."""
        later = zip(derivatives[1:], self._encoder[1:], strict=True)
        return [*(derivative * layer.weight for derivative, layer in later), 1.0]

    def _pixel_tangents(
        self, norms: np.ndarray, tangent_norm: np.ndarray, latent_error: PerPoint
    ) -> _PixelTangents:
        """Follow points and tangents through the decoder, z being off by `latent_error`."""
        *hidden, last = self._decoder
        arguments, _ = _forward_errors(self._decoder, norms, latent_error)
        error = _tangent_error(hidden, self._first_norm, arguments[:-1])
        # From z on, by the derivative that was measured instead of the product of norms.
        own_arguments, _ = _forward_errors(self._decoder, norms, 0.0)
        argument = own_arguments[-1] + last.weight * (tangent_norm + error) * latent_error
        local = last.steepest * last.product_error + last.scaling_error(argument)
        return _PixelTangents(
            norm=last.computed_gain * tangent_norm,
            error=last.gain * error + local * tangent_norm,
            point_error=last.steepest * argument + last.evaluation_error(norms[-1]),
        )

    def _behind_encoder(
        self,
        pixels: _PixelTangents,
        derivatives: Sequence[PerPoint],
        arguments: Sequence[PerPoint],
    ) -> np.ndarray:
        """Add up the errors of all layers, as they arrive at the latent layer.

        The derivatives are the norms of D z with respect to the arguments of each layer of the
        encoder, whose errors are `arguments`.
        """
        error = derivatives[0] * self._encoder[0].weight * pixels.error
        norm = pixels.norm
        for layer, derivative, behind, argument in zip(
            self._encoder, derivatives, self._outward(derivatives), arguments, strict=True
        ):
            error = error + derivative * layer.product_error * norm
            error = error + behind * layer.scaling_error(argument) * norm
            norm = layer.computed_gain * norm
        return MARGIN * error

    def _measured_derivatives(
        self, slopes: Sequence[Slopes], arguments: Sequence[PerPoint]
    ) -> list[PerPoint]:
        """Return norms (k,) of D z with respect to the arguments of each layer of the encoder.

        They are taken at the computed `slopes`, to which is added how far these may be off.
        """
        last = self._encoder[-1]
        derivative, norm = np.eye(len(self._encoder_weights[-1]))[None], 1.0
        if slopes[-1] is not None:
            derivative, norm = derivative * slopes[-1][:, None, :], np.abs(slopes[-1]).max(axis=1)
        slack = last.slope_errors(arguments[-1])
        norms = [np.minimum(norm + slack, self._largest_derivatives[-1])]
        terms, absolute = 0, last.steepest
        for number in range(len(self._encoder) - 2, -1, -1):
            layer, behind = self._encoder[number : number + 2]
            slack = behind.weight * (
                layer.steepest * slack + norms[-1] * layer.slope_errors(arguments[number])
            )
            weight = self._encoder_weights[number + 1]
            derivative = derivative @ weight
            if slopes[number] is not None:
                derivative = derivative * slopes[number][:, None, :]
            absolute *= behind.absolute * (layer.steepest + layer.slope_error)
            terms += weight.shape[0] + 1
            gram = derivative @ derivative.mT
            norm = np.sqrt(np.maximum(np.linalg.eigvalsh(gram)[:, -1], 0))
            norm = norm + _growth(terms, UNIT_ROUNDOFF) * absolute + slack
            norms.append(np.minimum(norm, self._largest_derivatives[number]))
        return norms[::-1]


def _forward_errors(
    layers: Sequence[LayerNorms], norms: np.ndarray, start: PerPoint
) -> tuple[list[PerPoint], PerPoint]:
    """Return the 2-norms of the errors of each layer's arguments, and of what the last returns.

    `norms` (layers, n) are those of what the layers are given, `start` is the error of the first.
    """
    arguments, error = [], start
    for layer, norm in zip(layers, norms, strict=True):
        argument = layer.weight * error + layer.affine_error(norm)
        arguments.append(argument)
        error = layer.steepest * argument + layer.evaluation_error(norm)
    return arguments, error


def _tangent_error(
    layers: Sequence[LayerNorms], first_norm: float, arguments: Sequence[PerPoint]
) -> PerPoint:
    """Return the Frobenius norm of the error of the tangents behind the decoder's `layers`.

    `first_norm` is that of the first tangents before their slopes, which are exact.
    """
    if not layers:
        return 0.0
    first, *others = layers
    norm: PerPoint = (first.steepest + first.slope_error) * first_norm
    error: PerPoint = (
        first.slope_error * first_norm + first.curvature * arguments[0] * first.longest_row
    )
    for layer, argument in zip(others, arguments[1:], strict=True):
        local = layer.steepest * layer.product_error + layer.scaling_error(argument)
        error = layer.gain * error + local * norm
        norm = layer.computed_gain * norm
    return error


def _layer_norms(layer: DenseLayer, unit: float) -> LayerNorms:
    weight = layer.weight.astype(np.float64)
    bias = np.zeros(1) if layer.bias is None else layer.bias.astype(np.float64)
    activation = layer.activation
    outputs, inputs = weight.shape
    return LayerNorms(
        weight=float(np.linalg.norm(weight, 2)),
        absolute=float(np.linalg.norm(np.abs(weight), 2)),
        longest_row=float(np.linalg.norm(weight, axis=1).max()),
        bias=float(np.linalg.norm(bias)),
        product_growth=_growth(inputs, unit),
        affine_growth=_growth(inputs + 1, unit),
        steepest=activation.steepest,
        curvature=activation.curvature,
        at_zero=activation.at_zero * math.sqrt(outputs),
        slope_error=activation.slope_roundings * unit,
        value_error=activation.value_roundings * unit,
    )


def _growth(terms: int, unit: float) -> float:
    """Return g_k, which bounds the relative error of a sum of k products (Higham, lemma 3.1)."""
    return terms * unit / (1 - terms * unit)


def _rows(slopes: Sequence[Slopes], points: np.ndarray) -> list[Slopes]:
    return [None if slope is None else slope[points] for slope in slopes]
