"""The paper's theorems, measured on all models: a table, a page and a figure."""

THEOREMS = "results/theorems.csv"
THEOREMS_PAGE = "results/theorems.md"
THEOREMS_FIGURES = expand("results/figures/theorems.{format}", format=["pdf", "png"])


# What `all` makes of the theorems.
THEOREM_FILES = [THEOREMS, THEOREMS_PAGE, *THEOREMS_FIGURES]


rule theorems:
    input:
        summary=layout.SUMMARY,
        theorems=expand(layout.MODEL_THEOREMS, latent_dim=GRID.latent_dims, seed=GRID.seeds),
    output:
        table=THEOREMS,
        page=THEOREMS_PAGE,
        figures=report(
            THEOREMS_FIGURES,
            caption="../report/theorems.rst",
            category="Theorems",
            labels={"theorems": "I.1 to I.3, measured"},
        ),
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
