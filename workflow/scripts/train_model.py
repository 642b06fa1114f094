"""Train one autoencoder (rule train_model)."""

import logging
import signal
import threading
from math import prod
from pathlib import Path

import job
from jacspec.data.source import from_definition
from jacspec.data.training_set import training_arrays
from jacspec.device import available_device
from jacspec.models.architecture import Architecture
from jacspec.models.recipe import TrainingRecipe
from jacspec.models.training import train_model


def main(snakemake):
    """Write weights and history; go on from a checkpoint that an interrupted job left."""
    params = snakemake.params
    weights = Path(snakemake.output.weights)
    stop = threading.Event()
    # SLURM and Snakemake send SIGTERM some seconds before they kill: time to save a checkpoint.
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    training_images, test_images = training_arrays(from_definition(params.training_set))
    train_model(
        weights,
        Path(snakemake.output.history),
        training_images=training_images,
        test_images=test_images,
        recipe=TrainingRecipe(
            epochs=params.epochs,
            optimizer=params.optimizer,
            learning_rate=params.learning_rate,
            momentum=params.momentum,
            batch_size=params.batch_size,
            loss=params.loss,
            training_points=params.training_points,
        ),
        architecture=Architecture(
            latent_dim=int(snakemake.wildcards.latent_dim),
            hidden_widths=tuple(params.hidden_widths),
            input_dim=prod(training_images.shape[1:]),
            hidden_activation=params.hidden_activation,
            latent_activation=params.latent_activation,
            output_activation=params.output_activation,
        ),
        seed=int(snakemake.wildcards.seed),
        device=available_device(snakemake.config["device"]),
        checkpoint_path=weights.with_name(".checkpoint.pt"),
        checkpoint_seconds=snakemake.config["checkpoint_seconds"],
        code_digest=params.code,
        report=lambda record: logging.info("%s", record),
        stop_requested=stop.is_set,
    )


if "snakemake" in globals():
    job.run(main, snakemake)
