"""The claims judged by one variant: its verdict over networks, and that of each seed."""

from collections.abc import Mapping
from dataclasses import dataclass

from jacspec.claims.bootstrap import Draws
from jacspec.claims.conditions import strength
from jacspec.claims.evidence import Evidence
from jacspec.claims.findings import Finding
from jacspec.claims.networks import mean_over_networks, share_that_holds
from jacspec.claims.registry import CLAIMS, Claim
from jacspec.claims.thresholds import MINIMUM_EPOCHS, too_short
from jacspec.claims.verdicts import Criterion, Verdict, all_of


@dataclass(frozen=True)
class Judgement:
    """A claim's findings by seed, and what they come to.

    `not_judged` and `does_not_apply` say why there is no verdict; empty where there is one.
    """

    claim: Claim
    findings: Mapping[int, Finding]
    not_judged: str = ""
    does_not_apply: str = ""

    def shares(self, *seeds: int) -> list[Criterion]:
        """Return the share of networks for each statement of the claim, of some seeds or all."""
        chosen = {seed: self.findings[seed] for seed in seeds or self.findings}
        return [
            share_that_holds(
                statement,
                {
                    seed: [one for one in finding.conditions if one.statement == statement.name]
                    for seed, finding in chosen.items()
                },
            )
            for statement in self.claim.statements
        ]

    def verdict(self, *seeds: int) -> Verdict:
        """Return the verdict of some seeds or all: every statement must hold."""
        if self.does_not_apply:
            return Verdict.DOES_NOT_APPLY
        if self.not_judged:
            return Verdict.NOT_JUDGED
        return all_of(share.verdict for share in self.shares(*seeds))

    def strength(self, *seeds: int) -> float:
        """Return the share of the claim's own conditions that hold; NaN without a verdict."""
        if self.does_not_apply or self.not_judged:
            return float("nan")
        chosen = seeds or self.findings
        return strength(one for seed in chosen for one in self.findings[seed].conditions)

    def main(self) -> Draws | None:
        """Return the mean of the main statistic over all networks, (1 + R,), if there is one."""
        own = [draws for finding in self.findings.values() for draws in finding.main.values()]
        return mean_over_networks(own) if own else None


def judgements(evidence: Evidence, epochs: int | None) -> dict[int, Judgement]:
    """Return the judgement of every claim, by number, on networks trained for `epochs`.

    None stands for networks that were trained elsewhere, nobody knows for how long.
    """
    return {number: judgement(claim, evidence, epochs) for number, claim in CLAIMS.items()}


def judgement(claim: Claim, evidence: Evidence, epochs: int | None) -> Judgement:
    """Return the judgement of one claim."""
    not_judged = (
        f"trained for {epochs} epochs, which is fewer than {MINIMUM_EPOCHS}"
        if too_short(epochs)
        else ""
    )
    reasons = [need(evidence) for need in claim.needs] if evidence.models else []
    if any(reasons):
        return Judgement(claim, {}, does_not_apply="; ".join(filter(None, reasons)))
    findings = {seed: claim.judge(evidence, seed) for seed in evidence.seeds}
    return Judgement(claim, findings, not_judged)
