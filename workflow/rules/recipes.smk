"""Training recipes compared on the training set alone; included when the config names some."""

RECIPES = config["recipes"]
RECIPE_WEIGHTS = "results/recipes/{recipe}/d{latent_dim}_seed{seed}/weights.pt"
RECIPE_HISTORY = "results/recipes/{recipe}/d{latent_dim}_seed{seed}/training.csv"
RECIPE_POINTS = "results/recipes/mnist.0.h5"
RECIPE_SPECTRA = "results/recipes/{recipe}/mnist/d{latent_dim}_seed{seed}.0.h5"
RECIPE_STATISTICS = "results/recipes/{recipe}/d{latent_dim}_seed{seed}.csv"


wildcard_constraints:
    recipe="|".join(re.escape(name) for name in RECIPES["candidates"]),


def recipe(key):
    """Return a function of the wildcards that gives one value of the recipe."""
    return lambda wildcards: RECIPES["candidates"][wildcards.recipe].get(key)


use rule train_model as train_recipe with:
    output:
        weights=RECIPE_WEIGHTS,
        history=RECIPE_HISTORY,
    log:
        "logs/train_recipe/{recipe}/d{latent_dim}_seed{seed}.log",
    benchmark:
        "results/benchmarks/train_recipe/{recipe}/d{latent_dim}_seed{seed}.tsv"
    params:
        hidden_widths=config["autoencoder"]["hidden_widths"],
        epochs=RECIPES["epochs"],
        optimizer=recipe("optimizer"),
        learning_rate=recipe("learning_rate"),
        momentum=lambda wildcards: (
            config["training"]["momentum"] if recipe("optimizer")(wildcards) == "sgd" else None
        ),
        batch_size=recipe("batch_size"),
        loss=config["training"]["loss"],
        code=code_of("train_model.py"),


use rule mnist_points as recipe_points with:
    output:
        RECIPE_POINTS,
    log:
        "logs/recipe_points.log",
    benchmark:
        "results/benchmarks/recipe_points.tsv"
    params:
        sample_seed=config["sample_seed"],
        first=0,
        points=RECIPES["samples"],
        code=code_of("mnist_points.py"),


use rule compute_spectra as recipe_spectra with:
    input:
        weights=RECIPE_WEIGHTS,
        points=RECIPE_POINTS,
    output:
        RECIPE_SPECTRA,
    log:
        "logs/recipe_spectra/{recipe}/d{latent_dim}_seed{seed}.log",
    benchmark:
        "results/benchmarks/recipe_spectra/{recipe}/d{latent_dim}_seed{seed}.tsv"
    resources:
        mem_mb=megabytes(1000),
        runtime=minutes(lambda wildcards: RECIPES["samples"] * 2e-3),
        gpu=GPUS,


rule recipe_statistics:
    input:
        RECIPE_SPECTRA,
    output:
        RECIPE_STATISTICS,
    log:
        "logs/recipe_statistics/{recipe}/d{latent_dim}_seed{seed}.log",
    benchmark:
        "results/benchmarks/recipe_statistics/{recipe}/d{latent_dim}_seed{seed}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(500),
        runtime=minutes(lambda wildcards: RECIPES["samples"] * 1e-3),
        gpu=0,
    params:
        code=code_of("recipe_statistics.py"),
    script:
        "../scripts/recipe_statistics.py"


rule recipe_table:
    input:
        statistics=expand(
            RECIPE_STATISTICS,
            recipe=RECIPES["candidates"],
            latent_dim=RECIPES["latent_dims"],
            seed=RECIPES["seeds"],
        ),
        histories=expand(
            RECIPE_HISTORY,
            recipe=RECIPES["candidates"],
            latent_dim=RECIPES["latent_dims"],
            seed=RECIPES["seeds"],
        ),
    output:
        table="results/recipes.csv",
        readable="results/recipes.md",
        figures=expand("results/figures/recipes.{format}", format=["pdf", "png"]),
    log:
        "logs/recipe_table.log",
    benchmark:
        "results/benchmarks/recipe_table.tsv"
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(500),
        runtime=minutes(lambda wildcards: 60),
        gpu=0,
    params:
        code=code_of("recipe_table.py"),
    script:
        "../scripts/recipe_table.py"
