"""The claims by number. A further claim is one more function and one more entry here."""

from collections.abc import Callable
from dataclasses import dataclass

from jacspec.claims import orientation_claims as orientation
from jacspec.claims import random_set_claims as on_random
from jacspec.claims import reconstruction_claims as reconstruction
from jacspec.claims import training_set_claims as on_training
from jacspec.claims.applicability import classes, images_of, points_of_both_splits, sets_of
from jacspec.claims.evidence import BRIGHTNESS, Evidence
from jacspec.claims.findings import Finding
from jacspec.claims.reconstruction_evidence import LIKE_TRAINING_SHARE
from jacspec.claims.thresholds import (
    HALF,
    LARGEST_LOW_DIM,
    MINIMUM_HIGH_DIMS,
    MOST,
    NEARLY_ALL,
    SMALLEST_HIGH_DIM,
    Statement,
)
from jacspec.claims.trends import CHANCE_LEVEL
from jacspec.claims.wording import decimals, of_pi, percent

_HIGH, _LOW = f"d ≥ {SMALLEST_HIGH_DIM}", f"d ≤ {LARGEST_LOW_DIM}"
_CHANCE = f"more consistently than chance orders it ({percent(CHANCE_LEVEL)} level)"


@dataclass(frozen=True)
class Claim:
    """What the paper says, what counts as finding it here, and the function that looks.

    `criterion` is what must hold of a network, or of a seed's curve; of how many of them it must
    is the same for all claims (`jacspec.claims.networks`). `main` names the main statistic, empty
    if there is none, and `bounds` are those that the claim sets it. `needs` are functions that
    return why the claim does not apply to some evidence, or nothing.
    """

    words: str
    criterion: str
    judge: Callable[[Evidence, int], Finding]
    statements: tuple[Statement, ...]
    main: str = ""
    needs: tuple[Callable[[Evidence], str], ...] = ()
    bounds: tuple[float, ...] = ()


