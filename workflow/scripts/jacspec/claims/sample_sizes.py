"""How many points the reconstruction claims look at, the first ones of every data set.

Apart, so that the rules can tell which shards a job reads without loading the numerical library.
"""

# Of the training set: training images to measure distances to, test images to calibrate them with.
TRAINING_SET_POINTS = 12_000
# Of each random set: the error of a share is at most 1.6 % (one standard deviation).
RANDOM_SET_POINTS = 1000


def points_looked_at(dataset: str, training_set: str) -> int:
    """Return how many points of a data set the reconstruction claims look at, at most."""
    return TRAINING_SET_POINTS if dataset == training_set else RANDOM_SET_POINTS
