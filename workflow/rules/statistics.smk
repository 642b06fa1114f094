"""Spectra reduced to statistics: a file for each model, then one tidy table."""


rule model_statistics:
    input:
        lambda wildcards: GRID.spectra_of_model(wildcards.latent_dim, wildcards.seed),
    output:
        layout.MODEL_STATISTICS,
    log:
        "logs/model_statistics/d{latent_dim}_seed{seed}.log",
    benchmark:
        "results/benchmarks/model_statistics/d{latent_dim}_seed{seed}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(500),
        runtime=minutes(lambda wildcards: len(GRID.datasets) * GRID.samples * 1e-4),
        gpu=0,
    params:
        code=code_of("model_statistics.py"),
    script:
        "../scripts/model_statistics.py"


rule summary:
    input:
        GRID.statistics(),
    output:
        layout.SUMMARY,
    log:
        "logs/summary.log",
    benchmark:
        "results/benchmarks/summary.tsv"
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
