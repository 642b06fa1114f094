"""The families of a sweep: sets along parameters, that they can be made, and their models."""

from collections.abc import Iterator, Mapping
from math import prod
from typing import Any

from jacspec.data.registry import DataSets
from jacspec.data.source import Source, SourceError
from jacspec.errors import UnusableDataError
from jacspec.families.family import MOST_MEMBERS, MOST_PARAMETERS, Family, Span
from sweep.variants import variants_of


def families_of(config: Mapping[str, Any]) -> dict[str, Family]:
    """Return the families of a checked configuration by name, in its order."""
    return {name: _family(config, name) for name in config["families"]}


def family_faults(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the families of a configuration whose data sets are sound."""
    if not config["families"]:
        return
    dims = set(config["family_latent_dims"])
    evaluated = {dim for variant in variants_of(config).values() for dim in variant.latent_dims}
    if not dims & evaluated:
        yield (
            f"family_latent_dims: found {sorted(dims)}, the latent_dims of no variant; write some "
            f"of {sorted(evaluated)}"
        )
    sets = DataSets(config["data"], config["training_set"])
    training = sets[config["training_set"]]
    first: dict[str, str] = {}
    for name, entry in config["families"].items():
        other = first.setdefault(name.lower().replace("-", "_"), name)
        if other != name:
            yield (
                f"families: found {other} and {name}, which many file systems take for the same; "
                "write a name that differs in more than capitals, '-' and '_'"
            )
        if name in config["data"]:
            yield f"families.{name}: the name is that of a set under data; write another"
            continue
        fault = _span_fault(entry) or _member_fault(config, name, training)
        if fault:
            yield f"families.{name}: {fault}"


def _span_fault(entry: Mapping[str, Any]) -> str | None:
    spans = _spans(entry)
    if not 1 <= len(spans) <= MOST_PARAMETERS:
        return (
            f"found {len(spans)} parameters with several values; write one or two as "
            "{from: 0.1, to: 0.9, steps: 9}"
        )
    for name, span in spans.items():
        if span.first >= span.last:
            return f"found {name} from {span.first} to {span.last}; write the lower end first"
        if span.spacing == "logarithmic" and span.first <= 0:
            return (
                f"found {name} from {span.first} in logarithmic spacing; write an end above 0, or "
                "spacing: linear"
            )
    members = prod(span.steps for span in spans.values())
    if members > MOST_MEMBERS:
        return f"found {members} sets; write fewer steps, for {MOST_MEMBERS} sets at most"
    return None


def _member_fault(config: Mapping[str, Any], name: str, training: Source) -> str | None:
    try:
        family = _family(config, name)
        for _ in family.members():
            pass
    except SourceError as error:
        # A member begins with the name of its family; another set speaks for itself.
        own = f"data.{name}"
        return (
            str(error).removeprefix(own).lstrip(",: ") if str(error).startswith(own) else str(error)
        )
    except UnusableDataError as error:
        return str(error)
    if family.template.shape != training.shape:
        return (
            f"found points of shape {list(family.template.shape)}; write sets of shape "
            f"{list(training.shape)}, that of the training set"
        )
    return None


def _family(config: Mapping[str, Any], name: str) -> Family:
    entry = config["families"][name]
    spans = _spans(entry)
    first_member = {**entry, **{key: float(span.first) for key, span in spans.items()}}
    sets = DataSets({**config["data"], name: first_member}, config["training_set"])
    return Family(sets[name], spans)


def _spans(entry: Mapping[str, Any]) -> dict[str, Span]:
    return {key: Span.of(value) for key, value in entry.items() if isinstance(value, Mapping)}
