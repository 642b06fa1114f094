"""The paper's theorems, measured on all models of a variant: a table, a page and a figure."""


rule theorems:
    input:
        summary=layout.SUMMARY,
        theorems=of_models(layout.MODEL_THEOREMS),
    output:
        table=layout.THEOREMS,
        page=layout.THEOREMS_READABLE,
        figures=report(
            expand(layout.THEOREMS_FIGURE, format=FORMATS, allow_missing=True),
            caption="../report/theorems.rst",
            category="Theorems",
            labels={"variant": "{variant}", "theorems": "I.1 to I.3, measured"},
        ),
    log:
        "logs/theorems/{variant}.log",
    benchmark:
        "results/benchmarks/theorems/{variant}.tsv"
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(700),
        runtime=minutes(lambda wildcards: 60),
        gpu=0,
    params:
        datasets=DESCRIPTIONS,
        training_set=of_variant("training_set"),
        code=code_of("theorems.py"),
    script:
        "../scripts/theorems.py"
