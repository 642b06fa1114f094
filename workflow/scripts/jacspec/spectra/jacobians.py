"""Both Jacobians of an autoencoder in latent coordinates, by the chain rule in forward mode.

With ``z = enc(x)``, ``y = dec(z)`` and D for a derivative, the nonzero eigenvalues of the 784 x 784
matrix ``D dec(z) D enc(x)`` are those of the d x d matrix ``D enc(x) D dec(z)``, because AB and BA
have the same nonzero spectrum. It differs from ``D enc(y) D dec(z)``, the Jacobian of ``enc o dec``
at z, only in where the encoder is differentiated: in the slopes of its activations. So d tangents a
point go through the decoder and the encoder's first weights once, and from there twice.

A tangent is a row, and the tangents of a block of points are one matrix, so that every layer is one
matrix multiplication with weights that all points share, followed by a scaling of the rows.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields

from jacspec.models.activations import Array, namespace_of
from jacspec.models.network import DenseLayer, Layers, Network

# Tangents that go through all layers together: 512 x 784 doubles, at the pixels, are 3 MiB, enough
# for multiplications to run at full speed, and few enough to stay in the cache of one core.
GROUP_ROWS = 512
# Points that go through the network together, and the most whose tangents do.
BLOCK_POINTS = 256

# Slopes (n, width) of the activation of a layer, or None where all of them are 1.
Slopes = Array | None


@dataclass(frozen=True)
class ForwardPass:
    """n points on their way through layers.

    `inputs[l]` (n, width) is what layer l is given, `slopes[l]` what its activation's slopes are,
    and `output` (n, width) what the last layer returns.
    """

    inputs: tuple[Array, ...]
    slopes: tuple[Slopes, ...]
    output: Array


@dataclass(frozen=True)
class ReducedJacobians:
    """What the chain rule finds at n points.

    `input` and `latent` (n, d, d) are ``D enc(x) D dec(z)`` and ``D enc(y) D dec(z)``; they have no
    rank above `rank_bound_input` and `rank_bound_latent` (n,). `encoder_slopes` and
    `reencoder_slopes` are those of the encoder at x and at y; `same_pattern` (n,) bool says whether
    they are equal, and is False where they are not of straight lines. `latent_points` (n, d) is z
    and `reconstruction_error` (n,) float64 ``|y - x|^2``. For the bound of rounding errors:
    `input_norms` (n, layers) float64 are the 2-norms of what the layers of the encoder, the decoder
    and the encoder at y are given, and `tangent_norm` (n,) float64 is the Frobenius norm of the
    derivative of what the decoder's last layer is given.
    """

    input: Array
    latent: Array
    rank_bound_input: Array
    rank_bound_latent: Array
    encoder_slopes: tuple[Slopes, ...]
    reencoder_slopes: tuple[Slopes, ...]
    same_pattern: Array
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

        def of(value: Slopes | tuple[Slopes, ...]) -> Slopes | tuple[Slopes, ...]:
            if isinstance(value, tuple):
                return tuple(map(of, value))
            return None if value is None else function(value)

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


def forward_pass(layers: Layers, points: Array, out: Array | None = None) -> ForwardPass:
    """Send `points` (n, inputs) through `layers`; `out` (n, outputs) is memory for the end."""
    inputs, slopes, values = [], [], points
    for number, layer in enumerate(layers, 1):
        inputs.append(values)
        arguments = layer.arguments(values, out if number == len(layers) else None)
        values, slope = layer.activation.evaluate(arguments)
        slopes.append(slope)
    return ForwardPass(tuple(inputs), tuple(slopes), values)


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
        weight = network.encoder[0].weight
        self._library = namespace_of(weight)
        self._numbers = {"dtype": weight.dtype, "device": weight.device}
        self._reconstruction = self._empty(block_points, network.input_dim)
        self._behind_decoder = [self._memory_behind(layer) for layer in network.decoder]
        self._shared = self._memory_behind(network.encoder[0])
        self._behind_encoder = [self._memory_behind(layer) for layer in network.encoder[:-1]]

    def _empty(self, *shape: int) -> Array:
        """Return memory of the type and on the device of the weights."""
        return self._library.empty(shape, **self._numbers)

    def _memory_behind(self, layer: DenseLayer) -> _Tangents:
        shape = (self._group_points, self._network.latent_dim, len(layer.weight))
        return _Tangents.in_memory(self._empty(*shape))

    def __call__(self, points: Array) -> ReducedJacobians:
        """Return both Jacobians at `points` (n, inputs), of the type and device of the weights."""
        network, library = self._network, self._library
        encoding = forward_pass(network.encoder, points)
        decoding = forward_pass(
            network.decoder, encoding.output, out=self._reconstruction[: len(points)]
        )
        reencoding = forward_pass(network.encoder, decoding.output)
        inputs = (*encoding.inputs, *decoding.inputs, *reencoding.inputs)
        input_norms = library.stack([_norm(values) for values in inputs], 1)
        # Row j of a point is the derivative with respect to z_j, column j of the Jacobian.
        input_rows, latent_rows = (
            self._empty(len(points), network.latent_dim, network.latent_dim) for _ in range(2)
        )
        tangent_norms = []
        for group in self._groups(len(points)):
            rows = input_rows[group], latent_rows[group]
            shared, tangent_norm = self._through_decoder(_of(decoding, group), len(rows[0]))
            for passed, result in zip((encoding, reencoding), rows, strict=True):
                self._through_encoder(shared, _of(passed, group), result)
            tangent_norms.append(tangent_norm)
        distances = decoding.output
        distances -= points
        return ReducedJacobians(
            input=input_rows.mT,
            latent=latent_rows.mT,
            rank_bound_input=self._rank_bound(encoding, decoding),
            rank_bound_latent=self._rank_bound(reencoding, decoding),
            encoder_slopes=encoding.slopes,
            reencoder_slopes=reencoding.slopes,
            same_pattern=self._same_pattern(encoding, reencoding),
            latent_points=encoding.output,
            reconstruction_error=_squared_norm(distances),
            input_norms=input_norms,
            tangent_norm=library.concatenate(tangent_norms),
        )

    def _groups(self, points: int) -> Iterator[slice]:
        size = self._group_points
        return (slice(start, start + size) for start in range(0, points, size))

    def _through_decoder(self, slopes: Sequence[Slopes], points: int) -> tuple[_Tangents, Array]:
        """Return the tangents of the encoder's first layer, before its slopes, and a norm.

        That is the Frobenius norm (n,) of the tangents that the decoder's last layer is given.
        """
        first, *others = self._network.decoder
        memory = [behind.of_first(points) for behind in self._behind_decoder]
        tangents = self._scaled(first.weight.T, slopes[0], memory[0])
        if others:
            tangents = self._through_layers(tangents, others[:-1], slopes[1:-1], memory[1:-1])
            norm = _norm(tangents.by_point)
            tangents = self._through_layers(tangents, others[-1:], slopes[-1:], memory[-1:])
        else:
            size = math.sqrt(self._network.latent_dim)
            numbers = {**self._numbers, "dtype": self._library.float64}
            norm = self._library.full((points,), size, **numbers)
        shared = self._shared.of_first(points)
        return self._through_layers(tangents, self._network.encoder[:1], [None], [shared]), norm

    def _through_encoder(self, shared: _Tangents, slopes: Sequence[Slopes], result: Array) -> None:
        """Fill `result` (n, d, d) with the tangents of the latent layer."""
        memory = [behind.of_first(len(result)) for behind in self._behind_encoder]
        memory.append(_Tangents.in_memory(result))
        tangents = self._scaled(shared.by_point, slopes[0], memory[0])
        self._through_layers(tangents, self._network.encoder[1:], slopes[1:], memory[1:])

    def _through_layers(
        self,
        tangents: _Tangents,
        layers: Sequence[DenseLayer],
        slopes: Sequence[Slopes],
        memory: Sequence[_Tangents],
    ) -> _Tangents:
        """Multiply the tangents by the weights of each layer and the slopes (n, 1, width) behind.

        The tangents behind each layer go to its `memory`; the last ones are returned.
        """
        for layer, slope, behind in zip(layers, slopes, memory, strict=True):
            self._library.matmul(tangents.rows, layer.weight.T, out=behind.rows)
            tangents = behind if slope is None else self._scaled(behind.by_point, slope, behind)
        return tangents

    def _scaled(self, values: Array, slope: Slopes, memory: _Tangents) -> _Tangents:
        """Multiply tangents by slopes (n, 1, width), into `memory`."""
        if slope is None:
            memory.by_point[...] = values
        else:
            self._library.multiply(values, slope, out=memory.by_point)
        return memory

    def _rank_bound(self, encoding: ForwardPass, decoding: ForwardPass) -> Array:
        """Return (n,) the smallest number of units in a layer, of those that are not off."""
        layers, slopes = self._network.layers, (*encoding.slopes, *decoding.slopes)
        width = self._library.full(
            (len(encoding.output),), self._network.smallest_width, **self._numbers
        )
        active = [
            slope.sum(axis=1)
            for layer, slope in zip(layers, slopes, strict=True)
            if layer.activation.can_be_off
        ]
        return self._library.amin(self._library.stack([width, *active]), 0)

    def _same_pattern(self, encoding: ForwardPass, reencoding: ForwardPass) -> Array:
        """Return (n,) whether the encoder is the same linear map at both places."""
        linear = all(layer.activation.piecewise_linear for layer in self._network.encoder)
        everywhere = self._library.full(
            (len(encoding.output),),
            linear,
            dtype=self._library.bool,
            device=self._numbers["device"],
        )
        agreements = [
            (slope == other).all(axis=1)
            for slope, other in zip(encoding.slopes, reencoding.slopes, strict=True)
            if slope is not None
        ]
        return self._library.stack([everywhere, *agreements]).all(0)


def _of(passed: ForwardPass, points: slice) -> list[Slopes]:
    """Return the slopes (n, 1, width) of some points behind every layer."""
    return [None if slope is None else slope[points, None] for slope in passed.slopes]


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
