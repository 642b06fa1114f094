"""Both Jacobians of an autoencoder in latent coordinates, by the chain rule in forward mode.

With ``z = enc(x)``, ``y = dec(z)`` and D for a derivative, the nonzero eigenvalues of the 784 x 784
matrix ``D dec(z) D enc(x)`` are those of the d x d matrix ``D enc(x) D dec(z)``, because AB and BA
have the same nonzero spectrum. It differs from ``D enc(y) D dec(z)``, the Jacobian of ``enc o dec``
at z, only in where the encoder is differentiated: in its masks of active units. So d tangents a
point go through the decoder, tanh and the encoder's first weights once, and from there twice.

A tangent is a row, and the tangents of a block of points are one matrix, so that every layer is one
matrix multiplication with weights that all points share, followed by a scaling of the rows.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from jacspec.spectra.layers import LinearStack, Network

# Tangents that go through the pixels, the widest layer, together: 512 x 784 doubles are 3 MiB,
# enough for multiplications to run at full speed, and few enough to stay in the cache of one core.
# With few tangents a point, the points themselves, 784 doubles each, are what must stay there.
PIXEL_ROWS = 512
PIXEL_POINTS = 256


@dataclass(frozen=True)
class ForwardPass:
    """n points on their way through a stack of layers.

    `inputs[l]` (n, width) is what layer l is given, `slopes[l]` (n, width) the derivative of the
    activation behind it, 0 or 1, and `output` (n, width) what the last layer returns.
    """

    inputs: tuple[Tensor, ...]
    slopes: tuple[Tensor, ...]
    output: Tensor


@dataclass(frozen=True)
class ReducedJacobians:
    """What the chain rule finds at n points; tensors on one device.

    `input` and `latent` (n, d, d) are ``D enc(x) D dec(z)`` and ``D enc(y) D dec(z)``. The slopes
    are those of `ForwardPass`: of the encoder at x, the decoder at z, and the encoder at y.
    `latent_points` (n, d) is z and `reconstruction_error` (n,) float64 ``|y - x|^2``. For the bound
    of rounding errors: `input_norms` (n, layers) float64 are the 2-norms of what the layers of
    encoder and decoder are given, and `tangent_norm` (n,) float64 is the Frobenius norm of the
    derivative of the decoder's last hidden layer.
    """

    input: Tensor
    latent: Tensor
    encoder_slopes: tuple[Tensor, ...]
    decoder_slopes: tuple[Tensor, ...]
    reencoder_slopes: tuple[Tensor, ...]
    latent_points: Tensor
    reconstruction_error: Tensor
    input_norms: Tensor
    tangent_norm: Tensor

    def part(self, start: int, stop: int) -> "ReducedJacobians":
        """Return the points `start` to `stop - 1`."""
        return self._mapped(lambda tensor: tensor[start:stop])

    def in_main_memory(self) -> "ReducedJacobians":
        """Return copies in page-locked main memory, which a GPU fills at full speed."""
        return self._mapped(
            lambda tensor: torch.empty_like(tensor, device="cpu", pin_memory=True).copy_(tensor)
        )

    def _mapped(self, function: Callable[[Tensor], Tensor]) -> "ReducedJacobians":
        def mapped(value: Tensor | tuple[Tensor, ...]) -> Tensor | tuple[Tensor, ...]:
            return tuple(map(function, value)) if isinstance(value, tuple) else function(value)

        return ReducedJacobians(
            **{field.name: mapped(getattr(self, field.name)) for field in fields(self)}
        )


def points_through_pixels(latent_dim: int) -> int:
    """Return the number of points whose tangents go through the pixels together."""
    return max(1, min(PIXEL_ROWS // latent_dim, PIXEL_POINTS))


def points_of_block(latent_dim: int) -> int:
    """Return the number of points that are best computed together: up to 4 such groups."""
    group = points_through_pixels(latent_dim)
    return group * max(1, min(4, PIXEL_POINTS // group))


def forward_pass(stack: LinearStack, points: Tensor, out: Tensor | None = None) -> ForwardPass:
    """Send `points` (n, inputs) through `stack`; at 0 the derivative of ReLU counts as 1.

    The output goes to `out` (n, outputs), if that is given.
    """
    inputs, slopes = [points], []
    *hidden, last = zip(stack.weights, stack.biases, strict=True)
    for weight, bias in hidden:
        activation = torch.addmm(bias, inputs[-1], weight.T)
        if stack.rectified:
            # Written as a number at once: converting a mask later is several times slower.
            slope = torch.ge(activation, 0, out=torch.empty_like(activation))
            activation.relu_()
        else:
            slope = torch.ones_like(activation)
        inputs.append(activation)
        slopes.append(slope)
    weight, bias = last
    output = torch.addmm(bias, inputs[-1], weight.T, out=out)
    return ForwardPass(tuple(inputs), tuple(slopes), output)


class JacobianChain:
    """The chain rule for blocks of up to `block_points` points, with memory of its own.

    One thread uses it at a time. The tangents of `pixel_points` go through the pixels together.
    """

    def __init__(
        self, network: Network, block_points: int, pixel_points: int | None = None
    ) -> None:
        latent_dim = network.latent_dim
        self._network = network
        self._pixel_points = min(block_points, pixel_points or points_through_pixels(latent_dim))
        self._one = network.encoder.weights[0].new_ones(())
        self._reconstruction, self._pixel_slopes = (
            _rows(block_points, network.decoder.weights[-1]) for _ in range(2)
        )
        rows = block_points * latent_dim
        self._decoder_tangents = [_rows(rows, weight) for weight in network.decoder.weights[:-1]]
        self._pixel_tangents = _rows(self._pixel_points * latent_dim, network.decoder.weights[-1])
        self._first_tangents = _rows(rows, network.encoder.weights[0])
        self._encoder_tangents = [_rows(rows, weight) for weight in network.encoder.weights[:-1]]

    def __call__(self, points: Tensor) -> ReducedJacobians:
        """Return both Jacobians at `points` (n, pixels), of the type and device of the weights."""
        network = self._network
        encoding = forward_pass(network.encoder, points)
        reconstruction = self._reconstruction[: len(points)]
        decoding = forward_pass(network.decoder, encoding.output, out=reconstruction)
        if network.tanh_output:
            reconstruction.tanh_()
            pixel_slopes = self._pixel_slopes[: len(points)]
            torch.addcmul(self._one, reconstruction, reconstruction, value=-1, out=pixel_slopes)
        else:
            pixel_slopes = self._one.expand_as(reconstruction)
        reencoding = forward_pass(network.encoder, reconstruction)

        tangents = self._through_decoder(decoding.slopes)
        first_tangents = self._through_pixels(tangents, pixel_slopes)
        return ReducedJacobians(
            input=self._through_encoder(first_tangents, encoding.slopes),
            latent=self._through_encoder(first_tangents, reencoding.slopes),
            encoder_slopes=encoding.slopes,
            decoder_slopes=decoding.slopes,
            reencoder_slopes=reencoding.slopes,
            latent_points=encoding.output,
            reconstruction_error=_norm(reconstruction.sub_(points)).square(),
            input_norms=torch.stack(
                [_norm(values) for values in (*encoding.inputs, *decoding.inputs)], dim=1
            ),
            tangent_norm=_norm(tangents.unflatten(0, (len(points), -1))),
        )

    def _through_decoder(self, slopes: tuple[Tensor, ...]) -> Tensor:
        """Return the tangents (n * d, width) of the decoder's last hidden layer."""
        weights = self._network.decoder.weights
        points, latent_dim = len(slopes[0]), self._network.latent_dim
        tangents = self._decoder_tangents[0][: points * latent_dim]
        torch.mul(
            weights[0].T, slopes[0][:, None, :], out=tangents.unflatten(0, (points, latent_dim))
        )
        for weight, slope, buffer in zip(
            weights[1:-1], slopes[1:], self._decoder_tangents[1:], strict=True
        ):
            tangents = torch.mm(tangents, weight.T, out=buffer[: len(tangents)])
            _scale(tangents, slope)
        return tangents

    def _through_pixels(self, tangents: Tensor, pixel_slopes: Tensor) -> Tensor:
        """Return the tangents (n * d, width) of the encoder's first layer, before its masks.

        Tangents go through the pixels a few points at a time, so that the widest matrix of all
        is scaled while it is in the cache.
        """
        into_pixels = self._network.decoder.weights[-1].T
        out_of_pixels = self._network.encoder.weights[0].T
        latent_dim = self._network.latent_dim
        result = self._first_tangents[: len(tangents)]
        for start in range(0, len(pixel_slopes), self._pixel_points):
            slopes = pixel_slopes[start : start + self._pixel_points]
            rows = slice(start * latent_dim, (start + len(slopes)) * latent_dim)
            pixels = self._pixel_tangents[: len(slopes) * latent_dim]
            torch.mm(tangents[rows], into_pixels, out=pixels)
            _scale(pixels, slopes)
            torch.mm(pixels, out_of_pixels, out=result[rows])
        return result

    def _through_encoder(self, first_tangents: Tensor, slopes: tuple[Tensor, ...]) -> Tensor:
        """Return the Jacobians (n, d, d) from the tangents of the encoder's first layer."""
        weights = self._network.encoder.weights
        points = len(slopes[0])
        tangents = self._encoder_tangents[0][: len(first_tangents)]
        torch.mul(
            first_tangents.unflatten(0, (points, -1)),
            slopes[0][:, None, :],
            out=tangents.unflatten(0, (points, -1)),
        )
        for weight, slope, buffer in zip(
            weights[1:-1], slopes[1:], self._encoder_tangents[1:], strict=True
        ):
            tangents = torch.mm(tangents, weight.T, out=buffer[: len(tangents)])
            _scale(tangents, slope)
        # Row j of a point holds the derivative with respect to z_j, column j of the Jacobian.
        return torch.mm(tangents, weights[-1].T).unflatten(0, (points, -1)).mT


def _rows(rows: int, weight: Tensor) -> Tensor:
    """Return memory for `rows` rows of what a layer with `weight` returns."""
    return weight.new_empty(rows, len(weight))


def _scale(tangents: Tensor, slopes: Tensor) -> None:
    """Multiply the tangents (n * d, width) of each point by its slopes (n, width), in place."""
    tangents.unflatten(0, (len(slopes), -1)).mul_(slopes[:, None, :])


def _norm(values: Tensor) -> Tensor:
    """Return the 2-norm (n,) of all values of each point, float64."""
    dimensions = tuple(range(1, values.ndim))
    # Naming the type that the values have already would cost a slower path through PyTorch.
    dtype = None if values.dtype == torch.float64 else torch.float64
    return torch.linalg.vector_norm(values, dim=dimensions, dtype=dtype)
