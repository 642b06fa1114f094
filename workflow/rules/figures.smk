"""The paper's figures, from the summary, and its tables of reconstructions."""


rule figure:
    input:
        layout.SUMMARY,
    output:
        [
            report(
                layout.FIGURE.replace("{format}", format),
                caption="../report/figure.rst",
                category="Figures",
                labels={
                    "variant": "{variant}",
                    "figure": "Figure {number}",
                    "format": format.upper(),
                },
            )
            for format in ("pdf", "png")
        ],
    log:
        "logs/figure/{variant}/{number}.log",
    benchmark:
        "results/benchmarks/figure/{variant}/{number}.tsv"
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(700),
        runtime=minutes(lambda wildcards: 60),
        gpu=0,
    params:
        datasets=DESCRIPTIONS,
        roles=lambda wildcards: roles(of_variant("training_set")(wildcards)),
        size=lambda wildcards: config["figures"]["sizes"][f"figure_{wildcards.number}"],
        code=code_of("figure.py"),
    script:
        "../scripts/figure.py"


rule table:
    input:
        weights=lambda wildcards: expand(
            layout.WEIGHTS,
            variant=wildcards.variant,
            latent_dim=of_variant("latent_dims")(wildcards),
            seed=GRID.table_seeds(wildcards.variant)[wildcards.number],
        ),
        points=GRID.points_of(
            config["figures"]["representatives"].values(), config["figures"]["table_images"]
        ),
    output:
        [
            report(
                layout.TABLE.replace("{format}", format),
                caption="../report/table.rst",
                category="Tables",
                labels={
                    "variant": "{variant}",
                    "table": "Table {number}",
                    "format": format.upper(),
                },
            )
            for format in ("pdf", "png")
        ],
    log:
        "logs/table/{variant}/{number}.log",
    benchmark:
        "results/benchmarks/table/{variant}/{number}.tsv"
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(1000),
        runtime=minutes(lambda wildcards: 60),
        gpu=0,
    params:
        latent_dims=of_variant("latent_dims"),
        roles=config["figures"]["representatives"],
        datasets={
            name: DESCRIPTIONS[name] for name in config["figures"]["representatives"].values()
        },
        images=config["figures"]["table_images"],
        width=config["figures"]["table_width"],
        factory=of_variant("factory"),
        code=code_of_model("table.py"),
    script:
        "../scripts/table.py"
