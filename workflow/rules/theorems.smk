"""The paper's theorems, measured: a file for each model, then a table, a page and a figure."""

MODEL_THEOREMS = "results/theorems/d{latent_dim}_seed{seed}.csv"
THEOREMS = "results/theorems.csv"
THEOREMS_PAGE = "results/theorems.md"
THEOREMS_FIGURES = expand("results/figures/theorems.{format}", format=["pdf", "png"])


# What `all` makes of the theorems.
THEOREM_FILES = [THEOREMS, THEOREMS_PAGE, *THEOREMS_FIGURES]


rule model_theorems:
    input:
        weights=layout.WEIGHTS,
        spectra=lambda wildcards: GRID.spectra_of_model(wildcards.latent_dim, wildcards.seed),
        points=expand(layout.DATASET_SHARD, dataset=GRID.datasets, shard=0),
    output:
        MODEL_THEOREMS,
    log:
        "logs/model_theorems/d{latent_dim}_seed{seed}.log",
    benchmark:
        "results/benchmarks/model_theorems/d{latent_dim}_seed{seed}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(1000),
        runtime=minutes(lambda wildcards: len(GRID.datasets) * 20),
        gpu=0,
    params:
        training_set=TRAINING_SET,
        code=code_of("model_theorems.py"),
    script:
        "../scripts/model_theorems.py"


rule theorems:
    input:
        expand(MODEL_THEOREMS, latent_dim=GRID.latent_dims, seed=GRID.seeds),
    output:
        table=THEOREMS,
        page=THEOREMS_PAGE,
        figures=THEOREMS_FIGURES,
    log:
        "logs/theorems.log",
    benchmark:
        "results/benchmarks/theorems.tsv"
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(700),
        runtime=minutes(lambda wildcards: 60),
        gpu=0,
    params:
        datasets=GRID.datasets,
        training_set=TRAINING_SET,
        code=code_of("theorems.py"),
    script:
        "../scripts/theorems.py"
