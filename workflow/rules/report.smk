"""The page that a person opens."""

from jacspec.provenance import sha256_of_file

PAGE_PARTS = [
    SCRIPTS / "jacspec/report" / part
    for part in ("page.html", "page.css", "page.js", "plotly/plotly-cartesian.min.js")
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

# The variant that the page is of.
SHOWN = next(iter(GRID.variants))


rule report:
    input:
        summary=layout.SUMMARY.format(variant=SHOWN),
        views=GRID.of_models(layout.MODEL_VIEW, SHOWN),
        histories=GRID.of_models(layout.TRAINING_HISTORY, SHOWN),
        points=expand(layout.DATASET_SHARD, dataset=GRID.datasets, shard=0),
        claims=layout.CLAIMS.format(variant=SHOWN),
        readable_claims=layout.CLAIMS_READABLE.format(variant=SHOWN),
        theorems=layout.THEOREMS.format(variant=SHOWN),
        detection=([layout.DETECTION.format(variant=SHOWN)] if len(GRID.datasets) > 1 else []),
    output:
        report(
            layout.REPORT,
            caption="../report/page.rst",
            category="Page",
            labels={"page": "Everything, interactive", "format": "HTML"},
        ),
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
        datasets=GRID.datasets,
        roles=roles(GRID.variants[SHOWN].training_set),
        tables=list(GRID.table_seeds(SHOWN)),
        benchmarks=located("results/benchmarks"),
        parts=lambda wildcards: [sha256_of_file(part)[:16] for part in PAGE_PARTS],
        code=code_of("report.py"),
    script:
        "../scripts/report.py"
