"""Out-of-distribution detection: a file for each model, then one table and a figure."""

MODEL_DETECTION = "results/detection/d{latent_dim}_seed{seed}.csv"
DETECTION = "results/detection.csv"
DETECTION_FIGURES = expand("results/figures/detection.{format}", format=["pdf", "png"])


# What `all` makes of detection: nothing where MNIST is the only data set.
DETECTION_FILES = [DETECTION, *DETECTION_FIGURES] if len(GRID.datasets) > 1 else []


rule model_detection:
    input:
        spectra=lambda wildcards: GRID.spectra_of_model(wildcards.latent_dim, wildcards.seed),
        training_points=expand(
            layout.DATASET_SHARD, dataset=TRAINING_SET, shard=GRID.shards(TRAINING_SET)
        ),
    output:
        MODEL_DETECTION,
    log:
        "logs/model_detection/d{latent_dim}_seed{seed}.log",
    benchmark:
        "results/benchmarks/model_detection/d{latent_dim}_seed{seed}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(1000),
        runtime=minutes(lambda wildcards: len(GRID.datasets) * GRID.samples * 1e-4),
        gpu=0,
    params:
        training_set=TRAINING_SET,
        code=code_of("model_detection.py"),
    script:
        "../scripts/model_detection.py"


rule detection:
    input:
        expand(MODEL_DETECTION, latent_dim=GRID.latent_dims, seed=GRID.seeds),
    output:
        table=DETECTION,
        figures=DETECTION_FIGURES,
    log:
        "logs/detection.log",
    benchmark:
        "results/benchmarks/detection.tsv"
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(500),
        runtime=minutes(lambda wildcards: 60),
        gpu=0,
    params:
        code=code_of("detection.py"),
    script:
        "../scripts/detection.py"
