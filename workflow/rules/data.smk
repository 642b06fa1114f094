"""Points to evaluate: raw files of published images, then shards of all data sets."""


# Without a digest of its code, and ancient for those that read the files: their SHA-256 is verified,
# and nothing can make them others.
rule fetch_mnist:
    output:
        SOURCES["mnist"](name="mnist").files(),
    log:
        "logs/fetch_mnist.log",
    benchmark:
        "results/benchmarks/fetch_mnist.tsv"
    # Compute nodes of a cluster have no internet.
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(1000),
        runtime=minutes(lambda wildcards: 600),
        gpu=0,
    script:
        "../scripts/fetch_mnist.py"


use rule fetch_mnist as fetch_fashion_mnist with:
    output:
        SOURCES["fashion_mnist"](name="fashion_mnist").files(),
    log:
        "logs/fetch_fashion_mnist.log",
    benchmark:
        "results/benchmarks/fetch_fashion_mnist.tsv"


rule points:
    input:
        files_of_points,
    output:
        layout.DATASET_SHARD,
    log:
        "logs/points/{dataset}.{shard}.log",
    benchmark:
        "results/benchmarks/points/{dataset}.{shard}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        # Blocks of 1000 points in float64, and what the larger sets keep besides.
        mem_mb=lambda wildcards, attempt: attempt
        * (1000 + prod(GRID.sources[wildcards.dataset].shape) // 25),
        # Of the usual sets, 70,000 points of 784 pixels take 5 s; some sources take longer.
        runtime=minutes(
            lambda wildcards: 10 + GRID.shard_points(wildcards.dataset, wildcards.shard) * 5e-4
        ),
        gpu=0,
    params:
        source=lambda wildcards: GRID.sources[wildcards.dataset].definition(),
        sample_seed=config["sample_seed"],
        first=lambda wildcards: GRID.first_point(wildcards.shard),
        points=lambda wildcards: GRID.shard_points(wildcards.dataset, wildcards.shard),
        code=lambda wildcards: digest_with_source("points.py", GRID.sources[wildcards.dataset]),
    script:
        "../scripts/points.py"
