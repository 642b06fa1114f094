"""Points to evaluate: raw files of images, then shards of images and of random pixels."""


# Without a digest of its code, and ancient for those that read the files: their SHA-256 is verified,
# and nothing can make them others.
rule fetch_mnist:
    output:
        image_files("mnist"),
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
        image_files("fashion_mnist"),
    log:
        "logs/fetch_fashion_mnist.log",
    benchmark:
        "results/benchmarks/fetch_fashion_mnist.tsv"


rule mnist_points:
    input:
        ancient(image_files("mnist")),
    output:
        layout.DATASET_SHARD.replace("{dataset}", "mnist"),
    log:
        "logs/mnist_points/{shard}.log",
    benchmark:
        "results/benchmarks/mnist_points/{shard}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(1000),
        runtime=minutes(lambda wildcards: 60),
        gpu=0,
    params:
        sample_seed=config["sample_seed"],
        first=lambda wildcards: GRID.first_point(wildcards.shard),
        points=lambda wildcards: GRID.shard_points("mnist", wildcards.shard),
        code=code_of("mnist_points.py"),
    script:
        "../scripts/mnist_points.py"


use rule mnist_points as fashion_mnist_points with:
    input:
        ancient(image_files("fashion_mnist")),
    output:
        layout.DATASET_SHARD.replace("{dataset}", "fashion_mnist"),
    log:
        "logs/fashion_mnist_points/{shard}.log",
    benchmark:
        "results/benchmarks/fashion_mnist_points/{shard}.tsv"
    params:
        sample_seed=config["sample_seed"],
        first=lambda wildcards: GRID.first_point(wildcards.shard),
        points=lambda wildcards: GRID.shard_points("fashion_mnist", wildcards.shard),
        code=code_of("mnist_points.py"),


rule random_points:
    output:
        layout.DATASET_SHARD,
    log:
        "logs/random_points/{dataset}.{shard}.log",
    benchmark:
        "results/benchmarks/random_points/{dataset}.{shard}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(500),
        runtime=minutes(
            lambda wildcards: GRID.shard_points(wildcards.dataset, wildcards.shard) * 5e-4
        ),
        gpu=0,
    params:
        distribution=lambda wildcards: config["data"][wildcards.dataset],
        sample_seed=config["sample_seed"],
        first=lambda wildcards: GRID.first_point(wildcards.shard),
        points=lambda wildcards: GRID.shard_points(wildcards.dataset, wildcards.shard),
        code=code_of("random_points.py"),
    script:
        "../scripts/random_points.py"


# The images are points of their own kind, not of a distribution.
ruleorder: mnist_points > fashion_mnist_points > random_points
