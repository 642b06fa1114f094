"""A verdict on every claim of the paper for each variant, from the evidence of its models."""


rule claims:
    input:
        summary=layout.SUMMARY,
        tables=of_models(layout.MODEL_EVIDENCE),
        draws=of_models(layout.MODEL_EVIDENCE_DRAWS),
    output:
        table=report(
            layout.CLAIMS,
            caption="../report/claims.rst",
            category="Claims",
            labels={"variant": "{variant}", "claims": "Verdicts and evidence", "format": "CSV"},
        ),
        readable=layout.CLAIMS_READABLE,
    log:
        "logs/claims/{variant}.log",
    benchmark:
        "results/benchmarks/claims/{variant}.tsv"
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(1000),
        runtime=minutes(lambda wildcards: 60),
        gpu=0,
    params:
        training_set=of_variant("training_set"),
        epochs=of_variant("epochs"),
        code=code_of("claims.py"),
    script:
        "../scripts/claims.py"
