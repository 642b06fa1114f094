"""The verdicts of a variant as a Markdown table for people."""

import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from jacspec.atomic import replacing
from jacspec.claims.evidence import BRIGHTNESS, Evidence
from jacspec.claims.judgements import Judgement
from jacspec.claims.networks import SHARE_OF_NETWORKS
from jacspec.claims.verdicts import Criterion, Verdict
from jacspec.claims.wording import percent, shown
from jacspec.markdown import markdown_table
from jacspec.statistics.collapsed_models import left_out_note


def write_readable_claims(
    path: Path | str, judged: Mapping[int, Judgement], evidence: Evidence
) -> None:
    """Write a Markdown table of one row per claim: its words, verdict, evidence and criterion."""
    rows = []
    for number, judgement in judged.items():
        claim, verdict = judgement.claim, f"**{judgement.verdict()}**"
        rows.append([f"C{number}", claim.words, verdict, _in_words(judgement), claim.criterion])
    header = ["", "The paper's claim", "Verdict", "Evidence", "Counted as reproduced if"]
    table = markdown_table(header, rows)
    with replacing(path) as temporary:
        temporary.write_text(f"{_preamble(judged, evidence)}\n{table}\n", encoding="utf-8")


def share_in_words(share: Criterion) -> str:
    """Return of what share of networks a statement holds: ``near one 1.00 (.88 to 1.00)``."""
    statement = share.statistic.rsplit("/", 1)[1].replace("_", " ")
    if math.isnan(share.value):
        return f"{statement}: no network"
    return f"{statement}: {percent(share.value)} ({percent(share.low)} to {percent(share.high)})"


def _in_words(judgement: Judgement) -> str:
    if judgement.does_not_apply:
        return f"Does not apply: {judgement.does_not_apply}."
    shares = "; ".join(map(share_in_words, judgement.shares())) if judgement.findings else "none"
    strength = judgement.strength()
    sentences = [f"*Share of networks:* {shares}."]
    if not math.isnan(strength):
        sentences.append(f"*Strength:* {shown(strength)}.")
    for seed, finding in judgement.findings.items():
        verdict = "" if judgement.not_judged else f", {judgement.verdict(seed)}"
        sentences.append(f"*Seed {seed}{verdict}:* {finding.evidence}.")
    return " ".join(sentences)


def _preamble(judged: Mapping[int, Judgement], evidence: Evidence) -> str:
    found = Counter(judgement.verdict() for judgement in judged.values())
    counts = ", ".join(f"{found[verdict]} {verdict}" for verdict in Verdict if found[verdict])
    groups = "; ".join(
        f"{brightness}: {', '.join(evidence.random_sets(brightness)) or 'none'}"
        for brightness in BRIGHTNESS
    )
    models = "; ".join(
        f"seed {seed}: d = {', '.join(map(str, evidence.latent_dims(seed)))}"
        for seed in evidence.seeds
    )
    left_out = f"- {left_out_note(evidence.collapsed)}\n" if evidence.collapsed else ""
    reasons = {judgement.not_judged for judgement in judged.values()} - {""}
    not_judged = f"**Not judged:** {reasons.pop()}. The numbers stand.\n\n" if reasons else ""
    return f"""# The paper's claims, by the networks of the variant {evidence.variant}

{len(judged)} claims: {counts}.

{not_judged}J_I is the Jacobian of the autoencoder at a point of the input space, J_L that of the
encoder after the decoder at its latent representation; λ are their d eigenvalues that need not be
zero, d the latent dimension. The training set is {evidence.training_set}, with its test points; a
class is what has one label there, in MNIST a digit. Random sets are of pixels drawn independently,
grouped by their mean.

- Random sets: {groups}.
- Models: {models or "none"}.
{left_out}- Points: {_points(evidence)}.

The unit of evidence is the network. A claim is *reproduced* if each of its criteria holds of at
least {percent(SHARE_OF_NETWORKS)} of the networks, or of the seeds where it is about what goes with
d; *not reproduced* if one of them does not; *undetermined* where the 95 % interval of the share
does not tell, because of too few networks, points or points of determined sign. The interval
resamples seeds and then points, and is no narrower than that of as many independent draws.
*Strength* is the share of the claim's single conditions that hold. The criteria were fixed before
any result on random sets was seen.
"""


def _points(evidence: Evidence) -> str:
    if not evidence.models:
        return "none"
    key = min(evidence.models)

    def points(dataset: str) -> int:
        return int(evidence.draws(key.latent_dim, key.seed, dataset, "both", "points")[0])

    others = {points(dataset) for dataset in evidence.random_sets()}
    random_sets = " or ".join(str(count) for count in sorted(others)) or "no"
    return (
        f"{points(evidence.training_set)} of {evidence.training_set}, {random_sets} of each "
        "random set"
    )
