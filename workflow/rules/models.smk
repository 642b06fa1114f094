"""Autoencoders, one for each variant, latent dimension and seed."""


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
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(1500),
        runtime=lambda wildcards, attempt: model_job(wildcards).training() * attempt,
        gpu=GPUS,
    params:
        hidden_widths=of_variant("autoencoder", "hidden_widths"),
        hidden_activation=of_variant("autoencoder", "hidden_activation"),
        latent_activation=of_variant("autoencoder", "latent_activation"),
        output_activation=of_variant("autoencoder", "output_activation"),
        training_set=lambda wildcards: training_source(wildcards).definition(),
        training_points=of_variant("training", "training_points"),
        epochs=of_variant("training", "epochs"),
        optimizer=of_variant("training", "optimizer"),
        learning_rate=of_variant("training", "learning_rate"),
        momentum=of_variant("momentum"),
        batch_size=of_variant("training", "batch_size"),
        loss=of_variant("training", "loss"),
        code=lambda wildcards: digest_with_source("train_model.py", training_source(wildcards)),
    script:
        "../scripts/train_model.py"
