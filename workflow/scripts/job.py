"""What every job does around its work: a log file, and an end that says what went wrong."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jacspec.errors import JacspecError

LOG_FORMAT = "%(asctime)s %(levelname)s %(message)s"


def run(work: Callable[[Any], None], snakemake: Any) -> None:
    """Call `work` with Snakemake's description of the job, and log what it says and raises.

    Everything that is logged, warnings and uncaught exceptions included, goes to the log file of
    the rule. An error that a person can do something about ends the job with its one sentence on
    the terminal; any other one with its traceback.
    """
    log_path = Path(snakemake.log[0])
    log_path.parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        level=logging.INFO, format=LOG_FORMAT, handlers=[logging.FileHandler(log_path, mode="w")]
    )
    logging.captureWarnings(True)
    try:
        work(snakemake)
    except JacspecError as error:
        logging.error("%s", error)
        sys.exit(f"{snakemake.rule}: {error}\n(log: {log_path})")
    except BaseException:
        logging.exception("%s failed", snakemake.rule)
        raise
