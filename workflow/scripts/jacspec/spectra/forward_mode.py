"""torch's forward mode and its settings, for several threads that evaluate at once.

Both are states of the whole process. `torch.func.jvp` makes the state of forward mode in the first
of calls that are nested, and deletes it at the end of that call, under whatever other threads have
begun meanwhile: they fail, or lose their tangents. As long as any evaluation needs it, one thread
here stays inside a call of its own, so that every other call is a nested one.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor
from torch.func import jvp


class _Shared:
    """Something that the first of several threads to come sets up, and the last to go puts back."""

    def __init__(self, set_up: Callable[[], Callable[[], None]]) -> None:
        self._set_up = set_up
        self._lock = threading.Lock()
        self._users = 0
        self._put_back: Callable[[], None] | None = None

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            if self._users == 0:
                self._put_back = self._set_up()
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if self._users == 0:
                    self._put_back()


def _stay_in_forward_mode() -> Callable[[], None]:
    """Start a thread that stays inside a call of `jvp`; return what has it leave."""
    entered, leave = threading.Event(), threading.Event()

    def stay(value: Tensor) -> Tensor:
        entered.set()
        leave.wait()
        return value

    def run() -> None:
        try:
            jvp(stay, (torch.zeros(1),), (torch.zeros(1),))
        finally:
            # Also where forward mode is in use by somebody else: then evaluations fail, in words.
            entered.set()

    keeper = threading.Thread(target=run, name="jacspec-forward-mode", daemon=True)
    keeper.start()
    entered.wait()

    def put_back() -> None:
        leave.set()
        keeper.join()

    return put_back


def _choose_reproducible_kernels() -> Callable[[], None]:
    """Set what decides on a GPU's kernels; return what puts it and the threads' number back."""
    cudnn = torch.backends.cudnn
    threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    settings = {name: getattr(cudnn, name) for name in ("deterministic", "benchmark", "allow_tf32")}
    # Of convolutions, cuDNN may take sums in any order, or round what they are of to ten bits.
    cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32 = True, False, False
    torch.set_float32_matmul_precision("highest")

    def put_back() -> None:
        for name, value in settings.items():
            setattr(cudnn, name, value)
        torch.set_float32_matmul_precision(precision)
        torch.set_num_threads(threads)

    return put_back


_forward_mode = _Shared(_stay_in_forward_mode)
_reproducible_kernels = _Shared(_choose_reproducible_kernels)


def forward_mode_in_threads(needed: bool = True) -> AbstractContextManager[None]:
    """Let several threads use forward mode at once, if it is `needed`."""
    return _forward_mode() if needed else nullcontext()


@contextmanager
def reproducible_torch() -> Iterator[None]:
    """Give the same bits at each call, at full precision, and differentiate by no weights.

    The last bits of sums depend on torch's threads, of which there is one, since the engine has a
    pool of its own, and on a GPU on what cuDNN takes.
    """
    with _reproducible_kernels():
        # Of the whole process, but each thread takes it over at a call of its own only.
        torch.set_num_threads(1)
        with torch.no_grad():
            yield
