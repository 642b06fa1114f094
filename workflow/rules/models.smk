"""Autoencoders, one for each variant, latent dimension and seed: trained here, or imported."""

RECIPE = {
    "training_set": lambda wildcards: training_source(wildcards).definition(),
    "training_points": of_variant("training", "training_points"),
    "epochs": of_variant("training", "epochs"),
    "optimizer": of_variant("training", "optimizer"),
    "learning_rate": of_variant("training", "learning_rate"),
    "momentum": of_variant("momentum"),
    "batch_size": of_variant("training", "batch_size"),
    "loss": of_variant("training", "loss"),
}


rule train_model:
    input:
        lambda wildcards: files_of_source(training_source(wildcards)),
    output:
        weights=layout.WEIGHTS,
        history=layout.TRAINING_HISTORY,
    log:
        f"logs/train_model/{layout.MODEL_JOB}.log",
    benchmark:
        f"results/benchmarks/train_model/{layout.MODEL_JOB}.tsv"
    wildcard_constraints:
        variant=variants_that(lambda variant: not variant.imported and not variant.factory),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(1500),
        runtime=lambda wildcards, attempt: model_job(wildcards).training() * attempt,
        gpu=GPUS,
    params:
        **RECIPE,
        hidden_widths=of_variant("autoencoder", "hidden_widths"),
        hidden_activation=of_variant("autoencoder", "hidden_activation"),
        latent_activation=of_variant("autoencoder", "latent_activation"),
        output_activation=of_variant("autoencoder", "output_activation"),
        code=lambda wildcards: digest_with_source("train_model.py", training_source(wildcards)),
    script:
        "../scripts/train_model.py"


rule train_own_model:
    input:
        lambda wildcards: files_of_source(training_source(wildcards)),
    output:
        weights=layout.WEIGHTS,
        history=layout.TRAINING_HISTORY,
    log:
        f"logs/train_own_model/{layout.MODEL_JOB}.log",
    benchmark:
        f"results/benchmarks/train_own_model/{layout.MODEL_JOB}.tsv"
    wildcard_constraints:
        variant=variants_that(lambda variant: not variant.imported and variant.factory),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(3000),
        runtime=lambda wildcards, attempt: model_job(wildcards).training() * attempt,
        gpu=GPUS,
    params:
        **RECIPE,
        factory=of_variant("factory"),
        code=lambda wildcards: digest_of(
            SCRIPTS / "train_own_model.py",
            of_variant("factory_file")(wildcards),
            *training_source(wildcards).code_files(),
        ),
    script:
        "../scripts/train_own_model.py"


rule import_weights:
    input:
        lambda wildcards: where_it_is(
            GRID.variants[wildcards.variant].weights_file(wildcards.latent_dim, wildcards.seed)
        ),
    output:
        weights=layout.WEIGHTS,
        history=layout.TRAINING_HISTORY,
    log:
        f"logs/import_weights/{layout.MODEL_JOB}.log",
    benchmark:
        f"results/benchmarks/import_weights/{layout.MODEL_JOB}.tsv"
    wildcard_constraints:
        variant=variants_that(lambda variant: variant.imported),
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(1500),
        runtime=minutes(lambda wildcards: 60),
        gpu=0,
    params:
        autoencoder=of_variant("autoencoder"),
        shape=lambda wildcards: training_source(wildcards).shape,
        weights_key=of_variant("imported", "weights_key"),
        rename=of_variant("imported", "rename"),
        code=code_of_model("import_weights.py"),
    script:
        "../scripts/import_weights.py"
