"""The page that a person opens."""

from jacspec.provenance import sha256_of_file

REPORT = "results/report.html"
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


rule report:
    input:
        summary=layout.SUMMARY,
        views=expand(layout.MODEL_VIEW, latent_dim=GRID.latent_dims, seed=GRID.seeds),
        histories=expand(layout.TRAINING_HISTORY, latent_dim=GRID.latent_dims, seed=GRID.seeds),
        points=expand(layout.DATASET_SHARD, dataset=GRID.datasets, shard=0),
        claims=layout.CLAIMS,
        readable_claims=layout.CLAIMS_READABLE,
        theorems=rules.theorems.output.table,
        detection=[rules.detection.output.table] if len(GRID.datasets) > 1 else [],
    output:
        report(
            REPORT,
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
        roles=ROLES,
        tables=list(GRID.table_seeds()),
        benchmarks="results/benchmarks",
        parts=lambda wildcards: [sha256_of_file(part)[:16] for part in PAGE_PARTS],
        code=code_of("report.py"),
    script:
        "../scripts/report.py"
