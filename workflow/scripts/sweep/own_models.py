"""What is wrong with a user's own factories and weights, told before any job and without torch."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jacspec import layout
from sweep.variants import IMPORT, Variant


def own_model_faults(key: str, own: Mapping[str, Any], variant: Variant) -> Iterator[str]:
    """Yield the faults of a variant, whose keys `own` stand at `key` of the configuration."""
    if variant.factory:
        yield from _factory_faults(f"{key}.autoencoder", own.get("autoencoder", {}), variant)
    if variant.imported:
        yield from _import_faults(f"{key}.weights", variant)
        return
    for name in IMPORT[1:]:
        if name in own:
            yield f"{key}.{name}: it is without weights; name their files by {key}.weights"


def _factory_faults(key: str, own: Mapping[str, Any], variant: Variant) -> Iterator[str]:
    others = [name for name in own if name != "factory"]
    if own.get("factory") and others:
        yield f"{key}: found factory and {', '.join(others)}, on which it decides; leave one out"
    path, _, function = variant.factory.rpartition(":")
    try:
        tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    except OSError:
        yield f"{key}.factory: {path} does not exist; write the path of a Python file"
    except (SyntaxError, ValueError) as error:
        yield f"{key}.factory: {path} is no Python ({error}); mend it"
    else:
        if function not in _top_level_names(tree):
            yield f"{key}.factory: {path} has no function {function}(latent_dim, shape); write it"


def _top_level_names(tree: ast.Module) -> set[str]:
    """Return the names of functions and classes, and of what is assigned or imported by name."""
    names = {node.name for node in tree.body if hasattr(node, "name")}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            names.update(one.id for one in node.targets if isinstance(one, ast.Name))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update(alias.asname or alias.name for alias in node.names)
    return names


def _import_faults(key: str, variant: Variant) -> Iterator[str]:
    pattern = variant.imported["weights"]
    try:
        files = {
            variant.weights_file(latent_dim, seed)
            for latent_dim in variant.latent_dims
            for seed in variant.seeds
        }
    except (LookupError, ValueError):
        yield (
            f"{key}: found {pattern!r}; write a path with no other braces than {{latent_dim}} and "
            "{seed}"
        )
        return
    if len(files) < len(variant.latent_dims) * len(variant.seeds):
        yield (
            f"{key}: found {pattern!r}, the same file for several models; write {{latent_dim}} and "
            "{seed} into the name, or give the variant one of latent_dims and seeds"
        )
    results = Path(layout.RESULTS).resolve()
    for file in sorted(files):
        if Path(file).resolve().is_relative_to(results):
            yield f"{key}: {file} lies in {layout.RESULTS}/, where jobs write; move it elsewhere"
        elif not Path(file).is_file():
            yield f"{key}: {file} does not exist; write the path of weights that do"
