"""The checked configuration, the grid, and what the rules ask of both. No rules."""

import atexit
import sys
from dataclasses import asdict
from functools import cache
from math import ceil, inf, prod
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.io import IOFile
from snakemake.logging import logger
from snakemake_interface_executor_plugins.settings import ExecMode
from snakemake.utils import update_config

PROJECT = Path(workflow.current_basedir).parents[1]
SCRIPTS = PROJECT / "workflow" / "scripts"
sys.path.insert(0, str(SCRIPTS))

from jacspec import layout
from jacspec.data.descriptions import Description
from jacspec.data.image_sources import PublishedImages
from jacspec.data.registry import SOURCES
from jacspec.key import ModelKey
from jacspec.sample_sizes import READ_POINTS, SHOWN_POINTS
from sweep.completion import forget_kept_outputs
from sweep.configuration import (
    ConfigurationError,
    check_configuration,
    check_encoding,
    check_for_format_1,
    check_for_repeated_keys,
    typed_overrides,
    without_removed,
)
from sweep.estimates import START, ModelJob
from sweep.failures import FailureLog
from sweep.families import families_of
from sweep.grid import Grid
from sweep.kept_digests import kept_code_digest, sources_digest
from sweep.loaded_code import hand_over_plan, planned_digest, put_first
from sweep.planned_jobs import command_line, planned_jobs
from sweep.receipts import read_receipts
from sweep.records import persistence_of, record_unseen
from sweep.submissions import refused_requests

# Jobs parse this file too: what has been checked once is not checked by each of them.
IS_PLANNING = workflow.exec_mode == ExecMode.DEFAULT
CONFIGURATION = str(PROJECT / "config.yaml")
if IS_PLANNING:
    try:
        # Snakemake ends in a traceback; profiles/default checks the files of --configfile.
        check_encoding(CONFIGURATION)
    except ConfigurationError as error:
        raise WorkflowError(str(error)) from None


configfile: CONFIGURATION


# As a `module:` of another workflow, whose command line and files configure that one.
IS_MODULE = not workflow.modifier.is_main_snakefile()
LOCATED = workflow.modifier.modify_path


def located(path):
    """Return where a path of this workflow is: below its prefix, if a module has one."""
    return str(LOCATED(path))


if not IS_MODULE:
    # The other workflow may have modules of the same names: then jobs refuse them.
    put_first(SCRIPTS)
    update_config(config, typed_overrides(workflow.config_settings.config or {}))
without_removed(config)
if IS_PLANNING:
    hand_over_plan(SCRIPTS, not workflow.deployment_settings.deployment_method)
    try:
        if not IS_MODULE:
            check_for_repeated_keys(workflow.configfiles)
        check_configuration(config, PROJECT / "workflow/schemas/config.schema.yaml")
        check_for_format_1(located("."))
    except ConfigurationError as error:
        raise WorkflowError(str(error)) from None


def with_located_images(config):
    """Return a configuration that says where published images are fetched to, below a prefix."""
    data = {}
    for name, entry in config["data"].items():
        data[name] = entry
        kind = SOURCES[entry["source"]]
        if issubclass(kind, PublishedImages):
            data[name] = {"folder": located(f"resources/{kind.COLLECTION.name}"), **entry}
    return {**config, "data": data}


SETTINGS = with_located_images(config) if IS_MODULE else config
GRID = Grid.of(SETTINGS)
FAMILIES = families_of(SETTINGS)
FOLDERS = [located("results"), located("resources")]
OWN_AUTOENCODERS = SCRIPTS / "jacspec/autoencoders/own.py"
ENVIRONMENT = "../../envs/jacspec.yaml"
GPUS = 0 if config["device"] == "cpu" else 1
FORMATS = ("pdf", "png")
FIGURES = [name.removeprefix("figure_") for name in config["figures"]["sizes"]]
FAILURES = FailureLog()


wildcard_constraints:
    variant="|".join(re.escape(name) for name in GRID.variants),
    latent_dim=r"\d+",
    seed=r"\d+",
    shard=r"\d+",
    number=r"\d",
    dataset="|".join(re.escape(name) for name in GRID.datasets),
    # Without families, what nothing matches.
    family="|".join(re.escape(name) for name in FAMILIES) or r"[^\s\S]",


