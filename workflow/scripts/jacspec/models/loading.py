"""A model from its weights, whether it has dense layers or a factory builds it."""

from importlib import import_module
from pathlib import Path

from jacspec.models.evaluable import Evaluable
from jacspec.models.network import Network, load_network

OWN_AUTOENCODERS = "jacspec.autoencoders.own"


def load_model(path: Path | str, factory: str | None = None) -> Network | Evaluable:
    """Return the model of a file of weights: that of a `factory` such as ``my_models.py:build``.

    Without one it is a network of dense layers. Raises what `jacspec.models.network.load_network`
    and `jacspec.autoencoders.own.load_own_autoencoder` raise.
    """
    if factory is None:
        return load_network(path)
    # A statement would make that module's code count for networks of dense layers, too.
    return import_module(OWN_AUTOENCODERS).load_own_autoencoder(path, factory)
