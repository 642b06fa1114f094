"""The device on which tensors live."""

from jacspec.errors import JacspecError


def available_device(wanted: str) -> str:
    """Return ``"cuda"`` or ``"cpu"`` for `wanted`, which may also be ``"auto"``.

    Raises `JacspecError` if ``"cuda"`` is wanted where torch finds no GPU.
    """
    import torch

    if wanted == "cpu":
        return "cpu"
    if torch.cuda.is_available():
        return "cuda"
    if wanted == "cuda":
        raise JacspecError(
            "device: cuda is configured, but torch finds no GPU here; write device: auto or cpu"
        )
    return "cpu"
