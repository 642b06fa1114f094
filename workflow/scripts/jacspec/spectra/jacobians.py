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

from jacspec.models.network import Array, LinearStack, Network, namespace_of

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

    inputs: tuple[Array, ...]
    slopes: tuple[Array, ...]
    output: Array


@dataclass(frozen=True)
class ReducedJacobians:
    """What the chain rule finds at n points.

    `input` and `latent` (n, d, d) are ``D enc(x) D dec(z)`` and ``D enc(y) D dec(z)``. The slopes
    are those of `ForwardPass`: of the encoder at x, the decoder at z, and the encoder at y.
    `latent_points` (n, d) is z and `reconstruction_error` (n,) float64 ``|y - x|^2``. For the bound
    of rounding errors: `input_norms` (n, layers) float64 are the 2-norms of what the layers of
    encoder and decoder are given, and `tangent_norm` (n,) float64 is the Frobenius norm of the
    derivative of the decoder's last hidden layer.
    """

    input: Array
    latent: Array
    encoder_slopes: tuple[Array, ...]
    decoder_slopes: tuple[Array, ...]
    reencoder_slopes: tuple[Array, ...]
    latent_points: Array
    reconstruction_error: Array
    input_norms: Array
    tangent_norm: Array

    def part(self, start: int, stop: int) -> "ReducedJacobians":
        """Return the points `start` to `stop - 1`."""
        return self.mapped(lambda array: array[start:stop])

    def in_main_memory(self) -> "ReducedJacobians":
        """Return NumPy's arrays, in page-locked memory, which a GPU fills at full speed."""
        import torch

        locked = torch.cuda.is_available()
        return self.mapped(
            lambda tensor: (
                torch.empty_like(tensor, device="cpu", pin_memory=locked).copy_(tensor).numpy()
            )
        )

    def mapped(self, function: Callable[[Array], Array]) -> "ReducedJacobians":
        """Return what `function` makes of each array."""

        def of(value: Array | tuple[Array, ...]) -> Array | tuple[Array, ...]:
            return tuple(map(function, value)) if isinstance(value, tuple) else function(value)

        return ReducedJacobians(
            **{field.name: of(getattr(self, field.name)) for field in fields(self)}
        )


