"""Why a claim cannot be put to some evidence at all: functions that say so, or return nothing."""

from collections.abc import Callable, Iterable

from jacspec.claims.evidence import Evidence, Quantity


def sets_of(*brightness: str, together: bool = False) -> Callable[[Evidence], str]:
    """Return a function that asks for random sets: of each brightness, `together` of any of them.

    Without `brightness`, any random set will do.
    """
    groups = [brightness] if together or not brightness else [(name,) for name in brightness]

    def missing(evidence: Evidence) -> str:
        absent = [" or ".join(group) for group in groups if not evidence.random_sets(*group)]
        if not absent:
            return ""
        kinds = f" that is {' and none that is '.join(absent)}" if brightness else ""
        return f"the sweep has no set of random pixels{kinds}"

    return missing


def images_of(datasets: Iterable[str]) -> Callable[[Evidence], str]:
    """Return a function that asks for one of some data sets."""
    wanted = list(datasets)

    def missing(evidence: Evidence) -> str:
        evaluated = {evidence.training_set, *evidence.random_sets()}
        return (
            "" if evaluated.intersection(wanted) else f"the sweep has none of {', '.join(wanted)}"
        )

    return missing


def classes(evidence: Evidence) -> str:
    """Ask for a training set with labels of at least two classes."""
    found = _any_model_has(evidence, "class_correlation")
    return "" if found else f"the points of {evidence.training_set} have no labels of two classes"


def points_of_both_splits(evidence: Evidence) -> str:
    """Ask for a training set with points to train on and points to test with."""
    found = _any_model_has(evidence, "nearest_limit")
    return "" if found else f"the points of {evidence.training_set} have no split into two parts"


def _any_model_has(evidence: Evidence, statistic: str) -> bool:
    quantity = Quantity(evidence.training_set, "both", statistic)
    return any(quantity in model.draws for model in evidence.models.values())
