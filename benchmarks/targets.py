"""What a benchmark is to reach, and whether it did."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A number that was measured, and the number that it is to reach.

    `comparison` is ``"≥"`` or ``"≤"``, and `form` how both are written, as in `format`.
    """

    what: str
    measured: float
    comparison: str
    bound: float
    form: str = ".2f"

    @property
    def met(self) -> bool:
        """Whether the measured number, unrounded, reaches the bound."""
        if self.comparison == "≥":
            return self.measured >= self.bound
        return self.measured <= self.bound


def print_targets(targets: Iterable[Target]) -> None:
    """Print a Markdown table of targets."""
    print("\n| target | bound | measured | met |\n| --- | ---: | ---: | --- |")
    for target in targets:
        bound, measured = (format(value, target.form) for value in (target.bound, target.measured))
        met = "yes" if target.met else "**no**"
        print(f"| {target.what} | {target.comparison} {bound} | {measured} | {met} |")
