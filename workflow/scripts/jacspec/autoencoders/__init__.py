"""Anybody's autoencoder: its two maps, checks before any work, and its dense layers, if it has any.

Unlike the rest of evaluation it needs torch, unless the autoencoder is a network of arrays.
"""
