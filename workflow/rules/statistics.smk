"""Spectra reduced to what all later stages need of a model: one job for each model.

Five results, but one job: they read the same files, and each job of a cluster starts Snakemake.
"""

from jacspec.claims.sample_sizes import points_looked_at


rule model_statistics:
    input:
        weights=layout.WEIGHTS,
        spectra=lambda wildcards: GRID.spectra_of_model(wildcards.latent_dim, wildcards.seed),
        points=[
            layout.DATASET_SHARD.format(dataset=dataset, shard=shard)
            for dataset in GRID.datasets
            for shard in GRID.shards(dataset)
            # Detection tells MNIST's test images from the others, wherever they are.
            if dataset == TRAINING_SET
            or GRID.first_point(shard) < points_looked_at(dataset, TRAINING_SET)
        ],
    output:
        statistics=layout.MODEL_STATISTICS,
        evidence=layout.MODEL_EVIDENCE,
        evidence_draws=layout.MODEL_EVIDENCE_DRAWS,
        theorems=layout.MODEL_THEOREMS,
        detection=layout.MODEL_DETECTION,
        view=layout.MODEL_VIEW,
    log:
        "logs/model_statistics/d{latent_dim}_seed{seed}.log",
    benchmark:
        "results/benchmarks/model_statistics/d{latent_dim}_seed{seed}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(1500),
        runtime=minutes(lambda wildcards: len(GRID.datasets) * (20 + GRID.samples * 7e-4)),
        gpu=0,
    params:
        training_set=TRAINING_SET,
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
