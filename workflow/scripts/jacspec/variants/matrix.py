"""Claims × variants: the verdict of each variant on each claim, and what a row of them says."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from enum import StrEnum
from pathlib import Path

from jacspec.claims.rows import SHARE_OF, VERDICT, ClaimRow, number_or_nan
from jacspec.claims.thresholds import MINIMUM_EPOCHS
from jacspec.claims.verdicts import Verdict
from jacspec.tables import read_table, write_table


@dataclass(frozen=True)
class VariantVerdict:
    """The verdict of one variant on one claim.

    `share_of_networks`, with its interval, is that of the claim's statement which holds of the
    fewest networks (of seeds, if it is about what goes with the latent dimension); `networks` and
    `seeds` are those that were judged, `epochs` how long they were trained, None if nobody knows.
    Numbers that there are not are NaN.
    """

    claim: str
    variant: str
    verdict: Verdict
    strength: float
    share_of_networks: float
    low: float
    high: float
    networks: int
    seeds: int
    epochs: int | None


@dataclass(frozen=True)
class MatrixRow:
    """A claim's verdicts, one a variant in the order of the sweep, and what they say together."""

    claim: str
    verdicts: tuple[VariantVerdict, ...]

    @property
    def conclusion(self) -> str:
        """What the row's end says: ``holds in all``, ``depends on the recipe: in 4 of 7``, …."""
        return conclusion([verdict.verdict for verdict in self.verdicts])


HEADER = tuple(field.name for field in fields(VariantVerdict))


def variant_verdicts(
    rows: Sequence[ClaimRow], epochs: Mapping[str, int | None]
) -> list[VariantVerdict]:
    """Return the verdict of every variant on every claim, in the order of `epochs` and claims."""
    by_pair: dict[tuple[str, str], list[ClaimRow]] = {}
    for row in rows:
        by_pair.setdefault((row.claim, row.variant), []).append(row)
    claims = dict.fromkeys(row.claim for row in rows)
    return [
        _verdict(claim, variant, by_pair[claim, variant], epochs[variant])
        for claim in claims
        for variant in epochs
        if (claim, variant) in by_pair
    ]


def matrix(verdicts: Sequence[VariantVerdict]) -> list[MatrixRow]:
    """Return one row per claim, in the order of the verdicts."""
    by_claim: dict[str, list[VariantVerdict]] = {}
    for verdict in verdicts:
        by_claim.setdefault(verdict.claim, []).append(verdict)
    return [MatrixRow(claim, tuple(own)) for claim, own in by_claim.items()]


class Standing(StrEnum):
    """Where a claim stands in all variants that can tell."""

    HOLDS = "holds in all"
    DEPENDS = "depends on the recipe"
    FAILS = "in none"
    OPEN = "undetermined"


def standing(verdicts: Sequence[Verdict]) -> Standing:
    """Return where a claim stands with these verdicts of the variants."""
    holds, fails = Verdict.REPRODUCED in verdicts, Verdict.NOT_REPRODUCED in verdicts
    if holds and fails:
        return Standing.DEPENDS
    if holds or fails:
        return Standing.HOLDS if holds else Standing.FAILS
    return Standing.OPEN


def conclusion(verdicts: Sequence[Verdict]) -> str:
    """Say in words in how many variants a claim holds, of those that can tell."""
    if len(verdicts) == 1:
        return str(verdicts[0])
    counts = Counter(verdicts)
    holds, unknown = counts[Verdict.REPRODUCED], counts[Verdict.UNDETERMINED]
    judged = holds + unknown + counts[Verdict.NOT_REPRODUCED]
    rest = f", {unknown} undetermined" if unknown else ""
    found = standing(verdicts)
    if found is Standing.DEPENDS:
        return f"{found}: in {holds} of {judged}{rest}"
    if found is Standing.HOLDS and unknown:
        return f"holds in {holds} of {judged}{rest}"
    if found is Standing.FAILS and unknown:
        return f"{found} of {judged}{rest}"
    if judged:
        return str(found)
    return str(Verdict.NOT_JUDGED if counts[Verdict.NOT_JUDGED] else Verdict.DOES_NOT_APPLY)


def answer(rows: Sequence[MatrixRow]) -> str:
    """Say in one sentence how many of the claims hold, depend on the recipe, or do not hold."""
    counts = Counter(standing([one.verdict for one in row.verdicts]) for row in rows)
    variants = len({verdict.variant for row in rows for verdict in row.verdicts})
    judged = len({v.variant for row in rows for v in row.verdicts if v.verdict != "not judged"})
    holds, depends, fails, unknown = (counts[one] for one in Standing)
    if not judged:
        trained = "the networks" if variants == 1 else f"the networks of all {variants} variants"
        return (
            f"Nothing is judged: {trained} were trained for fewer than {MINIMUM_EPOCHS} epochs, "
            "too few to tell."
        )
    if variants == 1:
        found = _counted(
            (holds, "is reproduced", "are reproduced"),
            (fails, "is not", "are not"),
            (unknown, "cannot be told", "cannot be told"),
        )
        return f"Of {len(rows)} claims, {found}."
    found = _counted(
        (holds, "holds in every variant that can tell", "hold in every variant that can tell"),
        (depends, "depends on the recipe", "depend on the recipe"),
        (fails, "holds in none that can tell", "hold in none that can tell"),
        (unknown, "cannot be told", "cannot be told"),
    )
    are = "is" if judged == 1 else "are"
    return f"Of {len(rows)} claims, {found} ({judged} of {variants} variants {are} judged)."


def _counted(*parts: tuple[int, str, str]) -> str:
    """Return how many there are of each part, in its words for one or for several."""
    # "0 depend" would read as if it were known that none does.
    *rest, last = (f"{count} {one if count == 1 else more}" for count, one, more in parts if count)
    return f"{', '.join(rest)} and {last}" if rest else last


def write_variants(path: Path | str, verdicts: Sequence[VariantVerdict]) -> None:
    """Write one row per claim and variant; numbers that there are not are left empty."""
    write_table(path, HEADER, (map(_cell, astuple(verdict)) for verdict in verdicts))


def read_variants(path: Path | str) -> list[VariantVerdict]:
    """Read what `write_variants` wrote; raises DamagedFileError if it has other columns."""
    return [
        VariantVerdict(
            row["claim"],
            row["variant"],
            Verdict(row["verdict"]),
            *(
                number_or_nan(row[name])
                for name in ("strength", "share_of_networks", "low", "high")
            ),
            int(row["networks"]),
            int(row["seeds"]),
            int(row["epochs"]) if row["epochs"] else None,
        )
        for row in read_table(path, HEADER)
    ]


def _verdict(
    claim: str, variant: str, rows: Sequence[ClaimRow], epochs: int | None
) -> VariantVerdict:
    of_variant = [row for row in rows if row.seed is None]
    (verdict,) = (row for row in of_variant if row.statistic == VERDICT)
    shares = [row for row in of_variant if row.statistic.startswith(SHARE_OF)]
    share = min(shares, key=_unknown_first, default=None)
    networks = {(row.latent_dim, row.seed) for row in rows if row.latent_dim is not None}
    seeds = {row.seed for row in rows if row.seed is not None}
    return VariantVerdict(
        claim,
        variant,
        Verdict(verdict.verdict),
        verdict.strength,
        *((share.value, share.low, share.high) if share else [math.nan] * 3),
        len(networks),
        len(seeds),
        epochs,
    )


def _unknown_first(row: ClaimRow) -> float:
    return -1.0 if math.isnan(row.value) else row.value


def _cell(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value
