"""The answer to the paper's central question, whether orientation is reversed, in plain words."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jacspec.claims.networks import SHARE_OF_NETWORKS
from jacspec.claims.orientation_claims import COIN_FLIP, NEAR_HALF, RARELY
from jacspec.claims.rows import VERDICT, ClaimRow
from jacspec.claims.thresholds import MINIMUM_EPOCHS, MOST, SMALLEST_HIGH_DIM
from jacspec.claims.verdicts import Verdict
from jacspec.key import ModelKey
from jacspec.statistics.collapsed_models import names_of_models

CENTRAL_CLAIM = "C9"
PAPER_EPOCHS = 300
REVERSED = "share_reversed/input/"
UNDETERMINED = "share_undetermined/input/"
NOT_JUDGED = "Not judged."


@dataclass(frozen=True)
class Headline:
    """A verdict, one sentence that says it, and what it rests on: pairs of a question and answer.

    `verdict` is that of the claims table.
    """

    verdict: str
    sentence: str
    grounds: tuple[tuple[str, str], ...]


SENTENCES = {
    "reproduced": "Yes, orientation reversal was reproduced: J_I rarely reverses orientation on "
    "the training set, and about half the time on random pixels at high latent dimension.",
    "not reproduced": "No, orientation reversal was not reproduced as the paper states it.",
    "undetermined": "Undetermined: this sweep cannot tell whether orientation is reversed as the "
    "paper says.",
    "not judged": f"Not judged: these networks were trained for fewer than {MINIMUM_EPOCHS} "
    "epochs, too few to tell. The chart shows the shares that were measured.",
    "does not apply": "The question does not apply: this sweep has no random pixels to put it to.",
}


def headline(rows: Sequence[ClaimRow], training_set: str) -> Headline:
    """Return the answer from the rows of a variant's table of claims."""
    central = [row for row in rows if row.claim == CENTRAL_CLAIM]
    verdict = verdict_of(central, CENTRAL_CLAIM)
    sentence = SENTENCES[verdict]
    seeds = sorted({row.seed for row in central if row.seed is not None})
    return Headline(
        verdict,
        sentence,
        (
            ("Rarely on the training set?", _training(central, training_set)),
            ("About half the time on random pixels?", _random_sets(central, training_set)),
            ("How sure is that?", _certainty(central, seeds)),
            ("What is left out", _left_out(central)),
        ),
    )


def cautions(epochs: int | None, collapsed: Sequence[ModelKey]) -> list[tuple[str, str]]:
    """Return what a reader must know before the answer, each as a title and a text.

    `epochs` is None for networks that were trained elsewhere, nobody knows for how long;
    `collapsed` are the models that are no better than the mean image.
    """
    found = []
    if epochs is None:
        text = (
            "These networks were trained elsewhere. What they do far from their training data "
            f"changes until the end of a training, and the paper's took {PAPER_EPOCHS} epochs: the "
            "verdicts take it that these were trained to their end, on this training set."
        )
        found.append(("Imported weights.", text))
    elif epochs < PAPER_EPOCHS:
        trained = "one epoch" if epochs == 1 else f"{epochs} epochs"
        text = (
            f"These networks were trained for {trained}, the paper's for {PAPER_EPOCHS}. "
            "What they do far from their training data changes until the end: conclude nothing "
            "about the paper from this sweep."
        )
        found.append(("Too short to tell.", text))
    if collapsed:
        text = (
            f"{names_of_models(collapsed)}. There, training ended no better than the mean image: "
            "the network has collapsed, or hardly begun. Its Jacobians say nothing: verdicts are "
            "without it, and so are the figures if another is left. Another seed or a smaller "
            "learning rate may help."
        )
        found.append(("Left out:", text))
    return found


def _training(rows: Sequence[ClaimRow], training_set: str) -> str:
    shares = [row for row in rows if row.statistic == f"{REVERSED}{training_set}"]
    return (
        f"{_answer([row.verdict for row in shares])} J_I reverses orientation at "
        f"{_extent(row.value for row in shares)} of the points, depending on latent dimension and "
        f"seed. The claim asks for less than {_percent(RARELY)}{_count(shares)}."
    )


