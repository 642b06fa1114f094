"""Eigenvalues of autoencoder Jacobians, from data to figures.

One subpackage per stage, in the order in which the data flow: ``data``, ``models``, ``spectra``,
``statistics``, ``figures``. The library knows nothing of Snakemake; a notebook uses it as the
workflow does. Nothing is imported here, so that a program pays only for the stages it uses.
"""

__version__ = "1.0.0"
