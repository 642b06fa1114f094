"""The device on which tensors live."""

import ctypes

from jacspec.errors import JacspecError


def available_device(wanted: str) -> str:
    """Return ``"cuda"`` or ``"cpu"`` for `wanted`, which may also be ``"auto"``.

    torch is asked only where there is a GPU's driver, because to import it takes seconds. Raises
    `JacspecError` if ``"cuda"`` is wanted where torch finds no GPU.
    """
    if wanted == "cpu":
        return "cpu"
    if _has_driver():
        import torch

        if torch.cuda.is_available():
            return "cuda"
    if wanted == "cuda":
        raise JacspecError(
            "device: cuda is configured, but torch finds no GPU here; write device: auto or cpu"
        )
    return "cpu"


def _has_driver() -> bool:
    """Return whether the library is there by which every program talks to a GPU's driver."""
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True
