"""Anybody's autoencoder: its two maps, checks before any work, and its dense layers, if it has any.

Unlike the rest of the library's evaluation, all of it needs torch.
"""
