"""Eigenvalues of autoencoder Jacobians over (latent_dim, seed, dataset).

Data flow one way: data -> models -> spectra -> statistics -> figures. One file of rules and one
part of the library `workflow/scripts/jacspec` for each stage.
"""

from snakemake.utils import min_version

min_version("9.27")


configfile: f"{workflow.basedir}/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/spectra.smk"
include: "workflow/rules/statistics.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/theorems.smk"
include: "workflow/rules/detection.smk"
include: "workflow/rules/verify.smk"
include: "workflow/rules/doctor.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"


if "recipes" in config:

    include: "workflow/rules/recipes.smk"


rule all:
    default_target: True
    input:
        layout.SUMMARY,
        layout.CLAIMS,
        layout.CLAIMS_READABLE,
        THEOREM_FILES,
        DETECTION_FILES,
        figure_files(),
        table_files(),
        REPORT,
    localrule: True


onstart:
    look_for_jobs_when_one_ends()


onsuccess:
    forget_kept_outputs("results")
    forget_kept_outputs("resources")


onerror:
    print(failure_report(log), file=sys.stderr)
