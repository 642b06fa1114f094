"""The page that a person opens."""

from jacspec.provenance import sha256_of_file

PAGE_PARTS = [
    SCRIPTS / "jacspec/report" / part
    for part in (
        "page.html",
        "page.css",
        "explorer.js",
        "evidence.js",
        "packs.js",
        "page.js",
        "plotly/plotly-cartesian.min.js",
    )
]
# What cannot change a number is not shown, so that it does not run the page again.
HOW_TO_COMPUTE = {
    "device",
    "threads",
    "chunk_size",
    "checkpoint_seconds",
    "mnist_source",
    "fashion_mnist_source",
}
FAMILIES_OF_VARIANT = {
    name: list(FAMILIES) if models_of_families(name) else [] for name in GRID.variants
}
FAMILY_TABLES = [
    layout.FAMILY_TABLE.format(variant=name, family=family)
    for name, families in FAMILIES_OF_VARIANT.items()
    for family in families
]
# The page carries them along, so that it can be sent alone.
LINKED_FILES = [
    *[layout.VARIANTS, layout.VARIANTS_READABLE, layout.VARIANCE],
    *expand([layout.CLAIMS, layout.THEOREMS], variant=GRID.variants),
    *FAMILY_TABLES,
]
if "detection" in JOINED_TABLES:
    LINKED_FILES += expand([layout.DETECTION, layout.DETECTION_READABLE], variant=GRID.variants)


rule report:
    input:
        verdicts=layout.VARIANTS,
        summaries=expand(layout.SUMMARY, variant=GRID.variants),
        views=GRID.of_models(layout.MODEL_VIEW),
        histories=GRID.of_models(layout.TRAINING_HISTORY),
        points=GRID.points_of(GRID.datasets, SHOWN_POINTS),
        claims=expand(layout.CLAIMS, variant=GRID.variants),
        theorems=expand(layout.THEOREMS, variant=GRID.variants),
        detection=expand(
            layout.DETECTION, variant=GRID.variants if "detection" in JOINED_TABLES else []
        ),
        families=FAMILY_TABLES,
        files=LINKED_FILES,
    output:
        page=report(
            layout.REPORT,
            caption="../report/page.rst",
            category="Page",
            labels={"page": "Everything, interactive", "format": "HTML"},
        ),
        record=layout.RECORD,
    log:
        "logs/report.log",
    benchmark:
        "results/benchmarks/report.tsv"
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(1000),
        runtime=minutes(lambda wildcards: 60),
        gpu=0,
    params:
        configuration={key: config[key] for key in config if key not in HOW_TO_COMPUTE},
        datasets=DESCRIPTIONS,
        settings=SETTINGS,
        variants={
            name: {
                "epochs": variant.epochs,
                "roles": roles(variant.training_set),
                "tables": list(GRID.table_seeds(name)),
                "families": FAMILIES_OF_VARIANT[name],
            }
            for name, variant in GRID.variants.items()
        },
        families={name: axes_of_family(name) for name in FAMILIES},
        benchmarks=located("results/benchmarks"),
        parts=lambda wildcards: [sha256_of_file(part)[:16] for part in PAGE_PARTS],
        code=code_of("report.py"),
    script:
        "../scripts/report.py"


# For the jobs, which read it there: no param, because other words for the same sweep make no other page.
config["command_line"] = command_line(workflow)
