"""Out-of-distribution detection by all models: one table and a figure."""

DETECTION = "results/detection.csv"
DETECTION_FIGURES = expand("results/figures/detection.{format}", format=["pdf", "png"])


# What `all` makes of detection: nothing where MNIST is the only data set.
DETECTION_FILES = [DETECTION, *DETECTION_FIGURES] if len(GRID.datasets) > 1 else []


rule detection:
    input:
        summary=layout.SUMMARY,
        detection=expand(layout.MODEL_DETECTION, latent_dim=GRID.latent_dims, seed=GRID.seeds),
    output:
        table=DETECTION,
        figures=report(
            DETECTION_FIGURES,
            caption="../report/detection.rst",
            category="Detection",
            labels={"detection": "AUROC against latent dimension"},
        ),
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
