"""A process in which libraries choose their kernels by the processor, and what they choose."""

import os
import sys

import torch
from threadpoolctl import threadpool_info

# With these, a machine's owner can hold OpenBLAS to the kernel of an older processor.
_CHOOSE_KERNELS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


def without_chosen_kernels() -> None:
    """Start this program anew without the variables that choose a kernel, if there are any."""
    kept = {name: value for name, value in os.environ.items() if name not in _CHOOSE_KERNELS}
    if len(kept) < len(os.environ):
        os.execve(sys.executable, [sys.executable, *sys.argv], kept)


def kernels_in_use() -> str:
    """Return in words which kernels NumPy's and torch's products have."""
    libraries = [
        f"{library['internal_api']} {library['version']} for {library['architecture']}"
        for library in threadpool_info()
        if library["user_api"] == "blas" and "numpy" in library["filepath"]
    ]
    of_torch = "MKL" if torch.backends.mkl.is_available() else "no MKL"
    capability = torch.backends.cpu.get_cpu_capability()
    return f"NumPy: {', '.join(libraries)}; torch: {of_torch}, its own loops for {capability}"
