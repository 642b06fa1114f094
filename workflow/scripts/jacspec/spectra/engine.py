"""Spectra of many points: blocks of points, worked off by a pool of threads.

A block is the unit of everything: its Jacobians are a few matrix multiplications and its
eigenvalues one call of a solver, both on one thread with memory of its own. The interpreter is
free meanwhile, so that the threads of the pool run side by side, which neither a batch of LAPACK
calls nor matrices this small do by themselves. The blocks are the same for any number of
threads, and so are the results, to the bit.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np
from threadpoolctl import threadpool_limits

from jacspec.models.network import Array, Network, network_of
from jacspec.spectra.determinants import determinants
from jacspec.spectra.eigenvalues import ordered_eigenvalues, solver_of
from jacspec.spectra.jacobians import (
    JacobianChain,
    ReducedJacobians,
    points_of_block,
)
from jacspec.spectra.quantities import JacobianSpectra
from jacspec.spectra.rounding import RoundingBound

if TYPE_CHECKING:
    from torch import nn

PRECISIONS = {"float64": np.float64, "float32": np.float32}

# A GPU needs many rows to be busy: 2^17 x 784 doubles are 0.8 GB. It runs ahead of the pool by this
# many parts of blocks at most, which wait in main memory.
GPU_ROWS = 2**17
GPU_PARTS_AHEAD = 512


def jacobian_spectra(
    autoencoder: "nn.Module | Network",
    points: Array,
    *,
    precision: str = "float64",
    eigensolver: str = "lapack",
    device: str = "cpu",
    threads: int = 1,
) -> JacobianSpectra:
    """Return the spectra of both Jacobians of `autoencoder` at each of n points.

    Parameters
    ----------
    autoencoder
        What `load_network` or `load_autoencoder` returns, or another module with attributes
        `encoder` and `decoder` like its own (see `jacspec.models.network.network_of`). It is not
        changed.
    points
        (n, pixels), real numbers in floating point.
    precision
        ``"float64"``, or ``"float32"`` for the Jacobians; what follows them is always float64.
    eigensolver
        ``"lapack"``, or ``"compiled"``, which takes a second to start and pays with many points
        (see `jacspec.spectra.eigenvalues.solver_of`).
    device
        ``"cpu"`` or ``"cuda"``, where the Jacobians are computed; eigenvalues are, on the CPU.
    threads
        Threads on the CPU. The result does not depend on their number.

    Raises
    ------
    ValueError
        If an argument is none of these, or a point or a weight is not a finite number.
    """
    with SpectraEngine(
        autoencoder,
        precision=precision,
        eigensolver=eigensolver,
        device=device,
        threads=threads,
    ) as engine:
        return engine.submit(points).result()


class PendingSpectra:
    """Spectra that are being computed."""

    def __init__(self, spectra: JacobianSpectra, blocks: Sequence[Future]) -> None:
        self._spectra = spectra
        self._blocks = blocks

    def result(self) -> JacobianSpectra:
        """Wait for the spectra and return them; raises what went wrong with any block."""
        for block in self._blocks:
            block.result()
        return self._spectra


class SpectraEngine:
    """Computes spectra for one autoencoder, with arguments as `jacobian_spectra` has them.

    A context manager, which at its end drops work that has not begun. `block_points` is the number
    of points that are computed together: the results for points that are submitted in multiples of
    it, but for the last ones, do not depend on how they are divided.
    """

    def __init__(
        self,
        autoencoder: "nn.Module | Network",
        *,
        precision: str = "float64",
        eigensolver: str = "lapack",
        device: str = "cpu",
        threads: int = 1,
    ) -> None:
        if precision not in PRECISIONS:
            raise ValueError(f"precision is {precision!r}, allowed: {', '.join(PRECISIONS)}")
        if threads < 1:
            raise ValueError(f"threads is {threads}, allowed: 1 or more")
        self._dtype = PRECISIONS[precision]
        network = network_of(autoencoder, self._dtype)
        self.latent_dim, self._input_dim = network.latent_dim, network.input_dim
        self._solve = solver_of(eigensolver, self.latent_dim)
        _keep_freed_memory()
        # The threads of the pool are all there are: those that a library adds would be in their
        # way, and the last bits of sums depend on their number.
        self._one_thread_a_call = threadpool_limits(1, user_api="blas")
        self._rounding = RoundingBound(network)
        self._device = device
        self._network = network.on_device(device) if self._on_gpu else network
        self._memory = threading.local()
        self._pool = ThreadPoolExecutor(threads)
        self.block_points = points_of_block(self.latent_dim)
        if self._on_gpu:
            self.block_points *= max(1, GPU_ROWS // (self.block_points * self.latent_dim))

    @property
    def _on_gpu(self) -> bool:
        return self._device != "cpu"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._one_thread_a_call.restore_original_limits()

    def submit(self, points: Array) -> PendingSpectra:
        """Begin to compute the spectra at `points` (n, pixels)."""
        points = self._checked(points)
        spectra = JacobianSpectra.empty(len(points), self.latent_dim)
        work = self._work_on_gpu if self._on_gpu else self._work_on_cpu
        return PendingSpectra(spectra, work(points, spectra))

    def _checked(self, points: Array) -> np.ndarray:
        if not isinstance(points, np.ndarray):
            points = points.detach().cpu().numpy()
        if points.ndim != 2 or points.shape[1] != self._input_dim:
            raise ValueError(f"points have shape {points.shape}, allowed: (n, {self._input_dim})")
        if not np.issubdtype(points.dtype, np.floating):
            raise ValueError(f"points are {points.dtype}, allowed: pixels in floating point")
        return points

    def _work_on_cpu(self, points: np.ndarray, spectra: JacobianSpectra) -> list[Future]:
        def work(start: int) -> None:
            # A copy, in rows one behind the other: sums may depend on where numbers lie.
            block = np.array(points[start : start + self.block_points], self._dtype, order="C")
            # What is not finite is refused in words.
            with np.errstate(over="ignore", invalid="ignore"):
                jacobians = self._chain()(block)
            self._finish(jacobians, spectra, start)

        return [
            self._pool.submit(work, start) for start in range(0, len(points), self.block_points)
        ]

    def _work_on_gpu(self, points: np.ndarray, spectra: JacobianSpectra) -> list[Future]:
        """Compute Jacobians here and now, while the pool does what remains of earlier blocks."""
        import torch

        futures: list[Future] = []
        part_points = points_of_block(self.latent_dim)
        for first in range(0, len(points), self.block_points):
            block = points[first : first + self.block_points].astype(self._dtype)
            jacobians = self._chain()(torch.from_numpy(block).to(self._device)).in_main_memory()
            for start in range(0, len(block), part_points):
                part = jacobians.part(start, start + part_points)
                futures.append(self._pool.submit(self._finish, part, spectra, first + start))
            if len(futures) > GPU_PARTS_AHEAD:
                futures[-GPU_PARTS_AHEAD].result()
        return futures

    def _chain(self) -> JacobianChain:
        """Return the chain rule with the memory of the thread that calls."""
        if not hasattr(self._memory, "chain"):
            group_points = self.block_points if self._on_gpu else None
            self._memory.chain = JacobianChain(self._network, self.block_points, group_points)
        return self._memory.chain

    def _finish(self, jacobians: ReducedJacobians, spectra: JacobianSpectra, start: int) -> None:
        """Write what follows from `jacobians` into `spectra`, from row `start` on."""
        rows = slice(start, start + len(jacobians.input))
        if not np.isfinite(jacobians.input_norms).all():
            raise ValueError(
                f"among points {rows.start} to {rows.stop - 1} are pixels that are not finite "
                "numbers, or too large to compute with"
            )
        spectra.latent[rows] = jacobians.latent_points
        spectra.reconstruction_error[rows] = jacobians.reconstruction_error
        spectra.same_pattern[rows] = _same(jacobians.encoder_slopes, jacobians.reencoder_slopes)
        coarse_bound = self._rounding.coarse(jacobians)
        for name, matrices, slopes in (
            ("input", jacobians.input.astype(np.float64), jacobians.encoder_slopes),
            ("latent", jacobians.latent.astype(np.float64), jacobians.reencoder_slopes),
        ):
            rank_bound = _rank_bound((*slopes, *jacobians.decoder_slopes), self.latent_dim)
            fine_bound = partial(self._rounding.fine, jacobians, slopes)
            sign, logabsdet = determinants(matrices, rank_bound, coarse_bound, fine_bound)
            columns = {
                "eigenvalues": ordered_eigenvalues(matrices, rank_bound, self._solve),
                "logabsdet": logabsdet,
                "sign": sign,
                "trace": np.trace(matrices, axis1=-2, axis2=-1),
                "rank_bound": rank_bound,
            }
            for quantity, values in columns.items():
                getattr(spectra, f"{quantity}_{name}")[rows] = values


def _keep_freed_memory() -> None:
    """Have the C library keep up to 62 MiB of freed memory a thread for the next block.

    glibc gives freed memory back to the system, and to get it again, page by page, takes a tenth of
    the time of a block. Of a large piece that is freed, but of none above 32 MiB, it learns to keep
    twice as much: see M_MMAP_THRESHOLD in mallopt(3).
    """
    np.empty(31 * 2**20, dtype=np.uint8)


def _same(slopes: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> np.ndarray:
    """Return (n,) whether two lists of slopes agree at every unit of every layer."""
    agreements = [(slope == other).all(axis=1) for slope, other in zip(slopes, others, strict=True)]
    return np.all(agreements, axis=0)


def _rank_bound(slopes: Sequence[np.ndarray], latent_dim: int) -> np.ndarray:
    """Return (n,) d or, if less, the smallest number of active units in a layer.

    Slopes are 1 at active units and 0 elsewhere.
    """
    active = np.min([slope.sum(axis=1) for slope in slopes], axis=0)
    return np.minimum(active, latent_dim).astype(np.int16)