CLAIMS: dict[int, Claim] = {
    1: Claim(
        "On the training set the mean |λ| is below 1, near it, and declines slowly with d.",
        "All four means (arithmetic and geometric, of J_I and J_L) lie between "
        f"{decimals(on_training.NEAR_ONE)} and 1, and each falls with d {_CHANCE}.",
        on_training.means_near_one,
        (on_training.NEAR, on_training.DECLINE),
        "mean |λ| of J_I on the training set",
    ),
    2: Claim(
        "On the training set arithmetic and geometric mean of |λ| are of similar scale.",
        f"Their ratio is below {decimals(on_training.SIMILAR_SCALE)}, for J_I and J_L.",
        on_training.means_of_similar_scale,
        (on_training.SCALE,),
        "arithmetic over geometric mean of |λ| of J_I on the training set",
    ),
    3: Claim(
        "On the training set there is no mass of zero eigenvalues, but a left tail that grows "
        "with d.",
        f"Fewer than {percent(on_training.SIGNIFICANT_SHARE_OF_ZEROS)} of the eigenvalues of J_I "
        f"are zero, and the 5 % quantile of log |λ| falls with d {_CHANCE}.",
        on_training.no_zeros_but_a_tail,
        (on_training.FEW_ZEROS, on_training.TAIL),
        "share of zero eigenvalues of J_I on the training set",
    ),
    4: Claim(
        "The spectra of J_I and J_L differ more on random sets than on the training set.",
        f"The median of ‖λ(J_I) − λ(J_L)‖²/d is larger on {percent(NEARLY_ALL)} of the random "
        "sets.",
        on_random.spectra_differ_more,
        (on_random.LARGER_DIFFERENCE,),
        "smallest median of ‖λ(J_I) − λ(J_L)‖²/d over random sets, relative to the training set",
        (sets_of(),),
    ),
    5: Claim(
        "The means of |λ| are less constant across d on random sets than on the training set.",
        f"Their coefficient of variation over d is larger in {percent(NEARLY_ALL)} of the cases "
        "(set, mean, Jacobian).",
        on_random.means_less_constant,
        (on_random.VARY_MORE,),
        "median coefficient of variation of the means over d, relative to the training set",
        (sets_of(),),
    ),
    6: Claim(
        "Eventually the means of |λ| on random sets drop below those on the training set.",
        f"At the {MINIMUM_HIGH_DIMS} largest d, all {_HIGH}, {percent(NEARLY_ALL)} of the random "
        "sets lie below, for each of the four means.",
        on_random.means_drop_below,
        (on_random.BELOW,),
        f"share of means on random sets below the training set's, at the {MINIMUM_HIGH_DIMS} "
        "largest d",
        (sets_of(),),
    ),
    7: Claim(
        "At high d the means of J_I cluster by pixel mean, dark above middle above bright; those "
        "of J_L do not.",
        "Groups in this order with a mean silhouette above "
        f"{decimals(on_random.DISTINCT_CLUSTERS)} for at least {percent(HALF)} of the two means "
        f"of J_I, and for fewer of J_L, at {_HIGH}.",
        on_random.means_cluster_by_brightness,
        (on_random.CLUSTERED, on_random.NOT_CLUSTERED),
        f"silhouette by pixel mean, of the more clustered mean of J_I, at {_HIGH}",
        (sets_of(*BRIGHTNESS),),
        (on_random.DISTINCT_CLUSTERS,),
    ),
    8: Claim(
        "log |λ| of J_I has a higher standard deviation on every random set than on the training "
        "set.",
        f"It is higher on {percent(NEARLY_ALL)} of the random sets; exact zeros are left out.",
        on_random.logarithms_spread_more,
        (on_random.LARGER_SPREAD,),
        "smallest standard deviation of log |λ| over random sets, relative to the training set",
        (sets_of(),),
        (1.0,),
    ),
    9: Claim(
        "J_I rarely reverses orientation on the training set, and about half the time at high d "
        "on all random sets but the dark ones.",
        f"Below {percent(orientation.RARELY)} of the training points, and, at {_HIGH}, between "
        f"{percent(orientation.NEAR_HALF[0])} and {percent(orientation.NEAR_HALF[1])} on "
        f"{percent(MOST)} of the sets with pixel mean ≥ .5. Only points whose sign is determined "
        f"count; a case with more than {percent(orientation.LARGEST_UNDETERMINED_SHARE)} of others "
        "is undetermined.",
        orientation.orientation_is_a_coin_flip,
        (orientation.RARELY_REVERSED, orientation.COIN_FLIP),
        f"share reversed on sets with pixel mean ≥ .5, at {_HIGH}",
        (sets_of("middle", "bright", together=True),),
        orientation.NEAR_HALF,
    ),
    10: Claim(
        "|arg λ| of J_I is small on the training set, can be any angle on bright sets, and is "
        "narrower as sets darken.",
        f"Training mean below {of_pi(orientation.SMALL_ANGLE)}; at {_HIGH}, 95 % quantile above "
        f"{of_pi(orientation.ANY_ANGLE)} on {percent(MOST)} of the bright sets, and 95 % quantiles "
        "in the order bright, middle, dark, training.",
        orientation.arguments_widen_with_brightness,
        (
            orientation.SMALL_ANGLES,
            orientation.ANY_ANGLES,
            orientation.ANGLES_IN_ORDER,
        ),
        f"95 % quantile of |arg λ| of J_I on bright sets, at {_HIGH} (rad)",
        (sets_of(*BRIGHTNESS),),
    ),
    11: Claim(
        "Random pixels are reconstructed to what looks like the training set at low d and to "
        "something else at high d.",
        f"More than {percent(HALF)} of a set's points look like the training set for "
        f"{percent(MOST)} of the sets at {_LOW}, fewer at {_HIGH}. Like it: the nearest training "
        f"reconstruction is as near as for {percent(LIKE_TRAINING_SHARE)} of test points.",
        reconstruction.like_training_then_characters,
        (reconstruction.LIKE_TRAINING, reconstruction.UNLIKE_TRAINING),
        f"share of random points that look like the training set, at {_HIGH}",
        (sets_of(), points_of_both_splits),
    ),
    12: Claim(
        f"From d ≈ {SMALLEST_HIGH_DIM} on, a model reconstructs all random sets of pixel mean < .5 "
        "to one character, and all others to one.",
        "The group's reconstructions are as alike as those of points of one class, for "
        f"{percent(NEARLY_ALL)} of the groups, at {_HIGH}.",
        reconstruction.one_character,
        (reconstruction.ONE_CHARACTER,),
        f"spread of a group's reconstructions relative to that of one class, at {_HIGH}",
        (sets_of(), classes),
    ),
    13: Claim(
        "That character is another one for another d and for another seed.",
        f"At {_HIGH} the mean reconstructions of a group by two models are no more correlated than "
        "those of two classes by one model (medians), for both groups and both kinds of pairs.",
        reconstruction.characters_differ,
        (reconstruction.OTHER_LATENT_DIM, reconstruction.OTHER_SEED),
        f"correlation of mean reconstructions with those at other d, at {_HIGH}",
        (sets_of(), classes),
    ),
    14: Claim(
        "At low d random pixels look like the training set when reconstructed, and yet many sets "
        "have another mean |λ| of J_L.",
        f"On {percent(HALF)} of the sets that look like the training set at {_LOW}, the mean is "
        "further from the training set's than that of any single class.",
        reconstruction.like_training_with_other_spectra,
        (reconstruction.NOT_CLOSE,),
        f"gap of the mean |λ| of J_L relative to that of the furthest class, at {_LOW}",
        (sets_of(), classes, points_of_both_splits),
    ),
    15: Claim(
        "The mean pixel is .13 for MNIST and .14, .5 and .86 for the Beta distributions.",
        f"Each sample mean is within {decimals(reconstruction.ROUNDING)} of this, that is, rounds "
        "to it.",
        reconstruction.pixel_means,
        (reconstruction.SAMPLE_MEANS,),
        needs=(images_of(reconstruction.PAPER_PIXEL_MEANS),),
    ),
}
