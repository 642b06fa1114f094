"""The data sets of a sweep: that they can be made, and fit the models that see them."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from jacspec.data.image_sources import PublishedImages
from jacspec.data.mnist import TRAINING_IMAGES
from jacspec.data.registry import DataSets
from jacspec.data.source import Source, SourceError, evaluation_order
from jacspec.errors import UnusableDataError
from sweep.variants import variants_of


def data_sets_of(config: Mapping[str, Any]) -> DataSets:
    """Return the sets that a configuration defines; random ones are like its `training_set`."""
    return DataSets(config["data"], config["training_set"])


def evaluated_sets(config: Mapping[str, Any]) -> dict[str, Source]:
    """Return the sets that a checked configuration evaluates, in its order."""
    sets = data_sets_of(config)
    return {name: sets[name] for name in config["datasets"]}


def data_set_faults(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the sets, their names, and the choice of training sets."""
    evaluated, defined = config["datasets"], config["data"]
    training_sets = {
        f"variants.{name}": variant.training_set for name, variant in variants_of(config).items()
    }
    for key, name in [("training_set", config["training_set"]), *training_sets.items()]:
        if name not in defined:
            yield f"{key}: its training_set is {name}, not defined; {_advice(name, defined)}"
            return
    yield from _look_alikes(evaluated)
    for name in evaluated:
        if name not in defined:
            yield f"datasets: found {name}, which is not defined; {_advice(name, defined)}"
    sets, faults = _made_sets(config, {*evaluated, *training_sets.values()})
    yield from faults
    if not faults:
        yield from _shared_titles({name: sets[name] for name in evaluated if name in sets})
        yield from _training_set_faults(sets, training_sets, evaluated)
        for name in sorted({*training_sets.values()}):
            yield from _sample_faults(name, sets[name], config["samples"], config["sample_seed"])
    for role, name in config["figures"]["representatives"].items():
        if name not in evaluated or name in training_sets.values():
            yield (
                f"figures.representatives.{role}: found {name}; write one of the data sets under "
                "datasets that no model is trained on"
            )


def _made_sets(config: Mapping[str, Any], used: set[str]) -> tuple[dict[str, Source], list[str]]:
    """Return the sets that can be made, and why others cannot.

    That a file is missing, or is not what its ending says, matters only if the set is used.
    """
    sets, made, faults = data_sets_of(config), {}, {}
    for name in sets:
        try:
            made[name] = sets[name]
        except SourceError as error:
            # The same for a set and for all that are made from it.
            faults[str(error)] = None
        except UnusableDataError as error:
            if name in used:
                faults[f"data.{name}: {error}"] = None
    return made, list(faults)


def _training_set_faults(
    sets: Mapping[str, Source], training_sets: Mapping[str, str], evaluated: list[str]
) -> Iterator[str]:
    for key, name in training_sets.items():
        if not sets[name].has_split:
            trainable = [other for other, source in sets.items() if source.has_split]
            yield (
                f"{key}: its training_set is {name}, which has no end or no split; write one such "
                f"as {', '.join(trainable)}"
            )
        elif name not in evaluated:
            yield (
                f"datasets: {name} missing, the training set of {key.removeprefix('variants.')}; "
                "add it, every comparison is with it"
            )
        for other in evaluated:
            if other in sets and sets[other].shape != sets[name].shape:
                yield (
                    f"datasets: found {other}, whose points have shape {list(sets[other].shape)}; "
                    f"write sets of shape {list(sets[name].shape)}, that of {name}, the "
                    f"training_set of {key}"
                )


def _sample_faults(name: str, source: Source, samples: int, sample_seed: int) -> Iterator[str]:
    """Yield a fault if there are too few images of a training set to tell others from.

    Detection takes a distribution from training images, two at least, and compares test images.
    """
    # By chance, a few do not have both; a thousand always do.
    if samples >= 1000 or not isinstance(source, PublishedImages):
        return
    is_test = evaluation_order(sample_seed, source.count) >= TRAINING_IMAGES
    least = int(max(np.flatnonzero(~is_test)[1], np.flatnonzero(is_test)[0])) + 1
    if samples < least:
        yield (
            f"samples: found {samples}; write at least {least}: fewer images of {name} are not two "
            f"for training and one for testing, as sample_seed {sample_seed} orders them"
        )


def _advice(name: str, defined: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(name, defined, n=1)
    return f"did you mean {close[0]}?" if close else "define it under data"


def _look_alikes(names: Iterable[str]) -> Iterator[str]:
    """Yield faults for names that are of one file on many file systems."""
    first: dict[str, str] = {}
    for name in names:
        other = first.setdefault(name.lower().replace("-", "_"), name)
        if other != name:
            yield (
                f"datasets: found {other} and {name}, which many file systems and readers take for "
                "the same; write a name that differs in more than capitals, '-' and '_'"
            )


def _shared_titles(sets: Mapping[str, Source]) -> Iterator[str]:
    """Yield faults for sets that nobody could tell apart in a figure."""
    first: dict[str, str] = {}
    for name, source in sets.items():
        other = first.setdefault(source.display_name, name)
        if other != name:
            yield (
                f"datasets: found {other} and {name}, which figures and tables both call "
                f"{source.display_name!r}; give one of them another title under data"
            )
