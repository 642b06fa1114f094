"""An independent check of every spectra shard: `snakemake verify`. No part of `all`."""

VERIFIED_SHARDS = [
    {**key.fields(), "dataset": dataset, "shard": shard}
    for key in GRID.models()
    for dataset in GRID.datasets
    for shard in GRID.shards(dataset)
]


# Without output and benchmark, which Snakemake would take for one, the rule runs whenever it is asked for, and Snakemake does not delete the table
# of what deviates when the job fails because of it.
rule verify:
    input:
        spectra=[layout.SPECTRA_SHARD.format(**shard) for shard in VERIFIED_SHARDS],
        weights=[layout.WEIGHTS.format(**shard) for shard in VERIFIED_SHARDS],
        points=[layout.DATASET_SHARD.format(**shard) for shard in VERIFIED_SHARDS],
    log:
        "logs/verify.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(1500),
        runtime=minutes(lambda wildcards: len(VERIFIED_SHARDS) * 10),
        gpu=0,
    params:
        table=located("results/verification.csv"),
        code=code_of("verify.py"),
    script:
        "../scripts/verify.py"
