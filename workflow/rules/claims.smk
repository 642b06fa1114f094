"""A verdict on every claim of the paper, from the evidence of all models."""


rule claims:
    input:
        summary=layout.SUMMARY,
        tables=expand(layout.MODEL_EVIDENCE, latent_dim=GRID.latent_dims, seed=GRID.seeds),
        draws=expand(layout.MODEL_EVIDENCE_DRAWS, latent_dim=GRID.latent_dims, seed=GRID.seeds),
    output:
        table=report(
            layout.CLAIMS,
            caption="../report/claims.rst",
            category="Claims",
            labels={"claims": "Verdicts and evidence", "format": "CSV"},
        ),
        readable=layout.CLAIMS_READABLE,
    log:
        "logs/claims.log",
    benchmark:
        "results/benchmarks/claims.tsv"
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(1000),
        runtime=minutes(lambda wildcards: 60),
        gpu=0,
    params:
        code=code_of("claims.py"),
    script:
        "../scripts/claims.py"
