"""The checked configuration, the grid, and what the rules ask of both. No rules."""

import sys
from functools import cache
from math import ceil
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake_interface_executor_plugins.settings import ExecMode
from snakemake.utils import update_config

SCRIPTS = Path(workflow.basedir) / "workflow" / "scripts"
sys.path.insert(0, str(SCRIPTS))

from jacspec import layout
from jacspec.completion import forget_kept_outputs, withdraw_unrecorded_outputs
from jacspec.provenance import code_digest
from sweep.configuration import (
    IMAGE_SETS,
    NEAR_SET,
    TRAINING_SET,
    ConfigurationError,
    check_configuration,
    check_for_repeated_keys,
    typed_overrides,
)
from sweep.failures import failure_report
from sweep.grid import Grid

# Jobs parse this file too: what has been checked once is not checked by each of them.
IS_PLANNING = workflow.exec_mode == ExecMode.DEFAULT

update_config(config, typed_overrides(workflow.config_settings.config or {}))
if IS_PLANNING:
    try:
        check_for_repeated_keys(workflow.configfiles)
        check_configuration(config, Path(workflow.basedir) / "workflow/schemas/config.schema.yaml")
    except ConfigurationError as error:
        raise WorkflowError(str(error)) from None

GRID = Grid.of(config)
ENVIRONMENT = "../../envs/jacspec.yaml"
IMAGE_FILES = {
    dataset: [
        f"resources/{dataset}/{name}"
        for name in (
            "train-images-idx3-ubyte",
            "train-labels-idx1-ubyte",
            "t10k-images-idx3-ubyte",
            "t10k-labels-idx1-ubyte",
        )
    ]
    for dataset in IMAGE_SETS
}
MNIST_FILES = IMAGE_FILES[TRAINING_SET]
GPUS = 0 if config["device"] == "cpu" else 1


wildcard_constraints:
    latent_dim=r"\d+",
    seed=r"\d+",
    shard=r"\d+",
    number=r"\d",
    dataset="|".join(re.escape(name) for name in GRID.datasets),


@cache
def digest_of(script):
    """Return the digest of a script and of all library code that it uses."""
    return code_digest([SCRIPTS / script])


def code_of(script):
    """Return a function that gives the digest, so that a job finds out that of its own rule only."""
    return lambda wildcards: digest_of(script)


def learning_rate(wildcards):
    """Return the learning rate of the config, times the factor of the latent dimension if it has one."""
    factors = config["training"]["learning_rate_factors"]
    return config["training"]["learning_rate"] * factors.get(f"d{wildcards.latent_dim}", 1)


def look_for_jobs_when_one_ends():
    """Lift Snakemake's default limit of 100 new jobs a second.

    Under it, Snakemake looks for new jobs again a second after each look, those of before included:
    after hundreds of jobs it does little else. A limit that somebody gives stays.
    """
    limit = workflow.scheduler.job_rate_limiter
    if limit and (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None


def figure_files():
    """Return the PDF and PNG files of Figures 1 to 6."""
    return expand(layout.FIGURE, number=range(1, 7), format=["pdf", "png"])


def table_files():
    """Return the PDF and PNG files of Tables I and II, as far as there are seeds for them."""
    return expand(layout.TABLE, number=list(GRID.table_seeds()), format=["pdf", "png"])


def megabytes(first_attempt):
    """Return a memory request that grows with every attempt."""
    return lambda wildcards, attempt: first_attempt * attempt


def minutes(estimate):
    """Return a run time request, from an estimate in seconds, that grows with every attempt.

    The estimate is for one slow core; five minutes are added for start-up and file systems.
    """
    return lambda wildcards, attempt: ceil(5 + estimate(wildcards) / 60) * attempt


if IS_PLANNING:
    withdraw_unrecorded_outputs("results")
