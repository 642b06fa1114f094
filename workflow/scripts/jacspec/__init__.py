"""Eigenvalues of autoencoder Jacobians, from data to figures.

One subpackage per stage, in the order in which the data flow: ``data``, ``models``, ``spectra``,
``statistics`` (the reductions), ``claims``, ``figures``, ``report``. Beside ``claims`` stand
``theorems``, ``detection``, ``variants`` and ``families``. ``autoencoders`` puts models that are
not made here under the same engine, ``eigensolver`` belongs to ``spectra``, and ``verification``
checks them by means of its own.

The library knows nothing of Snakemake; a notebook uses it as the workflow does. Nothing is imported
here before it is asked for, so that a program pays only for the stages it uses.
"""

__all__ = ["jacobian_spectra"]
__version__ = "1.0.0"


def __getattr__(name: str) -> object:
    """Import what the package offers at its top."""
    if name == "jacobian_spectra":
        from jacspec.autoencoders.evaluation import jacobian_spectra

        return globals().setdefault(name, jacobian_spectra)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
