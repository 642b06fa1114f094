"""Spectra reduced to what all later stages need of a model: one job for each model.

Five results, but one job: they read the same files, and each job of a cluster starts Snakemake.
"""


rule reduce_model:
    input:
        weights=layout.WEIGHTS,
        spectra=lambda wildcards: GRID.spectra_of_model(ModelKey.of(wildcards)),
        singular_values=lambda wildcards: GRID.singular_values_of_model(ModelKey.of(wildcards)),
        points=points_of_model,
    output:
        statistics=layout.MODEL_STATISTICS,
        evidence=layout.MODEL_EVIDENCE,
        evidence_draws=layout.MODEL_EVIDENCE_DRAWS,
        theorems=layout.MODEL_THEOREMS,
        detection=layout.MODEL_DETECTION,
        view=layout.MODEL_VIEW,
    log:
        f"logs/reduce_model/{layout.MODEL_JOB}.log",
    benchmark:
        f"results/benchmarks/reduce_model/{layout.MODEL_JOB}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(1500),
        runtime=reduction_minutes,
        gpu=0,
    params:
        training_set=of_variant("training_set"),
        factory=of_variant("factory"),
        code=code_of_model("reduce_model.py"),
    script:
        "../scripts/reduce_model.py"


rule summary:
    input:
        of_models(layout.MODEL_STATISTICS),
    output:
        layout.SUMMARY,
    log:
        "logs/summary/{variant}.log",
    benchmark:
        "results/benchmarks/summary/{variant}.tsv"
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(500),
        runtime=minutes(lambda wildcards: 60),
        gpu=0,
    params:
        datasets=GRID.datasets,
        code=code_of("summary.py"),
    script:
        "../scripts/summary.py"


rule joined_table:
    input:
        lambda wildcards: expand(layout.VARIANT_TABLE, variant=GRID.variants, table=wildcards.table),
    output:
        layout.JOINED_TABLE,
    log:
        "logs/joined_table/{table}.log",
    benchmark:
        "results/benchmarks/joined_table/{table}.tsv"
    wildcard_constraints:
        table="|".join(layout.TABLES),
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(500),
        runtime=minutes(lambda wildcards: 60),
        gpu=0,
    params:
        code=code_of("joined_table.py"),
    script:
        "../scripts/joined_table.py"
