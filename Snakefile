"""Eigenvalues of autoencoder Jacobians over (variant, latent_dim, seed, dataset).

Data flow one way: data -> models -> spectra -> reductions -> claims and figures -> report. One file of rules and one
part of the library `workflow/scripts/jacspec` for each stage.
"""

from snakemake.utils import min_version

min_version("9.27")


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/spectra.smk"
include: "workflow/rules/singular_values.smk"
include: "workflow/rules/reductions.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/variants.smk"
include: "workflow/rules/theorems.smk"
include: "workflow/rules/detection.smk"
include: "workflow/rules/families.smk"
include: "workflow/rules/verify.smk"
include: "workflow/rules/doctor.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        [files_of_variant(name) for name in GRID.variants],
        expand(layout.JOINED_TABLE, table=JOINED_TABLES),
        rules.variants.output,
        layout.REPORT,
        layout.RECORD,
    localrule: True


onstart:
    find_params_of_jobs()
    look_for_jobs_when_one_ends()
    listen_for_failures()


onsuccess:
    forget_kept_outputs(FOLDERS, is_recorded)


onerror:
    print(FAILURES.report(), file=sys.stderr)


if IS_MODULE and IS_PLANNING:
    # The hooks of a module do not run.
    atexit.register(forget_kept_outputs_after_success)