@cache
def digest_of(*files):
    """Return the digest of files and of all library code that they use."""
    if IS_PLANNING:
        return planned_digest(files, SCRIPTS)
    return kept_code_digest(files, SCRIPTS, sources_digest(SCRIPTS))


def code_of(script):
    """Return a function that gives the digest, so that a job finds out that of its own rule only."""
    return lambda wildcards: digest_of(SCRIPTS / script)


def code_of_model(script, *of_factories):
    """Return a function that gives the digest, for models of a factory with the code that they need.

    `of_factories` are files that the script needs for them only, besides those of all such models.
    """

    def code(wildcards):
        factory_file = GRID.variants[wildcards.variant].factory_file
        own = [OWN_AUTOENCODERS, *of_factories, factory_file] if factory_file else []
        return digest_of(SCRIPTS / script, *own)

    return code


def of_variant(block, key=None):
    """Return a function that gives a value of the variant that a job is of."""

    def value(wildcards):
        found = getattr(GRID.variants[wildcards.variant], block)
        return found if key is None else found[key]

    return value


def variants_that(condition):
    """Return the constraint on a wildcard that it is a variant of which `condition` holds."""
    names = [re.escape(name) for name, variant in GRID.variants.items() if condition(variant)]
    # Without a name, what nothing matches.
    return "|".join(names) or "(?!)"


def of_models(pattern):
    """Return a function that gives a file of every model of the variant that a job is of."""
    return lambda wildcards: GRID.of_models(pattern, wildcards.variant)


def where_it_is(path):
    """Return the path of a file that jobs read there, so that no prefix is put before it."""
    return local(path) if IS_MODULE else path


def files_of_source(source):
    """Return the files that points are made from.

    Published images are ancient, because their SHA-256 is verified: nothing can make them others.
    """
    published = located("resources/")
    paths = map(where_it_is, source.files())
    return [ancient(path) if path.startswith(published) else path for path in paths]


def files_of_family(wildcards):
    """Return the files that the points of a family are made from."""
    return files_of_source(FAMILIES[wildcards.family].template)


def files_of_points(wildcards):
    """Return the files that the points of a data set are made from."""
    return files_of_source(GRID.sources[wildcards.dataset])


def training_source(wildcards):
    """Return the source of the points that a model is trained on."""
    return GRID.sources[of_variant("training_set")(wildcards)]


def digest_with_source(script, source):
    """Return the digest of a script and of the code of a source; that of others does not count."""
    return digest_of(SCRIPTS / script, *source.code_files())


def points_of_model(wildcards):
    """Return the points' shards that a model's reduction looks at."""
    training_set = of_variant("training_set")(wildcards)
    # Detection tells test images of the training set from the others, wherever they are.
    return [
        path
        for dataset in GRID.datasets
        for path in GRID.points_of([dataset], inf if dataset == training_set else READ_POINTS)
    ]


# Jobs of minutes, whatever the number of sets.
SECONDS_A_POINT = 1e-3


def points_of_family(wildcards):
    """Return how many points a family has, or would have if none of its sets had an end."""
    return len(FAMILIES[wildcards.family].positions()) * config["family_samples"]


def roles(training_set):
    """Return the data sets that have panels of their own, by role."""
    return {"training": training_set, **config["figures"]["representatives"]}


def models_of_families(variant):
    """Return the models of a variant that are shown families."""
    dims = config["family_latent_dims"]
    return [key for key in GRID.models(variant) if key.latent_dim in dims]


def axes_of_family(name):
    """Return what a picture of a family shows beside its table."""
    family = FAMILIES[name]
    landmarks = family.landmarks(GRID.sources)
    return {
        "parameters": family.parameters,
        "logarithmic": family.logarithmic,
        "labels": family.axis_labels(),
        "landmarks": landmarks,
        "titles": {dataset: GRID.sources[dataset].display_name for dataset in landmarks},
    }


# Nothing is detected where the training set is the only data set.
JOINED_TABLES = [name for name in layout.TABLES if name != "detection" or len(GRID.datasets) > 1]


DESCRIPTIONS = {name: asdict(Description.of(source)) for name, source in GRID.sources.items()}


