"""The verdicts of a variant as a table of every number of every claim."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from jacspec.claims.bootstrap import interval
from jacspec.claims.conditions import strength
from jacspec.claims.findings import Finding
from jacspec.claims.judgements import Judgement
from jacspec.claims.rows import HEADER, MAIN, MAIN_POINT_VARIANCE, VERDICT
from jacspec.claims.verdicts import Criterion
from jacspec.tables import write_table

Row = tuple[object, ...]


def write_claims_table(path: Path | str, judged: Mapping[int, Judgement], variant: str) -> None:
    """Write one row per number, in the columns of `HEADER`.

    `statistic` is a name and, after slashes, what it is of. A row with a `latent_dim` is of one
    network, one without is over latent dimensions, one without `seed` over all networks. `low` and
    `high` are the 95 % interval over points, and `verdict` that of the number against its
    threshold, empty if it is reported only. Beside the claim's own numbers there are

    - ``condition/…``: whether a statement of the claim holds of a network, 1 or 0, and as strength
      the share of its parts that do;
    - ``share_of_networks/…``, or of seeds: of what share of them it holds, of one seed's and of
      all, with the interval over seeds, networks and points;
    - ``main`` and ``main_point_variance``: the claim's main statistic and its variance over points;
      without `seed`, its mean over networks, with the interval over networks and points;
    - ``verdict``, which has no number: the verdict on the claim and its strength, for each seed
      and, without `seed`, for the variant.

    Of a variant that is not judged there are the numbers, and no other verdict than that.
    """
    rows = (
        (variant, f"C{number}", *row)
        for number, judgement in judged.items()
        for row in _rows(judgement)
    )
    write_table(path, HEADER, rows)


def _rows(judgement: Judgement) -> Iterator[Row]:
    for seed, finding in judgement.findings.items():
        parts = [*finding.criteria, *judgement.shares(seed)]
        for row in [*map(_criterion, parts), *_conditions(finding), *_main(finding)]:
            yield _of_seed(row, seed, judgement)
        yield None, seed, *_verdict(judgement, seed)
    for share in judgement.shares() if judgement.findings else []:
        yield _of_seed(_criterion(share), None, judgement)
    if (main := judgement.main()) is not None:
        yield None, None, MAIN, float(main[0]), *interval(main), None, None
    yield None, None, *_verdict(judgement)


def _of_seed(row: Row, seed: int | None, judgement: Judgement) -> Row:
    latent_dim, *numbers, verdict, share = row
    judged = (None, None) if judgement.not_judged else (verdict, share)
    return latent_dim, seed, *numbers, *judged


def _criterion(part: Criterion) -> Row:
    return part.latent_dim, part.statistic, part.value, part.low, part.high, part.verdict, None


def _conditions(finding: Finding) -> Iterator[Row]:
    for one in finding.conditions:
        share = _known(strength([one]))
        name = f"condition/{one.statement}"
        yield one.latent_dim, name, float(one.holds[0]), None, None, one.verdict, share


def _main(finding: Finding) -> Iterator[Row]:
    for latent_dim, draws in finding.main.items():
        yield latent_dim, MAIN, float(draws[0]), *interval(draws), None, None
        variance = float(np.var(draws[1:]))
        yield latent_dim, MAIN_POINT_VARIANCE, variance, None, None, None, None


def _verdict(judgement: Judgement, *seeds: int) -> Row:
    own_strength = _known(judgement.strength(*seeds))
    return VERDICT, None, None, None, judgement.verdict(*seeds), own_strength


def _known(number: float) -> float | None:
    return None if math.isnan(number) else number