def _random_sets(rows: Sequence[ClaimRow], training_set: str) -> str:
    random_sets = [row for row in _high(rows) if not row.statistic.endswith(training_set)]
    if random_sets and verdict_of(rows, CENTRAL_CLAIM) == Verdict.NOT_JUDGED:
        return NOT_JUDGED
    judged = [row for row in random_sets if row.verdict]
    if not judged:
        return (
            f"Nothing can be said: the sweep has no random set with a pixel mean of at least .5 at "
            f"a latent dimension of {SMALLEST_HIGH_DIM} or more."
        )
    low, high = map(_percent, NEAR_HALF)
    statement = f"share_of_networks/{COIN_FLIP.name}"
    shares = [row.verdict for row in rows if row.statistic == statement and row.seed is None]
    return (
        f"{_answer(shares)} On sets with pixel mean ≥ .5, at latent dimensions ≥ "
        f"{SMALLEST_HIGH_DIM}, it does so at {_extent(row.value for row in judged)} of the "
        f"points. The claim asks for {low} to {high} on {_percent(MOST)} of the sets, of at least "
        f"{_percent(SHARE_OF_NETWORKS)} of the networks{_count(judged)}."
    )


def _certainty(rows: Sequence[ClaimRow], seeds: Sequence[int]) -> str:
    widths = [
        (row.high - row.low) / 2
        for row in rows
        if row.statistic.startswith(REVERSED) and not math.isnan(row.high - row.low)
    ]
    by_seed = ", ".join(f"seed {seed}: {verdict_of(rows, CENTRAL_CLAIM, seed)}" for seed in seeds)
    points = (
        f"The shares are known to ± {_points(max(widths))} percentage points or better (95 % "
        "bootstrap over points)."
        if widths
        else "There is no interval for any share."
    )
    trained = "One network was" if len(seeds) == 1 else f"{len(seeds)} networks were"
    return (
        f"{points} Another training run gives another network, so that the verdict is over "
        f"networks: {trained.lower()} trained for each latent dimension ({by_seed})."
    )


def _left_out(rows: Sequence[ClaimRow]) -> str:
    shares = [row.value for row in rows if row.statistic.startswith(UNDETERMINED)]
    return (
        f"Points at which the sign of the determinant is undetermined, because the Jacobian is "
        f"numerically singular: {_extent(shares)} of a set. They are not counted on either side."
    )


def _answer(verdicts: Sequence[str]) -> str:
    """Return the answer to whether all of several statements hold, with verdicts on any of them."""
    if verdicts and not any(verdicts):
        return NOT_JUDGED
    if "not reproduced" in verdicts:
        return "No."
    return "Yes." if verdicts and set(verdicts) == {"reproduced"} else "Undetermined."


def _high(rows: Sequence[ClaimRow]) -> list[ClaimRow]:
    return [
        row
        for row in rows
        if row.statistic.startswith(REVERSED) and (row.latent_dim or 0) >= SMALLEST_HIGH_DIM
    ]


def _count(rows: Sequence[ClaimRow]) -> str:
    """Return in how many cases the claim gets what it asks for, nothing of those not judged."""
    verdicts = [row.verdict for row in rows if row.verdict]
    if not verdicts:
        return ""
    undecided = verdicts.count("undetermined")
    text = f": met in {verdicts.count('reproduced')} of {len(verdicts)} cases"
    return f"{text}, undecided in {undecided}" if undecided else text


def _extent(values: Iterable[float]) -> str:
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return "an unknown share"
    low, high = _percent(min(known)), _percent(max(known))
    return low if low == high else f"{low} to {high}"


def _percent(value: float) -> str:
    return f"{_points(value)} %"


def _points(value: float) -> str:
    return f"{100 * value:.1f}" if 0 < value < 0.095 else f"{100 * value:.0f}"


def verdict_of(rows: Sequence[ClaimRow], claim: str, seed: int | None = None) -> str:
    """Return the verdict on a claim, for one seed or for all together."""
    (found,) = (
        row.verdict
        for row in rows
        if (row.claim, row.statistic, row.seed) == (claim, VERDICT, seed)
    )
    return found
