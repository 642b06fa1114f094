"""Points to evaluate: MNIST and random pixels, stored in HDF5 shards."""
