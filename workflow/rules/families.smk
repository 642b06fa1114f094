"""Families: sets along parameters, a few points each, that all of one family share a job."""


rule family_points:
    input:
        files_of_family,
    output:
        layout.FAMILY_POINTS,
    log:
        "logs/family_points/{family}.log",
    benchmark:
        "results/benchmarks/family_points/{family}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(2000),
        runtime=minutes(lambda wildcards: 120 + points_of_family(wildcards) * SECONDS_A_POINT),
        gpu=0,
    params:
        definition=lambda wildcards: FAMILIES[wildcards.family].definition(),
        sample_seed=config["sample_seed"],
        samples=config["family_samples"],
        code=lambda wildcards: digest_with_source(
            "family_points.py", FAMILIES[wildcards.family].template
        ),
    script:
        "../scripts/family_points.py"


rule family_statistics:
    input:
        weights=layout.WEIGHTS,
        points=layout.FAMILY_POINTS,
        training_spectra=lambda wildcards: [
            ModelKey.of(wildcards).path(
                layout.SPECTRA_SHARD, dataset=of_variant("training_set")(wildcards), shard=shard
            )
            for shard in GRID.shards(of_variant("training_set")(wildcards))
        ],
        training_points=lambda wildcards: GRID.points_of([of_variant("training_set")(wildcards)]),
    output:
        layout.MODEL_FAMILY,
    log:
        f"logs/family_statistics/{layout.FAMILY_JOB}.log",
    benchmark:
        f"results/benchmarks/family_statistics/{layout.FAMILY_JOB}.tsv"
    conda:
        ENVIRONMENT
    threads: config["threads"]["compute_spectra"]
    resources:
        mem_mb=megabytes(1500),
        runtime=minutes(lambda wildcards: 60 + points_of_family(wildcards) * SECONDS_A_POINT),
        gpu=GPUS,
    params:
        precision=config["spectra"]["precision"],
        eigensolver=config["spectra"]["eigensolver"],
        factory=of_variant("factory"),
        code=code_of_model("family_statistics.py"),
    script:
        "../scripts/family_statistics.py"


rule family:
    input:
        summary=layout.SUMMARY,
        detection=layout.DETECTION if len(GRID.datasets) > 1 else [],
        tables=lambda wildcards: [
            key.path(layout.MODEL_FAMILY, family=wildcards.family)
            for key in models_of_families(wildcards.variant)
        ],
    output:
        table=layout.FAMILY_TABLE,
        figures=report(
            expand(layout.FAMILY_FIGURE, format=FORMATS, allow_missing=True),
            caption="../report/family.rst",
            category="Families",
            labels={"variant": "{variant}", "family": "{family}"},
        ),
    log:
        "logs/family/{variant}/{family}.log",
    benchmark:
        "results/benchmarks/family/{variant}/{family}.tsv"
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(1000),
        runtime=minutes(lambda wildcards: 60),
        gpu=0,
    params:
        axes=lambda wildcards: axes_of_family(wildcards.family),
        code=code_of("family.py"),
    script:
        "../scripts/family.py"
