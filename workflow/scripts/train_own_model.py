"""Train an autoencoder that a factory of the user's builds (rule train_own_model)."""

import logging
import signal
import threading
from pathlib import Path

import job
from jacspec.autoencoders.factories import Factory
from jacspec.autoencoders.training import train_own_autoencoder
from jacspec.data.source import from_definition
from jacspec.data.training_set import training_arrays
from jacspec.device import available_device
from jacspec.models.recipe import TrainingRecipe


def main(snakemake):
    """Write weights and history; go on from a checkpoint that an interrupted job left."""
    params = snakemake.params
    weights = Path(snakemake.output.weights)
    stop = threading.Event()
    # SLURM and Snakemake send SIGTERM some seconds before they kill: time to save a checkpoint.
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    training_images, test_images = training_arrays(from_definition(params.training_set))
    train_own_autoencoder(
        weights,
        Path(snakemake.output.history),
        factory=Factory.of(params.factory),
        latent_dim=int(snakemake.wildcards.latent_dim),
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
