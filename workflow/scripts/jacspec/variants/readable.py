"""The claims along the variants as a page of Markdown."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from jacspec.atomic import replacing
from jacspec.claims.networks import SHARE_OF_NETWORKS
from jacspec.claims.registry import CLAIMS
from jacspec.claims.thresholds import MINIMUM_EPOCHS
from jacspec.claims.verdicts import Verdict
from jacspec.claims.wording import percent, shown
from jacspec.markdown import markdown_table
from jacspec.variants.matrix import MatrixRow, VariantVerdict, answer
from jacspec.variants.variance import COMPONENTS, Component

_NO_NUMBER = (Verdict.NOT_JUDGED, Verdict.DOES_NOT_APPLY)


def write_readable_variants(
    path: Path | str,
    rows: Sequence[MatrixRow],
    components: Sequence[Component],
    settings: Mapping[str, Mapping[str, str]],
) -> None:
    """Write the matrix, what distinguishes the variants, and the components of variance.

    `settings` maps a key that differs to the value of each variant.
    """
    parts = [
        "# The paper's claims, variant by variant",
        answer(rows),
        "Each cell: the verdict over the variant's networks, and the strength, the share of the "
        "claim's single conditions that hold. A claim is reproduced if each of its statements "
        f"holds of at least {percent(SHARE_OF_NETWORKS)} of the networks, with the 95 % interval; "
        f"a variant trained for fewer than {MINIMUM_EPOCHS} epochs is not judged.",
        _matrix(rows),
    ]
    if settings:
        parts += ["## What distinguishes the variants", _settings(settings)]
    if components:
        parts += [
            "## Where the spread comes from",
            "The variance of each claim's main statistic over networks, by what it is due to: the "
            "variant (recipe), the latent dimension, both together, another draw of the network "
            "(seed), another sample of points. Variants that are not judged take no part.",
            _variance(components),
        ]
    with replacing(path) as temporary:
        temporary.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _matrix(rows: Sequence[MatrixRow]) -> str:
    variants = list(dict.fromkeys(one.variant for row in rows for one in row.verdicts))
    body = []
    for row in rows:
        by_variant = {one.variant: _cell(one) for one in row.verdicts}
        cells = [by_variant.get(variant, "") for variant in variants]
        words = CLAIMS[int(row.claim.removeprefix("C"))].words
        body.append([row.claim, words, *cells, f"**{row.conclusion}**"])
    return markdown_table(["", "The paper's claim", *variants, "Together"], body)


def _cell(one: VariantVerdict) -> str:
    if one.verdict in _NO_NUMBER or math.isnan(one.strength):
        return str(one.verdict)
    return f"{one.verdict} ({shown(one.strength)})"


def _settings(settings: Mapping[str, Mapping[str, str]]) -> str:
    variants = list(dict.fromkeys(variant for own in settings.values() for variant in own))
    body = [[variant, *(own[variant] for own in settings.values())] for variant in variants]
    return markdown_table(["variant", *(f"`{key}`" for key in settings)], body)


def _variance(components: Sequence[Component]) -> str:
    claims = dict.fromkeys(one.claim for one in components)
    shares = {(one.claim, one.component): f"{100 * one.share:.0f} %" for one in components}
    networks = {one.claim: str(one.networks) for one in components}
    body = [
        [
            claim,
            CLAIMS[int(claim.removeprefix("C"))].main,
            *(shares.get((claim, component), "") for component in COMPONENTS),
            networks[claim],
        ]
        for claim in claims
    ]
    return markdown_table(["", "Statistic", *COMPONENTS, "networks"], body)
