"""An independent check of every spectra shard: `snakemake verify`. No part of `all`.

One job for each model, because loading torch takes as long as checking three shards.
"""

VERIFICATIONS_OF_A_MODEL = [
    path
    for dataset in GRID.datasets
    for path in expand(
        layout.VERIFICATION,
        dataset=dataset,
        shard=GRID.shards(dataset),
        allow_missing=True,
    )
]


rule verify:
    input:
        [key.path(path) for key in GRID.models() for path in VERIFICATIONS_OF_A_MODEL],
    localrule: True


rule verify_model:
    input:
        spectra=lambda wildcards: GRID.spectra_of_model(ModelKey.of(wildcards)),
        weights=layout.WEIGHTS,
        points=GRID.points_of(GRID.datasets),
    output:
        VERIFICATIONS_OF_A_MODEL,
    log:
        f"logs/verify_model/{layout.MODEL_JOB}.log",
    benchmark:
        f"results/benchmarks/verify_model/{layout.MODEL_JOB}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(1500),
        runtime=minutes(lambda wildcards: 10 * len(VERIFICATIONS_OF_A_MODEL)),
        gpu=0,
    params:
        factory=of_variant("factory"),
        code=lambda wildcards: digest_of(
            SCRIPTS / "verify.py", *filter(None, [of_variant("factory_file")(wildcards)])
        ),
    script:
        "../scripts/verify.py"
