"""The page that a person opens, and what its explorer needs of each model."""

from jacspec.provenance import sha256_of_file

MODEL_VIEW = "results/report/d{latent_dim}_seed{seed}.json"
REPORT = "results/report.html"
PAGE_PARTS = [SCRIPTS / "jacspec/report" / f"page.{kind}" for kind in ("html", "css", "js")]
# What cannot change a number is not shown, so that it does not run the page again.
HOW_TO_COMPUTE = {
    "device",
    "threads",
    "chunk_size",
    "checkpoint_seconds",
    "mnist_source",
    "fashion_mnist_source",
}


rule model_view:
    input:
        weights=layout.WEIGHTS,
        spectra=lambda wildcards: GRID.spectra_of_model(wildcards.latent_dim, wildcards.seed),
        points=expand(layout.DATASET_SHARD, dataset=GRID.datasets, shard=0),
    output:
        MODEL_VIEW,
    log:
        "logs/model_view/d{latent_dim}_seed{seed}.log",
    benchmark:
        "results/benchmarks/model_view/d{latent_dim}_seed{seed}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(1500),
        runtime=minutes(lambda wildcards: len(GRID.datasets) * GRID.samples * 2e-4),
        gpu=0,
    params:
        code=code_of("model_view.py"),
    script:
        "../scripts/model_view.py"


rule report:
    input:
        summary=layout.SUMMARY,
        views=expand(MODEL_VIEW, latent_dim=GRID.latent_dims, seed=GRID.seeds),
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
        parts=[sha256_of_file(part)[:16] for part in PAGE_PARTS],
        code=code_of("report.py"),
    script:
        "../scripts/report.py"
