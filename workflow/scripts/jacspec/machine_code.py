"""Machine code from numba, kept for the next process."""

import hashlib
import logging
from collections.abc import Callable
from typing import Any

import llvmlite.binding
import numba

from jacspec.provenance import code_digest

_log = logging.getLogger(__name__)


def in_machine_code(*signatures: str, **options: Any) -> Callable[[Callable], Callable]:
    """Return a decorator that compiles a function for arguments of the types in each signature.

    `options` are those of `numba.njit`. It compiles at once, or takes the machine code from numba's
    cache: a folder beside the module or, if nothing can be written there, one of the user's.
    Without a cache that can be used, it compiles in every process.
    """

    def compiled(function: Callable) -> Callable:
        function.__qualname__ += f"_{_digest(function.__code__.co_filename)}"
        try:
            return numba.njit(list(signatures), nogil=True, cache=True, **options)(function)
        # No folder, a full disk, a damaged file; an error of the function itself comes up again.
        except Exception as error:
            _log.warning("numba's cache is of no use, machine code is made anew: %r", error)
            return numba.njit(list(signatures), nogil=True, **options)(function)

    return compiled


def _digest(source: str) -> str:
    """Return hexadecimal digits for the code of a module, what it imports, and the processor.

    numba calls the files of its cache by a function's qualified name. It renews them when the
    function's own module changes, but not when another one does that it uses; and where processors
    of two kinds share a folder, and write at the same time, one may get the machine code of the
    other.
    """
    features = llvmlite.binding.get_host_cpu_features().flatten()
    parts = code_digest([source]), llvmlite.binding.get_host_cpu_name(), features
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:16]
