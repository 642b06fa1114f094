"""Out-of-distribution detection by all models of a variant: a table, leaderboards and a figure."""


rule detection:
    input:
        summary=layout.SUMMARY,
        detection=of_models(layout.MODEL_DETECTION),
    output:
        table=layout.DETECTION,
        readable=layout.DETECTION_READABLE,
        figures=report(
            expand(layout.DETECTION_FIGURE, format=FORMATS, allow_missing=True),
            caption="../report/detection.rst",
            category="Detection",
            labels={"variant": "{variant}", "detection": "AUROC against latent dimension"},
        ),
    log:
        "logs/detection/{variant}.log",
    benchmark:
        "results/benchmarks/detection/{variant}.tsv"
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(500),
        runtime=minutes(lambda wildcards: 60),
        gpu=0,
    params:
        datasets=DESCRIPTIONS,
        code=code_of("detection.py"),
    script:
        "../scripts/detection.py"