def pictures_of(variant):
    """Return the figures and tables of a variant, as PDF and PNG."""
    patterns = [
        *expand(layout.FIGURE, number=FIGURES, allow_missing=True),
        *expand(layout.TABLE, number=list(GRID.table_seeds(variant)), allow_missing=True),
        layout.THEOREMS_FIGURE,
    ]
    if "detection" in JOINED_TABLES:
        patterns.append(layout.DETECTION_FIGURE)
    families = FAMILIES if models_of_families(variant) else []
    return [
        *expand(patterns, variant=variant, format=FORMATS),
        *expand(layout.FAMILY_FIGURE, variant=variant, family=families, format=FORMATS),
    ]


def files_of_variant(variant):
    """Return what people read of a variant."""
    pages = [layout.CLAIMS_READABLE, layout.THEOREMS_READABLE]
    if "detection" in JOINED_TABLES:
        pages.append(layout.DETECTION_READABLE)
    return [*expand(pages, variant=variant), *pictures_of(variant)]


def look_for_jobs_when_one_ends():
    """Lift Snakemake's default limit of 100 new jobs a second.

    Under it, Snakemake looks for new jobs again a second after each look, those of before included:
    after hundreds of jobs it does little else. A limit that somebody gives stays.
    """
    limit = workflow.scheduler.job_rate_limiter
    if limit and (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None


def listen_for_failures():
    """Hear of jobs that fail; end here if SLURM refuses what it is going to be asked for."""
    logger.addHandler(FAILURES)
    if workflow.executor_plugin.name == "slurm":
        executor = workflow.scheduler._executor
        executor.report_job_error = FAILURES.keeping_message(executor.report_job_error)
        refused = refused_requests(workflow)
        if refused:
            executor.shutdown()
            raise WorkflowError(refused)


def find_params_of_jobs():
    """Find out the digests of all jobs that are going to be run, before the first one is started."""
    for job in workflow.dag.needrun_jobs():
        _ = job.params


def is_recorded(output):
    """Return whether Snakemake has a record of what an output was made from."""
    # It remembers that there was none before the job.
    workflow.persistence.deactivate_cache()
    return workflow.persistence.metadata(IOFile(output)) is not None


def forget_kept_outputs_after_success():
    """Do, when Snakemake ends, what a hook would do if all jobs were run, and with success."""
    scheduler = workflow.scheduler
    if scheduler and not workflow.dryrun and scheduler.finished_jobs == len(workflow.dag):
        forget_kept_outputs(FOLDERS, is_recorded)


def megabytes(first_attempt):
    """Return a memory request that grows with every attempt."""
    return lambda wildcards, attempt: first_attempt * attempt


def minutes(estimate):
    """Return a run time request for a job of its own, from an estimate in seconds.

    It grows with every attempt.
    """
    return lambda wildcards, attempt: ceil((START + estimate(wildcards)) / 60) * attempt


def share_a_job(rules):
    """Return whether the profile puts the jobs of these rules into one."""
    groups = {workflow.group_settings.overwrite_groups.get(rule) for rule in rules}
    return len(groups) == 1 and None not in groups


def models_share_jobs():
    """Return whether a model is one job; Snakemake knows the groups only once rules are read."""
    return share_a_job(["train_model", "compute_spectra", "reduce_model"])


def model_job(wildcards):
    """Return the estimates for the job that a model's training, spectra and reduction share."""
    return ModelJob(GRID, GRID.variants[wildcards.variant], int(wildcards.latent_dim))


def spectra_minutes(wildcards, attempt):
    """Return the run time request for a shard."""
    job = model_job(wildcards)
    asked = job.spectra if models_share_jobs() else job.spectra_alone
    return asked(wildcards.dataset, int(wildcards.shard)) * attempt


def singular_values_minutes(wildcards, attempt):
    """Return the run time request for a shard of singular values."""
    job = model_job(wildcards)
    asked = job.singular_values if models_share_jobs() else job.singular_values_alone
    return asked(wildcards.dataset, int(wildcards.shard)) * attempt


def reduction_minutes(wildcards, attempt):
    """Return the run time request for the reduction of a model."""
    job = model_job(wildcards)
    # A training that comes first has asked for the start.
    trains = (
        models_share_jobs()
        and not GRID.variants[wildcards.variant].imported
        and not Path(located(ModelKey.of(wildcards).path(layout.WEIGHTS))).exists()
    )
    return (job.reduction if trains else job.reduction_alone)() * attempt


if IS_PLANNING:
    record_unseen(persistence_of(workflow), read_receipts(FOLDERS))
