"""What every job does around its work: a log file, and an end that says what went wrong.

A script imports this module first.
"""

import errno
import gc
import logging
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jacspec.errors import JacspecError
from sweep.completion import completing
from sweep.loaded_code import refuse_other_code, refuse_other_imports
from sweep.receipts import Origin

# Imports make objects that stay, and the collector looks through all of them again and again: a
# sixth of the time of `import torch`. `run` turns it on again.
gc.disable()

LOG_FORMAT = "%(asctime)s %(levelname)s %(message)s"

_SURROUNDINGS = {
    errno.ENOSPC: "the disk is full; free some space and run snakemake again",
    errno.EDQUOT: "the disk quota is used up; free some space and run snakemake again",
    errno.EROFS: "the folder is read-only; choose another one with --directory",
    errno.EACCES: "permission denied; make it accessible, or choose another --directory",
}
_OUT_OF_MEMORY = (
    "there is too little memory; set chunk_size to a smaller number, run fewer jobs at a time, "
    "or, on a cluster, ask for more with --set-resources {rule}:mem_mb=4000"
)


def run(work: Callable[[Any], None], snakemake: Any) -> None:
    """Call `work` with Snakemake's description of the job, and log what it says and raises.

    Everything that is logged, warnings and uncaught exceptions included, goes to the log file of
    the rule. An error that a person can do something about ends the job with its one sentence on
    the terminal; any other one with its traceback.
    """
    gc.freeze()
    gc.enable()
    log_path = Path(snakemake.log[0])
    log_path.parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        level=logging.INFO, format=LOG_FORMAT, handlers=[logging.FileHandler(log_path, mode="w")]
    )
    logging.captureWarnings(True)
    # An exit like any other, so that temporary files and locks do not stay.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(f"{snakemake.rule}: was asked to stop"))
    try:
        _work_once(work, snakemake)
    except BaseException as error:
        sentence = _sentence(error, snakemake.rule)
        if sentence is None:
            logging.exception("%s failed", snakemake.rule)
            raise
        logging.error("%s", sentence)
        sys.exit(f"{snakemake.rule}: {sentence}\n(log: {log_path})")


def _sentence(error: BaseException, rule: str) -> str | None:
    """Return what is wrong and what to do, or None if only a programmer can tell."""
    if isinstance(error, JacspecError):
        return str(error)
    if isinstance(error, OSError) and error.errno in _SURROUNDINGS:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{_SURROUNDINGS[error.errno]}"
    if _is_lack_of_memory(error):
        return _OUT_OF_MEMORY.format(rule=rule)
    return None


def _is_lack_of_memory(error: BaseException) -> bool:
    # torch has a class of its own for a GPU's memory, and none for the machine's.
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "can't allocate memory" in str(error)
        or "can't start new thread" in str(error)
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
    )


def _work_once(work: Callable[[Any], None], snakemake: Any) -> None:
    # In __main__, Snakemake has put the script's own path in the place of its temporary copy's.
    scripts = Path(work.__globals__["__file__"]).parent
    refuse_other_code(scripts, snakemake.params.get("code"))
    if not snakemake.output:
        work(snakemake)
        return
    origin = Origin.of(snakemake.rule, snakemake)
    with completing(snakemake.output, origin, report=logging.info) as complete:
        if not complete:
            work(snakemake)
            # Some modules are imported only when they are needed.
            refuse_other_imports(scripts)
