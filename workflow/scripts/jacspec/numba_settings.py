"""numba as the study needs it, whatever a user's environment says for other programs."""

import logging
import os

# Where machine code is kept is the user's choice.
_USERS = ("NUMBA_CACHE_DIR", "NUMBA_CACHE_LOCATOR_CLASSES")
# Said explicitly, because numba also reads a `.numba_config.yaml` in the working folder, which the
# environment overrides. The threads are those of the engine.
_OURS = {"NUMBA_DISABLE_JIT": "0", "NUMBA_NUM_THREADS": "1"}

_log = logging.getLogger(__name__)


def use_our_numba_settings() -> None:
    """Put the study's own settings into the environment of this process; call before the import.

    With some of a user's, numba does not start, or computes as slowly as Python, or in other bits.
    """
    users = {}
    # Several threads may do this at once.
    for name in list(os.environ):
        if (
            name.startswith("NUMBA_")
            and name not in _USERS
            and os.environ.get(name) != _OURS.get(name)
        ):
            users[name] = os.environ.pop(name, "")
    os.environ.update(_OURS)
    if users:
        shown = ", ".join(f"{name}={value}" for name, value in sorted(users.items()))
        _log.warning("not used, machine code has settings of its own: %s", shown)
