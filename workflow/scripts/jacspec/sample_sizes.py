"""How many points the stages look at that do not need all: the first ones of every data set.

Apart, so that the rules can tell which shards a job reads without loading the numerical library.
The points of a data set are in random order, so that the first ones are a fair sample.
"""

# What the claims reconstruct. Of the training set: training images to measure distances to, test
# images to calibrate them with.
TRAINING_SET_POINTS = 12_000
# Of each random set: the error of a share is at most 1.6 % (one standard deviation).
RANDOM_SET_POINTS = 1000

# What the theorems are measured on: spectra, matrices, and matrices of points of one pattern.
SPECTRUM_POINTS = 10_000
MATRIX_POINTS = 500
SAME_PATTERN_POINTS = 200

# What the reduction of a model reads of sets that it was not trained on.
READ_POINTS = max(RANDOM_SET_POINTS, SPECTRUM_POINTS)

# What the page shows.
SHOWN_POINTS = 6
