"""An independent check of every spectra shard: `snakemake verify`. No part of `all`.

One job for each model: loading torch takes as long as checking three shards.
"""


rule verify:
    input:
        [key.path(layout.VERIFICATION) for key in GRID.models()],
    localrule: True


rule verify_model:
    input:
        spectra=lambda wildcards: GRID.spectra_of_model(ModelKey.of(wildcards)),
        weights=layout.WEIGHTS,
        points=GRID.points_of(GRID.datasets, inf),
    output:
        layout.VERIFICATION,
    log:
        f"logs/verify_model/{layout.MODEL_JOB}.log",
    benchmark:
        f"results/benchmarks/verify_model/{layout.MODEL_JOB}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(1500),
        runtime=minutes(lambda wildcards: 10 * len(GRID.spectra_of_model(ModelKey.of(wildcards)))),
        gpu=0,
    params:
        factory=of_variant("factory"),
        code=lambda wildcards: digest_of(
            SCRIPTS / "verify.py", *filter(None, [of_variant("factory_file")(wildcards)])
        ),
    script:
        "../scripts/verify.py"
