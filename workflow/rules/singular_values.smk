"""Singular values of D enc and D dec, for detection where the configuration asks for them.

One job for each model, data set and shard, as of the spectra.
"""


rule compute_singular_values:
    input:
        weights=layout.WEIGHTS,
        points=layout.DATASET_SHARD,
    output:
        layout.SINGULAR_VALUES_SHARD,
    log:
        f"logs/compute_singular_values/{layout.SPECTRA_JOB}.log",
    benchmark:
        f"results/benchmarks/compute_singular_values/{layout.SPECTRA_JOB}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(1000),
        runtime=singular_values_minutes,
        gpu=0,
    params:
        factory=of_variant("factory"),
        code=code_of_model(
            "compute_singular_values.py", SCRIPTS / "jacspec/detection/derivatives_of_maps.py"
        ),
    script:
        "../scripts/compute_singular_values.py"
