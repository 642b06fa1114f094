"""Eigenvalues of both Jacobians of an autoencoder, point by point, into HDF5 shards."""
