"""Attributes of spectra shards that tests write by hand."""

from jacspec.provenance import library_versions


def shard_attributes(**changes):
    """Return all attributes that a shard must have, but for the version of the format."""
    return {
        "variant": "paper",
        "latent_dim": 3,
        "seed": 0,
        "dataset": "uniform",
        "first": 0,
        "precision": "float64",
        "engine": "dense",
        "sign_rule": "bound",
        "weights_sha256": "0" * 64,
        "code_digest": "0" * 16,
        **library_versions(),
        **changes,
    }
