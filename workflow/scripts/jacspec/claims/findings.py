"""What a claim finds for one seed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from jacspec.claims.bootstrap import Draws
from jacspec.claims.conditions import Condition
from jacspec.claims.verdicts import Criterion


@dataclass(frozen=True)
class Finding:
    """The numbers behind a claim for one seed, the conditions made of them, and both in words.

    `main` is the claim's main statistic by latent dimension, (1 + R,) each; None stands for all
    latent dimensions together.
    """

    criteria: tuple[Criterion, ...]
    conditions: tuple[Condition, ...]
    evidence: str
    main: Mapping[int | None, Draws] = field(default_factory=dict, repr=False)
