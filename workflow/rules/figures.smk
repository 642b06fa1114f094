"""The paper's figures, from the summary, and its tables of reconstructions."""

ROLES = {"training": TRAINING_SET, **config["figures"]["representatives"]}


rule figure:
    input:
        layout.SUMMARY,
    output:
        [
            report(
                layout.FIGURE.replace("{format}", format),
                caption="../report/figure.rst",
                category="Figures",
                labels={"figure": "Figure {number}", "format": format.upper()},
            )
            for format in ("pdf", "png")
        ],
    log:
        "logs/figure/{number}.log",
    benchmark:
        "results/benchmarks/figure/{number}.tsv"
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(700),
        runtime=minutes(lambda wildcards: 60),
        gpu=0,
    params:
        datasets=GRID.datasets,
        roles=ROLES,
        size=lambda wildcards: config["figures"]["sizes"][f"figure_{wildcards.number}"],
        code=code_of("figure.py"),
    script:
        "../scripts/figure.py"


rule table:
    input:
        weights=lambda wildcards: expand(
            layout.WEIGHTS,
            latent_dim=GRID.latent_dims,
            seed=GRID.table_seeds()[wildcards.number],
        ),
        points=expand(
            layout.DATASET_SHARD,
            dataset=config["figures"]["representatives"].values(),
            shard=0,
        ),
    output:
        [
            report(
                layout.TABLE.replace("{format}", format),
                caption="../report/table.rst",
                category="Tables",
                labels={"table": "Table {number}", "format": format.upper()},
            )
            for format in ("pdf", "png")
        ],
    log:
        "logs/table/{number}.log",
    benchmark:
        "results/benchmarks/table/{number}.tsv"
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(1000),
        runtime=minutes(lambda wildcards: 60),
        gpu=0,
    params:
        latent_dims=GRID.latent_dims,
        roles=config["figures"]["representatives"],
        images=config["figures"]["table_images"],
        width=config["figures"]["table_width"],
        code=code_of("table.py"),
    script:
        "../scripts/table.py"
