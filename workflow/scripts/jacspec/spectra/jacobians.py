"""Both Jacobians of an autoencoder in latent coordinates, by the chain rule in forward mode.

With ``z = enc(x)``, ``y = dec(z)`` and D for a derivative, the nonzero eigenvalues of the 784 x 784
matrix ``D dec(z) D enc(x)`` are those of the d x d matrix ``D enc(x) D dec(z)``, because AB and BA
have the same nonzero spectrum. It differs from ``D enc(y) D dec(z)``, the Jacobian of ``enc o dec``
at z, only in where the encoder is differentiated: in its masks of active units. So d tangents a
point go through the decoder, tanh and the encoder's first weights once, and from there twice.

A tangent is a row, and the tangents of a block of points are one matrix, so that every layer is one
matrix multiplication with weights that all points share, followed by a scaling of the rows.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from jacspec.spectra.layers import LinearStack, Network

# Tangents that go through all layers together: 512 x 784 doubles, at the pixels, are 3 MiB, enough
# for multiplications to run at full speed, and few enough to stay in the cache of one core.
GROUP_ROWS = 512
# Points that go through the network together, and the most whose tangents do.
BLOCK_POINTS = 256


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


def points_of_group(latent_dim: int) -> int:
    """Return the number of points whose tangents are best sent through the layers together."""
    return max(1, min(GROUP_ROWS // latent_dim, BLOCK_POINTS))


def points_of_block(latent_dim: int) -> int:
    """Return the number of points that are best computed together: some whole groups."""
    group = points_of_group(latent_dim)
    return BLOCK_POINTS // group * group


def forward_pass(stack: LinearStack, points: Tensor, out: Tensor | None = None) -> ForwardPass:
    """Send `points` (n, inputs) through `stack`; at 0 the derivative of ReLU counts as 1.

    The output goes to `out` (n, outputs), if that is given.
    """
    inputs, slopes = [points], []
    *hidden, last = zip(stack.weights, stack.biases, strict=True)
    for weight, bias in hidden:
        activation = torch.mm(inputs[-1], weight.T).add_(bias)
        if stack.rectified:
            # Written as a number at once: converting a mask later is several times slower.
            slope = torch.ge(activation, 0, out=torch.empty_like(activation))
            activation.relu_()
        else:
            slope = torch.ones_like(activation)
        inputs.append(activation)
        slopes.append(slope)
    weight, bias = last
    # Not addmm, which fills the output with the bias first: more memory to write and read.
    output = torch.mm(inputs[-1], weight.T, out=out).add_(bias)
    return ForwardPass(tuple(inputs), tuple(slopes), output)


@dataclass(frozen=True)
class _Tangents:
    """Memory for the tangents of n points behind one layer.

    `rows` is (n * d, width); `by_point` (n, d, width) is the same memory.
    """

    rows: Tensor
    by_point: Tensor

    @classmethod
    def in_memory(cls, by_point: Tensor) -> "_Tangents":
        """Return tangents in the memory `by_point` (n, d, width)."""
        return cls(by_point.flatten(0, 1), by_point)

    def of_first(self, points: int) -> "_Tangents":
        """Return those of the first `points` points."""
        return self if points == len(self.by_point) else self.in_memory(self.by_point[:points])


class JacobianChain:
    """The chain rule for blocks of up to `block_points` points, with memory of its own.

    One thread uses it at a time. The points go through the network together, their tangents in
    groups of `group_points`, whose every layer is still in the cache when the next one needs it.
    """

    def __init__(
        self, network: Network, block_points: int, group_points: int | None = None
    ) -> None:
        self._network = network
        self._group_points = min(block_points, group_points or points_of_group(network.latent_dim))
        encoder, decoder = network.encoder.weights, network.decoder.weights
        self._one = encoder[0].new_ones(())
        self._reconstruction = encoder[0].new_empty(block_points, network.input_dim)
        self._pixel_slopes = torch.empty_like(self._reconstruction)
        self._first_tangents = decoder[0].T
        self._into_hidden = [weight.T for weight in decoder[1:-1]]
        self._into_pixels = decoder[-1].T
        self._into_encoder = encoder[0].T
        self._into_latent = [weight.T for weight in encoder[1:]]
        self._hidden = [self._memory_behind(weight) for weight in decoder[:-1]]
        self._pixels = self._memory_behind(decoder[-1])
        self._before_masks = self._memory_behind(encoder[0])
        self._behind_masks = [self._memory_behind(weight) for weight in encoder[:-1]]

    def _memory_behind(self, weight: Tensor) -> _Tangents:
        shape = (self._group_points, self._network.latent_dim, len(weight))
        return _Tangents.in_memory(weight.new_empty(shape))

    def __call__(self, points: Tensor) -> ReducedJacobians:
        """Return both Jacobians at `points` (n, pixels), of the type and device of the weights."""
        network = self._network
        reconstruction = self._reconstruction[: len(points)]
        encoding = forward_pass(network.encoder, points)
        decoding = forward_pass(network.decoder, encoding.output, out=reconstruction)
        if network.tanh_output:
            reconstruction.tanh_()
            pixel_slopes = self._pixel_slopes[: len(points)]
            torch.addcmul(self._one, reconstruction, reconstruction, value=-1, out=pixel_slopes)
        else:
            pixel_slopes = self._one.expand_as(reconstruction)
        reencoding = forward_pass(network.encoder, reconstruction)
        shape = (len(points), network.latent_dim, network.latent_dim)
        # Row j of a point is the derivative with respect to z_j, column j of the Jacobian.
        input_rows, latent_rows = (points.new_empty(shape) for _ in range(2))
        tangent_norm = points.new_empty(len(points), dtype=torch.float64)
        groups = zip(
            self._groups(decoding.slopes),
            self._groups([pixel_slopes]),
            self._groups(encoding.slopes),
            self._groups(reencoding.slopes),
            tangent_norm.split(self._group_points),
            input_rows.split(self._group_points),
            latent_rows.split(self._group_points),
            strict=True,
        )
        for decoder, (pixels,), encoder, reencoder, norm, *results in groups:
            hidden = self._through_decoder(decoder)
            norm.copy_(_norm(hidden.by_point))
            tangents = self._through_pixels(hidden, pixels)
            for slopes, result in zip((encoder, reencoder), results, strict=True):
                self._through_encoder(tangents, slopes, result)
        return ReducedJacobians(
            input=input_rows.mT,
            latent=latent_rows.mT,
            encoder_slopes=encoding.slopes,
            decoder_slopes=decoding.slopes,
            reencoder_slopes=reencoding.slopes,
            latent_points=encoding.output,
            reconstruction_error=_norm(reconstruction.sub_(points)).square(),
            input_norms=torch.stack(
                [_norm(values) for values in (*encoding.inputs, *decoding.inputs)], dim=1
            ),
            tangent_norm=tangent_norm,
        )

    def _groups(self, slopes: Sequence[Tensor]) -> Iterator[tuple[Tensor, ...]]:
        """Return for each group its slopes (points, 1, width) behind every layer."""
        return zip(*(slope[:, None].split(self._group_points) for slope in slopes), strict=True)

    def _through_decoder(self, slopes: Sequence[Tensor]) -> _Tangents:
        """Return the tangents of the decoder's last hidden layer."""
        tangents, *memory = (behind.of_first(len(slopes[0])) for behind in self._hidden)
        torch.mul(self._first_tangents, slopes[0], out=tangents.by_point)
        return _through_layers(tangents, self._into_hidden, slopes[1:], memory)

    def _through_pixels(self, tangents: _Tangents, slopes: Tensor) -> _Tangents:
        """Return the tangents of the encoder's first layer, before its masks."""
        points = len(slopes)
        pixels = self._pixels.of_first(points)
        before_masks = self._before_masks.of_first(points)
        _through_layers(tangents, [self._into_pixels], [slopes], [pixels])
        torch.mm(pixels.rows, self._into_encoder, out=before_masks.rows)
        return before_masks

    def _through_encoder(
        self, before_masks: _Tangents, slopes: Sequence[Tensor], result: Tensor
    ) -> None:
        """Fill `result` (n, d, d) with the tangents of the latent layer."""
        tangents, *memory = (behind.of_first(len(result)) for behind in self._behind_masks)
        torch.mul(before_masks.by_point, slopes[0], out=tangents.by_point)
        tangents = _through_layers(tangents, self._into_latent[:-1], slopes[1:], memory)
        torch.mm(tangents.rows, self._into_latent[-1], out=result.flatten(0, 1))


def _through_layers(
    tangents: _Tangents,
    matrices: Sequence[Tensor],
    slopes: Sequence[Tensor],
    memory: Sequence[_Tangents],
) -> _Tangents:
    """Multiply the tangents by each matrix (inputs, width) and the slopes (n, 1, width) behind it.

    The tangents behind each layer go to its `memory`; the last ones are returned.
    """
    for matrix, slope, behind in zip(matrices, slopes, memory, strict=True):
        torch.mm(tangents.rows, matrix, out=behind.rows)
        behind.by_point.mul_(slope)
        tangents = behind
    return tangents


def _norm(values: Tensor) -> Tensor:
    """Return the 2-norm (n,) of all values of each point, float64."""
    dimensions = tuple(range(1, values.ndim))
    # Naming the type that the values have already would cost a slower path through PyTorch.
    dtype = None if values.dtype == torch.float64 else torch.float64
    return torch.linalg.vector_norm(values, dim=dimensions, dtype=dtype)
