"""An independent check of every spectra shard: `snakemake verify`. No part of `all`."""


rule verify:
    input:
        [
            layout.VERIFICATION.format(**key.fields(), dataset=dataset, shard=shard)
            for key in GRID.models()
            for dataset in GRID.datasets
            for shard in GRID.shards(dataset)
        ],
    localrule: True


rule verify_shard:
    input:
        spectra=layout.SPECTRA_SHARD,
        weights=layout.WEIGHTS,
        points=layout.DATASET_SHARD,
    output:
        layout.VERIFICATION,
    log:
        f"logs/verify_shard/{layout.SPECTRA_JOB}.log",
    benchmark:
        f"results/benchmarks/verify_shard/{layout.SPECTRA_JOB}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(1500),
        runtime=minutes(lambda wildcards: 10),
        gpu=0,
    params:
        factory=of_variant("factory"),
        code=lambda wildcards: digest_of(
            SCRIPTS / "verify.py", *filter(None, [of_variant("factory_file")(wildcards)])
        ),
    script:
        "../scripts/verify.py"
