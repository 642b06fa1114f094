"""The verdicts on disk: every number of every claim as CSV, and a table for people."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from jacspec.atomic import replacing
from jacspec.claims.evidence import BRIGHTNESS, TRAINING_SET, Evidence
from jacspec.claims.registry import CLAIMS, Claim
from jacspec.claims.verdicts import Finding, Verdict, all_of
from jacspec.statistics.collapsed_models import left_out_note

HEADER = ["variant", "claim", "latent_dim", "seed", "statistic", "value", "low", "high", "verdict"]
VERDICT = "verdict"


@dataclass(frozen=True)
class Judgement:
    """A claim's findings by seed, and the verdict on all seeds together."""

    claim: Claim
    findings: Mapping[int, Finding]

    @property
    def verdict(self) -> Verdict:
        """Reproduced only if in every seed, not reproduced if not in one of them."""
        return all_of(finding.verdict for finding in self.findings.values())


def judgements(evidence: Evidence) -> dict[int, Judgement]:
    """Return the judgement of every claim, by number."""
    return {
        number: Judgement(claim, {seed: claim.judge(evidence, seed) for seed in evidence.seeds})
        for number, claim in CLAIMS.items()
    }


def write_claims_table(path: Path | str, judged: Mapping[int, Judgement], variant: str) -> None:
    """Write one row a number, in the columns of `HEADER`.

    `statistic` is a name and, after slashes, what it is of. A row with a `latent_dim` is of one
    model, one without is over latent dimensions. `low` and `high` are the 95 % interval over
    points; for a share of cases, the share that certainly holds and that may hold. `verdict` is
    that of the number against its threshold, empty if it is reported only. The rows whose statistic
    is `verdict` have no number: they give the verdict on the claim, for one seed or, where `seed`
    is empty, for all seeds together.
    """
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for number, judgement in judged.items():
            for row in _rows(judgement):
                writer.writerow([variant, f"C{number}", *row])


def write_readable_claims(
    path: Path | str, judged: Mapping[int, Judgement], evidence: Evidence
) -> None:
    """Write a Markdown table of one row a claim: its words, its criterion, verdict, evidence."""
    rows = [
        ["", "The paper's claim", "Verdict", "Evidence", "Counted as reproduced if"],
        ["---"] * 5,
    ]
    for number, judgement in judged.items():
        found = " ".join(
            f"*Seed {seed}, {finding.verdict}:* {finding.evidence}."
            for seed, finding in judgement.findings.items()
        )
        rows.append(
            [
                f"C{number}",
                judgement.claim.words,
                f"**{judgement.verdict}**",
                found,
                judgement.claim.criterion,
            ]
        )
    table = "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in rows)
    with replacing(path) as temporary:
        temporary.write_text(f"{_preamble(judged, evidence)}\n{table}\n", encoding="utf-8")


def _rows(judgement: Judgement) -> Iterator[list[object]]:
    for seed, finding in judgement.findings.items():
        for part in finding.criteria:
            numbers = [repr(float(number)) for number in (part.value, part.low, part.high)]
            latent_dim = "" if part.latent_dim is None else part.latent_dim
            yield [latent_dim, seed, part.statistic, *numbers, part.verdict or ""]
        yield ["", seed, VERDICT, "", "", "", finding.verdict]
    yield ["", "", VERDICT, "", "", "", judgement.verdict]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _preamble(judged: Mapping[int, Judgement], evidence: Evidence) -> str:
    verdicts = [judgement.verdict for judgement in judged.values()]
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in Verdict)
    groups = "; ".join(
        f"{brightness}: {', '.join(evidence.random_sets(brightness)) or 'none'}"
        for brightness in BRIGHTNESS
    )
    models = "; ".join(
        f"seed {seed}: d = {', '.join(map(str, evidence.latent_dims(seed)))}"
        for seed in evidence.seeds
    )
    left_out = f"- {left_out_note(evidence.collapsed)}\n" if evidence.collapsed else ""
    return f"""# The paper's claims

{len(judged)} claims: {counts}.

J_I is the Jacobian of the autoencoder at a point of the input space, J_L that of encoder after
decoder at its latent representation; λ are their d eigenvalues that need not be zero, d the latent
dimension. The training set is MNIST, with its test images. Random sets are of pixels drawn
independently, grouped by their mean.

- Random sets: {groups}.
- Models: {models or "none"}.
{left_out}- Points: {_points(evidence)}.

*Reproduced* and *not reproduced* are said where a 95 % bootstrap interval over points lies on one
side of the criterion, *undetermined* where it does not, or where too few points, latent dimensions,
seeds or points of determined sign are left to tell. The criteria were fixed before any result on
random sets was seen. The intervals do not cover that another training run would give another
network: for that, compare the seeds. A claim counts as reproduced if it is in every seed.
"""


def _points(evidence: Evidence) -> str:
    if not evidence.models:
        return "none"
    latent_dim, seed = min(evidence.models)

    def points(dataset: str) -> int:
        return int(evidence.draws(latent_dim, seed, dataset, "both", "points")[0])

    others = {points(dataset) for dataset in evidence.random_sets()}
    random_sets = " or ".join(str(count) for count in sorted(others)) or "no"
    return f"{points(TRAINING_SET)} of MNIST, {random_sets} of each random set"
