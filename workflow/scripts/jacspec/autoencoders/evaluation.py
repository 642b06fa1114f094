"""Spectra of anybody's autoencoder, with torch or, for a network of arrays, without."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jacspec.autoencoders.points import array_of_points
from jacspec.models.network import Network
from jacspec.spectra.engine import SpectraEngine, dense_source
from jacspec.spectra.quantities import JacobianSpectra

if TYPE_CHECKING:
    from torch import Tensor, nn

    from jacspec.spectra.protocols import JacobianSource


def jacobian_spectra(
    autoencoder: "nn.Module | Network | None" = None,
    points: Any = None,
    *,
    encode: "Callable[[Tensor], Any] | None" = None,
    decode: "Callable[[Tensor], Any] | None" = None,
    encode_output: str | int | None = None,
    decode_output: str | int | None = None,
    engine: str = "auto",
    precision: str = "float64",
    eigensolver: str = "lapack",
    device: str = "cpu",
    threads: int = 1,
    block_bytes: int | None = None,
) -> JacobianSpectra:
    """Return the spectra of both Jacobians of an autoencoder at each of n points.

    The autoencoder is used in evaluation mode, as a copy: neither it nor its mode is changed. Where
    `torch.nn.Module.forward` is not the composition of the two maps, a warning says so.

    Parameters
    ----------
    autoencoder
        A module with methods ``encode`` and ``decode``, or with parts ``encoder`` and ``decoder``;
        or what `jacspec.models.network.load_network` returns.
    points
        (n, *shape), real numbers in floating point, as the autoencoder takes them: an array, a
        tensor, a DataFrame, or lists.
    encode, decode
        The two maps, in place of `autoencoder`: modules, methods of modules, or any functions from
        (n, *shape) to (n, *latent) and back, row by row. Latent values of any shape count as d.
        Functions are used as they are, so that they must take numbers of `precision`.
    encode_output, decode_output
        Which of several outputs of a map is meant, by name or index. Without it, one with a
        customary name is taken: a mean before what may be sampled from it.
    engine
        ``"dense"``, exact to a proven bound, for stacks of Linear with elementwise activations;
        ``"general"`` for any differentiable maps; ``"auto"`` takes the first that can.
    precision
        ``"float64"``, or ``"float32"`` for the Jacobians; what follows them is always float64.
    eigensolver
        ``"lapack"``, or ``"compiled"``, which takes a second to start and pays with many points.
    device
        ``"cpu"`` or ``"cuda"``, where the Jacobians are computed.
    threads
        Threads on the CPU. The result does not depend on their number.
    block_bytes
        Memory for the tangents of one block of the general engine, for each thread; 64 MiB, on a
        GPU 2 GiB, unless it is given. The last bits of results may depend on it.

    Raises
    ------
    jacspec.errors.AutoencoderError
        If autoencoder or points cannot be taken as they are; the message says what to do.
    ValueError
        If another argument is none of these, or a point is not a finite number.
    """
    points = array_of_points(points)
    if isinstance(autoencoder, Network):
        source: JacobianSource = dense_source(autoencoder, precision, device)
    else:
        # Here and not above: a network needs no torch, which takes long to import.
        from jacspec.autoencoders.sources import source_of_maps

        source = source_of_maps(
            autoencoder,
            points,
            encode=encode,
            decode=decode,
            encode_output=encode_output,
            decode_output=decode_output,
            engine=engine,
            precision=precision,
            device=device,
            block_bytes=block_bytes,
        )
    if source.engine == "dense":
        points = points.reshape(len(points), math.prod(points.shape[1:]))
    with SpectraEngine(source, eigensolver=eigensolver, threads=threads) as spectra_engine:
        spectra = spectra_engine.submit(points).result()
    return replace(spectra, engine=source.engine, sign_rule=source.sign_rule)
