"""torch's forward mode and its number of threads, for several threads that evaluate at once.

Both are states of the whole process. `torch.func.jvp` makes the state of forward mode in the first
of calls that are nested, and deletes it at the end of that call, under whatever other threads have
begun meanwhile: they fail, or lose their tangents. As long as any evaluation runs, one thread here
stays inside a call of its own, so that every other call is a nested one.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.func import jvp


class _Keeper(threading.Thread):
    """A thread that stays inside a call of `jvp` until it is told to leave."""

    def __init__(self) -> None:
        super().__init__(name="jacspec-forward-mode", daemon=True)
        self._entered, self._leave = threading.Event(), threading.Event()
        self._error: Exception | None = None

    def run(self) -> None:
        def stay(value: Tensor) -> Tensor:
            self._entered.set()
            self._leave.wait()
            return value

        try:
            jvp(stay, (torch.zeros(1),), (torch.zeros(1),))
        except Exception as error:
            self._error = error
            self._entered.set()

    def enter(self) -> None:
        self.start()
        self._entered.wait()
        if self._error is not None:
            raise self._error

    def leave(self) -> None:
        self._leave.set()
        self.join()


class _SharedState:
    """What the first evaluation to begin sets up, and the last one to end puts back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._evaluations = 0
        self._keeper: _Keeper | None = None
        self._threads_before = 1

    def begin(self) -> None:
        with self._lock:
            if self._evaluations == 0:
                keeper = _Keeper()
                keeper.enter()
                self._keeper = keeper
                self._threads_before = torch.get_num_threads()
            self._evaluations += 1
        # Of the whole process, but each thread takes it over at a call of its own only.
        torch.set_num_threads(1)

    def end(self) -> None:
        with self._lock:
            self._evaluations -= 1
            if self._evaluations == 0:
                self._keeper.leave()
                torch.set_num_threads(self._threads_before)


_shared_state = _SharedState()


@contextmanager
def evaluation_in_threads() -> Iterator[None]:
    """Let several threads differentiate in forward mode at once, each on one thread of torch's.

    The last bits of sums depend on torch's threads, and the engine has a pool of its own. Nothing
    is differentiated with respect to weights meanwhile.
    """
    _shared_state.begin()
    try:
        with torch.no_grad():
            yield
    finally:
        _shared_state.end()
