"""Autoencoders: architecture, training, checkpoints and weights."""
