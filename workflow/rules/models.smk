"""Autoencoders, one for each latent dimension and seed."""


rule train_model:
    input:
        ancient(MNIST_FILES),
    output:
        weights=layout.WEIGHTS,
        history=layout.TRAINING_HISTORY,
    log:
        "logs/train_model/d{latent_dim}_seed{seed}.log",
    benchmark:
        "results/benchmarks/train_model/d{latent_dim}_seed{seed}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(1500),
        runtime=minutes(lambda wildcards: config["training"]["epochs"] * 6),
        gpu=GPUS,
    params:
        hidden_widths=config["autoencoder"]["hidden_widths"],
        epochs=config["training"]["epochs"],
        optimizer=config["training"]["optimizer"],
        learning_rate=learning_rate,
        momentum=(
            config["training"]["momentum"] if config["training"]["optimizer"] == "sgd" else None
        ),
        batch_size=config["training"]["batch_size"],
        loss=config["training"]["loss"],
        code=code_of("train_model.py"),
    script:
        "../scripts/train_model.py"
