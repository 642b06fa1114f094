"""Where the Jacobians of anybody's autoencoder are from: the engine that fits its two maps."""

import logging
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from jacspec.autoencoders.checks import CHECKED_POINTS, Shapes, checked_shapes
from jacspec.autoencoders.kinks import on_kinks
from jacspec.autoencoders.layers import dense_layers
from jacspec.autoencoders.maps import Maps, find_maps
from jacspec.autoencoders.trace import NotDenseError
from jacspec.errors import AutoencoderError
from jacspec.models.network import Network
from jacspec.spectra.dense import PRECISIONS
from jacspec.spectra.engine import dense_source
from jacspec.spectra.general import GeneralSource
from jacspec.spectra.protocols import JacobianSource

ENGINES = ("auto", "dense", "general")
_KINK_POINTS = 1000

_log = logging.getLogger(__name__)

Function = Callable[[torch.Tensor], Any]


def source_of_maps(
    autoencoder: nn.Module | None,
    points: np.ndarray,
    *,
    encode: Function | None = None,
    decode: Function | None = None,
    encode_output: str | int | None = None,
    decode_output: str | int | None = None,
    engine: str = "auto",
    precision: str = "float64",
    device: str = "cpu",
    block_bytes: int | None = None,
) -> JacobianSource:
    """Return the Jacobians of an autoencoder for `SpectraEngine`, having checked it at `points`.

    Arguments and errors are those of `jacobian_spectra`; `points` (n, *shape) is an array, of which
    the first few are used.
    """
    if engine not in ENGINES:
        raise ValueError(f"engine is {engine!r}, allowed: {', '.join(ENGINES)}")
    if precision not in PRECISIONS:
        raise ValueError(f"precision is {precision!r}, allowed: {', '.join(PRECISIONS)}")
    if len(points) == 0:
        raise AutoencoderError("there are no points; give one at least, by which maps are checked")
    maps = find_maps(
        autoencoder,
        encode=encode,
        decode=decode,
        encode_output=encode_output,
        decode_output=decode_output,
        dtype=getattr(torch, precision),
        device=device,
    )
    examples = torch.from_numpy(points[:CHECKED_POINTS].astype(precision)).to(device)
    shapes = checked_shapes(maps, examples)
    if engine != "general":
        try:
            network = _dense_network(maps, examples)
        except NotDenseError as error:
            if engine == "dense":
                raise AutoencoderError(
                    f"{error}, and engine='dense' is for dense layers; write engine='general'"
                ) from error
            _log.info("the general engine is used: %s", error)
        else:
            _warn_of_points_on_kinks(network, points)
            return dense_source(network, precision, device)
    return _general_source(maps, examples, shapes, precision, device, block_bytes)


def _dense_network(maps: Maps, points: torch.Tensor) -> Network:
    """Return the layers of both maps; raises NotDenseError if they are not those of the maps."""
    with torch.no_grad():
        latent_points = maps.encode(points.clone())
    halves = []
    for map_, values in ((maps.encode, points), (maps.decode, latent_points)):
        try:
            halves.append(dense_layers(map_, values))
        except NotDenseError as error:
            raise NotDenseError(f"{map_.name} is no stack of dense layers: {error}") from error
    network = Network(*halves)
    for map_, layers, values in (
        (maps.encode, network.encode, points),
        (maps.decode, network.decode, latent_points),
    ):
        with torch.no_grad():
            expected = map_(values.clone()).flatten(1).double().cpu().numpy()
        found = layers(values.flatten(1).double().cpu().numpy())
        # Half of the digits: far more than rounding changes, and less than what was misread.
        tolerance = torch.finfo(values.dtype).eps ** 0.5 * np.abs(expected).max()
        if found.shape != expected.shape or np.abs(found - expected).max() > tolerance:
            raise NotDenseError(f"{map_.name} does not return what its layers do")
    return network


def _general_source(
    maps: Maps,
    points: torch.Tensor,
    shapes: Shapes,
    precision: str,
    device: str,
    block_bytes: int | None,
) -> GeneralSource:
    """Return the source, having differentiated once; raises AutoencoderError where that fails."""
    try:
        source = GeneralSource(
            maps.encode,
            maps.decode,
            shapes.input,
            shapes.latent,
            precision=precision,
            device=device,
            block_bytes=block_bytes,
        )
        source.evaluate(points[:1].cpu().numpy())
    # It is the user's code: an operation without a derivative can fail in any way.
    except Exception as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise AutoencoderError(
            f"encode and decode cannot be differentiated ({reason}); use operations of torch that "
            "have derivatives, out of place, without .item() and without NumPy"
        ) from error
    return source


def _warn_of_points_on_kinks(network: Network, points: np.ndarray) -> None:
    """Say how many points lie exactly on a kink, where two engines differ."""
    count = sum(
        int(on_kinks(network, points[start : start + _KINK_POINTS]).sum())
        for start in range(0, len(points), _KINK_POINTS)
    )
    if count:
        warnings.warn(
            f"{count} of {len(points)} points lie exactly on a kink of an activation: there the "
            "dense engine takes the slope to the right, as the paper does (1 for ReLU at 0), and "
            "the general one torch's (0)",
            stacklevel=4,
        )
