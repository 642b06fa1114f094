"""The claims by number. A further claim is one more function and one more entry here."""

from collections.abc import Callable
from dataclasses import dataclass

from jacspec.claims import (
    orientation_claims,
    random_set_claims,
    reconstruction_claims,
    training_set_claims,
)
from jacspec.claims.evidence import Evidence
from jacspec.claims.verdicts import Finding


@dataclass(frozen=True)
class Claim:
    """What the paper says, what counts as finding it here, and the function that looks."""

    words: str
    criterion: str
    judge: Callable[[Evidence, int], Finding]


CLAIMS: dict[int, Claim] = {
    1: Claim(
        "On the training set the mean |λ| is below 1, near it, and declines slowly with d.",
        "At every d all four means (arithmetic and geometric, of J_I and J_L) lie between .5 and "
        "1, and each falls with d more consistently than chance orders it (5 % level).",
        training_set_claims.means_near_one,
    ),
    2: Claim(
        "On the training set arithmetic and geometric mean of |λ| are of similar scale.",
        "Their ratio is below 2 at every d, for J_I and J_L.",
        training_set_claims.means_of_similar_scale,
    ),
    3: Claim(
        "On the training set there is no mass of zero eigenvalues, but a left tail that grows "
        "with d.",
        "At every d fewer than 1 % of the eigenvalues of J_I are zero, and the 5 % quantile of "
        "log |λ| falls with d more consistently than chance orders it (5 % level).",
        training_set_claims.no_zeros_but_a_tail,
    ),
    4: Claim(
        "The spectra of J_I and J_L differ more on random sets than on the training set.",
        "The median of ‖λ(J_I) − λ(J_L)‖²/d is larger in 95 % of the cases (set, d).",
        random_set_claims.spectra_differ_more,
    ),
    5: Claim(
        "The means of |λ| are less constant across d on random sets than on the training set.",
        "Their coefficient of variation over d is larger in 95 % of the cases (set, mean, "
        "Jacobian).",
        random_set_claims.means_less_constant,
    ),
    6: Claim(
        "Eventually the means of |λ| on random sets drop below those on the training set.",
        "At the three largest d 95 % of the cases (set, d) lie below, for each of the four means.",
        random_set_claims.means_drop_below,
    ),
    7: Claim(
        "At high d the means of J_I cluster by pixel mean, dark above middle above bright; those "
        "of J_L do not.",
        "Groups in this order with a mean silhouette above .5 in at least half of the cases "
        "(mean, d ≥ 12) of J_I, and in fewer of J_L.",
        random_set_claims.means_cluster_by_brightness,
    ),
    8: Claim(
        "log |λ| of J_I has a higher standard deviation on every random set than on the training "
        "set.",
        "It is higher in 95 % of the cases (set, d); exact zeros are left out.",
        random_set_claims.logarithms_spread_more,
    ),
    9: Claim(
        "J_I rarely reverses orientation on the training set, and about half the time at high d "
        "on all random sets but the dark ones.",
        "Below 25 % of the training points at every d, and between 40 and 60 % in three quarters "
        "of the cases (set with pixel mean ≥ .5, d ≥ 12). Only points whose sign is determined "
        "count; a case with more than 10 % of others is undetermined.",
        orientation_claims.orientation_is_a_coin_flip,
    ),
    10: Claim(
        "|arg λ| of J_I is small on the training set, can be any angle on bright sets, and is "
        "narrower as sets darken.",
        "Training mean below π/8 at every d; 95 % quantile above 3π/4 in three quarters of the "
        "cases (bright set, d ≥ 12); 95 % quantiles in the order bright, middle, dark, training "
        "at three quarters of d ≥ 12.",
        orientation_claims.arguments_widen_with_brightness,
    ),
    11: Claim(
        "Random pixels are reconstructed to digit-like images at low d and to something else at "
        "high d.",
        "More than half of a set's points look like digits in three quarters of the cases (set, "
        "d ≤ 4), fewer than half in three quarters of those with d ≥ 12. Like a digit: the "
        "nearest training reconstruction is as near as for 99 % of test images.",
        reconstruction_claims.digits_then_characters,
    ),
    12: Claim(
        "From d ≈ 12 on, a model reconstructs all random sets of pixel mean < .5 to one "
        "character, and all others to one.",
        "The group's reconstructions are as alike as those of images of one digit, in 95 % of "
        "the cases (group, d ≥ 12).",
        reconstruction_claims.one_character,
    ),
    13: Claim(
        "That character is another one for another d and for another seed.",
        "At d ≥ 12 the mean reconstructions of a group by two models are no more correlated than "
        "those of two digits by one model (medians), for both groups and both kinds of pairs.",
        reconstruction_claims.characters_differ,
    ),
    14: Claim(
        "At low d random pixels look like digits when reconstructed, and yet many sets have "
        "another mean |λ| of J_L than the training set.",
        "In half of the cases (set, d ≤ 4) that look like digits, the mean is further from the "
        "training set's than that of any single digit.",
        reconstruction_claims.digits_with_other_spectra,
    ),
    15: Claim(
        "The mean pixel is .13 for MNIST and .14, .5 and .86 for the Beta distributions.",
        "Each sample mean rounds to this.",
        reconstruction_claims.pixel_means,
    ),
}
