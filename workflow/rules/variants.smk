"""The verdicts of all variants held against one another."""

# What can distinguish variants, and how long each was trained.
SETTINGS = {
    name: {
        "training_set": variant.training_set,
        "autoencoder": dict(variant.autoencoder),
        # Nobody knows how weights from elsewhere were trained.
        "training": (
            {"weights": variant.imported["weights"]}
            if variant.imported
            else {**variant.training, "momentum": variant.momentum}
        ),
        "latent_dims": list(variant.latent_dims),
        "seeds": list(variant.seeds),
    }
    for name, variant in GRID.variants.items()
}


rule variants:
    input:
        layout.JOINED_TABLE.format(table="claims"),
    output:
        table=report(
            layout.VARIANTS,
            caption="../report/variants.rst",
            category="Variants",
            labels={"figure": "Verdicts and strengths", "format": "CSV"},
        ),
        variance=layout.VARIANCE,
        readable=layout.VARIANTS_READABLE,
        matrix=[
            report(
                layout.VARIANTS_FIGURE.replace("{format}", format),
                caption="../report/variants.rst",
                category="Variants",
                labels={"figure": "Claims × variants", "format": format.upper()},
            )
            for format in FORMATS
        ],
        curves=[
            report(
                layout.SPECIFICATION_CURVE.replace("{format}", format),
                caption="../report/variants.rst",
                category="Variants",
                labels={"figure": "Specification curves", "format": format.upper()},
            )
            for format in FORMATS
        ],
    log:
        "logs/variants.log",
    benchmark:
        "results/benchmarks/variants.tsv"
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(1000),
        runtime=minutes(lambda wildcards: 60),
        gpu=0,
    params:
        settings=SETTINGS,
        epochs={name: variant.epochs for name, variant in GRID.variants.items()},
        code=code_of("variants.py"),
    script:
        "../scripts/variants.py"
