"""A verdict on every claim of the paper: the evidence of each model, then the judgement of all."""

from jacspec.claims.sample_sizes import points_looked_at


rule model_evidence:
    input:
        spectra=lambda wildcards: GRID.spectra_of_model(wildcards.latent_dim, wildcards.seed),
        weights=layout.WEIGHTS,
        points=[
            layout.DATASET_SHARD.format(dataset=dataset, shard=shard)
            for dataset in GRID.datasets
            for shard in GRID.shards(dataset)
            if GRID.first_point(shard) < points_looked_at(dataset, TRAINING_SET)
        ],
    output:
        table=layout.MODEL_EVIDENCE,
        draws=layout.MODEL_EVIDENCE_DRAWS,
    log:
        "logs/model_evidence/d{latent_dim}_seed{seed}.log",
    benchmark:
        "results/benchmarks/model_evidence/d{latent_dim}_seed{seed}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(1500),
        runtime=minutes(lambda wildcards: len(GRID.datasets) * GRID.samples * 2e-4),
        gpu=0,
    params:
        code=code_of("model_evidence.py"),
    script:
        "../scripts/model_evidence.py"


rule claims:
    input:
        tables=expand(layout.MODEL_EVIDENCE, latent_dim=GRID.latent_dims, seed=GRID.seeds),
        draws=expand(layout.MODEL_EVIDENCE_DRAWS, latent_dim=GRID.latent_dims, seed=GRID.seeds),
    output:
        table=layout.CLAIMS,
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
