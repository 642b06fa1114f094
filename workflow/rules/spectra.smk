"""Eigenvalues of both Jacobians: one job for each model, data set and shard."""


rule compute_spectra:
    input:
        weights=layout.WEIGHTS,
        points=layout.DATASET_SHARD,
    output:
        layout.SPECTRA_SHARD,
    log:
        f"logs/compute_spectra/{layout.SPECTRA_JOB}.log",
    benchmark:
        f"results/benchmarks/compute_spectra/{layout.SPECTRA_JOB}.tsv"
    conda:
        ENVIRONMENT
    threads: config["threads"]["compute_spectra"]
    resources:
        mem_mb=megabytes(1000),
        runtime=spectra_minutes,
        gpu=GPUS,
    params:
        precision=config["spectra"]["precision"],
        eigensolver=config["spectra"]["eigensolver"],
        factory=of_variant("factory"),
        code=code_of_model("compute_spectra.py"),
    script:
        "../scripts/compute_spectra.py"
