"""Jacobians of dense layers for the engine, on the CPU or on a GPU."""

import threading
from functools import partial
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from jacspec.models.network import Network, load_network
from jacspec.spectra.jacobians import JacobianChain, ReducedJacobians, points_of_block
from jacspec.spectra.protocols import EvaluatedPoints, MatrixBlock
from jacspec.spectra.rounding import RoundingBound

PRECISIONS = {"float64": np.float64, "float32": np.float32}

# A GPU needs many rows to be busy: 2^17 x 784 doubles are 0.8 GB.
GPU_ROWS = 2**17


class DenseSource:
    """The chain rule for a network of dense layers, with a proven bound of its rounding errors.

    It fulfils `jacspec.spectra.protocols.JacobianSource`. Each thread has memory of its own.
    Raises ValueError for a `precision` that is neither ``"float64"`` nor ``"float32"``.
    """

    engine = "dense"
    sign_rule = "bound"
    side_by_side = True

    def __init__(self, network: Network, precision: str = "float64") -> None:
        if precision not in PRECISIONS:
            raise ValueError(f"precision is {precision!r}, allowed: {', '.join(PRECISIONS)}")
        self.precision = precision
        self.point_shape = (network.input_dim,)
        self.latent_dim = network.latent_dim
        self.block_points = points_of_block(network.latent_dim)
        self._network = network.converted(PRECISIONS[precision])
        # The last bits of norms depend on the number of threads.
        with threadpool_limits(1, user_api="blas"):
            self._rounding = RoundingBound(self._network)
        self._memory = threading.local()

    def evaluate(self, points: np.ndarray) -> EvaluatedPoints:
        """Return both Jacobians at `points` (n, input_dim)."""
        if not hasattr(self._memory, "chain"):
            self._memory.chain = JacobianChain(self._network, self.block_points)
        # A copy, in rows one behind the other: sums may depend on where numbers lie.
        return self._evaluated(self._memory.chain(self._copy(points)))

    def _copy(self, points: np.ndarray) -> np.ndarray:
        return np.array(points, PRECISIONS[self.precision], order="C")

    def _evaluated(self, jacobians: ReducedJacobians) -> EvaluatedPoints:
        error = self._rounding.coarse(jacobians)
        input_, latent = (
            MatrixBlock(
                matrices.astype(np.float64),
                rank_bound.astype(np.int16),
                error,
                partial(self._rounding.fine, jacobians, name),
            )
            for name, matrices, rank_bound in (
                ("input", jacobians.input, jacobians.rank_bound_input),
                ("latent", jacobians.latent, jacobians.rank_bound_latent),
            )
        )
        return EvaluatedPoints(
            input_,
            latent,
            jacobians.latent_points,
            jacobians.reconstruction_error,
            jacobians.same_pattern,
        )


class DenseSourceOnDevice(DenseSource):
    """The same with torch on a `device`, which is given large blocks by one thread."""

    side_by_side = False

    def __init__(self, network: Network, precision: str = "float64", device: str = "cuda") -> None:
        super().__init__(network, precision)
        self.block_points *= max(1, GPU_ROWS // (self.block_points * self.latent_dim))
        self._device = device
        self._chain = JacobianChain(
            self._network.on_device(device), self.block_points, self.block_points
        )

    def evaluate(self, points: np.ndarray) -> EvaluatedPoints:
        """Return both Jacobians at `points` (n, input_dim)."""
        import torch

        block = torch.from_numpy(self._copy(points)).to(self._device)
        return self._evaluated(self._chain(block).in_main_memory())


def dense_source(network: Network, precision: str, device: str) -> DenseSource:
    """Return the Jacobians of `network`, computed on `device`: ``"cpu"``, or a name of torch's."""
    if device == "cpu":
        return DenseSource(network, precision)
    return DenseSourceOnDevice(network, precision, device)


def dense_source_of_weights(path: Path | str, precision: str, device: str) -> DenseSource:
    """Return the Jacobians of the network in a file of weights.

    Raises what `jacspec.models.network.load_network` raises.
    """
    return dense_source(load_network(path), precision, device)
