"""Training recipes compared on the training set alone."""