def points_of_group(latent_dim: int) -> int:
    """Return the number of points whose tangents are best sent through the layers together."""
    return max(1, min(GROUP_ROWS // latent_dim, BLOCK_POINTS))


def points_of_block(latent_dim: int) -> int:
    """Return the number of points that are best computed together: some whole groups."""
    group = points_of_group(latent_dim)
    return BLOCK_POINTS // group * group


def forward_pass(stack: LinearStack, points: Array, out: Array | None = None) -> ForwardPass:
    """Send `points` (n, inputs) through `stack`; at 0 the derivative of ReLU counts as 1.

    The output goes to `out` (n, outputs), if that is given.
    """
    library = namespace_of(points)
    inputs, slopes = [points], []
    *hidden, last = zip(stack.weights, stack.biases, strict=True)
    for weight, bias in hidden:
        activation = library.matmul(inputs[-1], weight.T)
        activation += bias
        if stack.rectified:
            # Written as a number at once: converting a mask later is several times slower.
            slope = library.greater_equal(activation, 0, out=library.empty_like(activation))
            library.clip(activation, 0, None, out=activation)
        else:
            slope = library.ones_like(activation)
        inputs.append(activation)
        slopes.append(slope)
    weight, bias = last
    output = library.matmul(inputs[-1], weight.T, out=out)
    output += bias
    return ForwardPass(tuple(inputs), tuple(slopes), output)


@dataclass(frozen=True)
class _Tangents:
    """Memory for the tangents of n points behind one layer.

    `rows` is (n * d, width); `by_point` (n, d, width) is the same memory.
    """

    rows: Array
    by_point: Array

    @classmethod
    def in_memory(cls, by_point: Array) -> "_Tangents":
        """Return tangents in the memory `by_point` (n, d, width)."""
        return cls(_rows(by_point), by_point)

    def of_first(self, points: int) -> "_Tangents":
        """Return those of the first `points` points."""
        return self if points == len(self.by_point) else self.in_memory(self.by_point[:points])


class JacobianChain:
    """The chain rule for blocks of up to `block_points` points, with memory of its own.

    One thread uses it at a time. The points go through the network together, their tangents in
    groups of `group_points`, whose every layer is still in the cache when the next one needs it.
    Arrays are of the library that those of `network` are of, NumPy or torch.
    """

    def __init__(
        self, network: Network, block_points: int, group_points: int | None = None
    ) -> None:
        self._network = network
        self._group_points = min(block_points, group_points or points_of_group(network.latent_dim))
        encoder, decoder = network.encoder.weights, network.decoder.weights
        self._library = namespace_of(encoder[0])
        self._reconstruction = self._empty(block_points, network.input_dim)
        self._pixel_slopes = self._library.ones_like(self._reconstruction)
        self._first_tangents = decoder[0].T
        self._into_hidden = [weight.T for weight in decoder[1:-1]]
        self._into_pixels = decoder[-1].T
        self._into_encoder = encoder[0].T
        self._into_latent = [weight.T for weight in encoder[1:]]
        self._hidden = [self._memory_behind(weight) for weight in decoder[:-1]]
        self._pixels = self._memory_behind(decoder[-1])
        self._before_masks = self._memory_behind(encoder[0])
        self._behind_masks = [self._memory_behind(weight) for weight in encoder[:-1]]

    def _empty(self, *shape: int) -> Array:
        """Return memory of the type and on the device of the weights."""
        bias = self._network.encoder.biases[0]
        return self._library.empty(shape, dtype=bias.dtype, device=bias.device)

    def _memory_behind(self, weight: Array) -> _Tangents:
        return _Tangents.in_memory(
            self._empty(self._group_points, self._network.latent_dim, len(weight))
        )

    def __call__(self, points: Array) -> ReducedJacobians:
        """Return both Jacobians at `points` (n, pixels), of the type and device of the weights."""
        network = self._network
        reconstruction = self._reconstruction[: len(points)]
        encoding = forward_pass(network.encoder, points)
        decoding = forward_pass(network.decoder, encoding.output, out=reconstruction)
        pixel_slopes = self._pixel_slopes[: len(points)]
        if network.tanh_output:
            self._library.tanh(reconstruction, out=reconstruction)
            self._library.multiply(reconstruction, reconstruction, out=pixel_slopes)
            self._library.negative(pixel_slopes, out=pixel_slopes)
            pixel_slopes += 1
        reencoding = forward_pass(network.encoder, reconstruction)
        # Row j of a point is the derivative with respect to z_j, column j of the Jacobian.
        input_rows, latent_rows = (
            self._empty(len(points), network.latent_dim, network.latent_dim) for _ in range(2)
        )
        tangent_norms = []
        for group in self._groups(len(points)):
            hidden = self._through_decoder(_of_points(decoding.slopes, group))
            tangent_norms.append(_norm(hidden.by_point))
            tangents = self._through_pixels(hidden, *_of_points([pixel_slopes], group))
            for slopes, rows in (
                (encoding.slopes, input_rows),
                (reencoding.slopes, latent_rows),
            ):
                self._through_encoder(tangents, _of_points(slopes, group), rows[group])
        reconstruction -= points
        return ReducedJacobians(
            input=input_rows.mT,
            latent=latent_rows.mT,
            encoder_slopes=encoding.slopes,
            decoder_slopes=decoding.slopes,
            reencoder_slopes=reencoding.slopes,
            latent_points=encoding.output,
            reconstruction_error=_squared_norm(reconstruction),
            input_norms=self._library.stack(
                [_norm(values) for values in (*encoding.inputs, *decoding.inputs)], 1
            ),
            tangent_norm=self._library.concatenate(tangent_norms),
        )

    def _groups(self, points: int) -> Iterator[slice]:
        size = self._group_points
        return (slice(start, start + size) for start in range(0, points, size))

    def _through_decoder(self, slopes: Sequence[Array]) -> _Tangents:
        """Return the tangents of the decoder's last hidden layer."""
        tangents, *memory = (behind.of_first(len(slopes[0])) for behind in self._hidden)
        self._library.multiply(self._first_tangents, slopes[0], out=tangents.by_point)
        return self._through_layers(tangents, self._into_hidden, slopes[1:], memory)

    def _through_pixels(self, tangents: _Tangents, slopes: Array) -> _Tangents:
        """Return the tangents of the encoder's first layer, before its masks."""
        points = len(slopes)
        pixels = self._pixels.of_first(points)
        before_masks = self._before_masks.of_first(points)
        self._through_layers(tangents, [self._into_pixels], [slopes], [pixels])
        self._library.matmul(pixels.rows, self._into_encoder, out=before_masks.rows)
        return before_masks

    def _through_encoder(
        self, before_masks: _Tangents, slopes: Sequence[Array], result: Array
    ) -> None:
        """Fill `result` (n, d, d) with the tangents of the latent layer."""
        tangents, *memory = (behind.of_first(len(result)) for behind in self._behind_masks)
        self._library.multiply(before_masks.by_point, slopes[0], out=tangents.by_point)
        tangents = self._through_layers(tangents, self._into_latent[:-1], slopes[1:], memory)
        self._library.matmul(tangents.rows, self._into_latent[-1], out=_rows(result))

    def _through_layers(
        self,
        tangents: _Tangents,
        matrices: Sequence[Array],
        slopes: Sequence[Array],
        memory: Sequence[_Tangents],
    ) -> _Tangents:
        """Multiply the tangents by each matrix (inputs, width) and the slopes (n, 1, width) behind.

        The tangents behind each layer go to its `memory`; the last ones are returned.
        """
        for matrix, slope, behind in zip(matrices, slopes, memory, strict=True):
            self._library.matmul(tangents.rows, matrix, out=behind.rows)
            self._library.multiply(behind.by_point, slope, out=behind.by_point)
            tangents = behind
        return tangents


def _of_points(slopes: Sequence[Array], points: slice) -> list[Array]:
    """Return the slopes (n, 1, width) of some points behind every layer."""
    return [slope[points, None] for slope in slopes]


def _rows(by_point: Array) -> Array:
    """Return (n, d, width), which is contiguous, as (n * d, width) in the same memory."""
    points, latent_dim, width = by_point.shape
    return by_point.reshape(points * latent_dim, width)


def _squared_norm(values: Array) -> Array:
    """Return the square of the 2-norm (n,) of all values of each point, float64."""
    library = namespace_of(values)
    flat = values.reshape(len(values), -1)
    if flat.dtype != library.float64:
        flat = library.asarray(flat, dtype=library.float64)
    return library.einsum("ij,ij->i", flat, flat)


def _norm(values: Array) -> Array:
    """Return the 2-norm (n,) of all values of each point, float64."""
    return namespace_of(values).sqrt(_squared_norm(values))
