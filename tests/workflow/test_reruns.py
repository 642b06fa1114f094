"""What docs/reruns.yaml says is true, and docs/configuration.md says it."""

import hashlib
import os
import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from jacspec.data.storage import PointsFile
from jacspec.spectra.shards import SpectraFile

DOCS = Path(__file__).parents[2] / "docs"
sys.path.insert(0, str(DOCS))

import make_results  # noqa: E402
from rerun_table import read_reruns, rerun_table  # noqa: E402

RERUNS = read_reruns()
WITHOUT_UNIFORM = {"datasets": ["mnist", "truncated_normal", "bernoulli_0.13", "beta_5_0.8"]}


def dotted_keys(block: dict, prefix: str = "") -> list[str]:
    """Return the keys of a configuration, those of a block in its place."""
    keys = []
    for key, value in block.items():
        inner = isinstance(value, dict) and key not in ("data", "variants")
        keys += dotted_keys(value, f"{prefix}{key}.") if inner else [prefix + key]
    return keys


def tries() -> dict[str, tuple[dict, dict]]:
    """Return what is tried, by name: the change, and its row of the table."""
    named = {}
    for row in RERUNS["rows"]:
        for overlay in row.get("config", []):
            named["config " + yaml.safe_dump(overlay, default_flow_style=True).strip()] = (
                {"config": overlay},
                row,
            )
        for module in row.get("edit", []):
            named[f"edit {module}"] = ({"edit": module}, row)
        if "touch" in row:
            named["touch"] = ({"touch": row["touch"]}, row)
    return named


TRIES = tries()


@pytest.fixture(scope="module")
def sweep(project, tiny_sweep, snakemake, tmp_path_factory):
    """Return a function that calls Snakemake for the tiny sweep: (overlay, *arguments, …)."""

    def call(overlay: dict, *arguments: str, folder: Path = tiny_sweep, source: Path = project):
        overlay_file = tmp_path_factory.mktemp("overlay") / "overlay.yaml"
        given = {"mnist_source": str(project / "resources" / "mnist"), **overlay}
        overlay_file.write_text(yaml.safe_dump(given), encoding="utf-8")
        tiny = project / "tests" / "workflow" / "tiny.yaml"
        return snakemake(
            folder,
            *arguments,
            # The last one counts: a copy of the project in the place of the project.
            *("--snakefile", str(source / "Snakefile")),
            *("--configfile", str(tiny), str(overlay_file)),
        ).stdout

    return call


def planned(output: str) -> dict[str, int]:
    counts = {rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", output, re.MULTILINE)}
    return {rule: n for rule, n in counts.items() if rule not in ("all", "total")}


def copy_of_project(project: Path, folder: Path) -> Path:
    for name in ("workflow", "profiles"):
        shutil.copytree(project / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Snakefile", "config.yaml"):
        shutil.copy2(project / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def plans(sweep, project, tmp_path_factory) -> dict[str, dict[str, int]]:
    """Return the jobs planned after each change, `all` there are, and those of each variant."""

    def plan(change: dict) -> dict[str, int]:
        if "config" in change:
            return planned(sweep(change["config"], "--dry-run"))
        source = copy_of_project(project, tmp_path_factory.mktemp("project"))
        if "edit" in change:
            with (source / "workflow" / "scripts" / change["edit"]).open("a") as file:
                file.write("\nEDITED = True\n")
        for pattern in change.get("touch", []):
            for path in source.glob(pattern):
                with path.open("a") as file:
                    file.write("# touched\n")
        return planned(sweep({}, "--dry-run", source=source))

    changes = {name: change for name, (change, _) in TRIES.items()}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        without = {"all": {}, "paper": {"sgd": None}, "sgd": {"paper": None}}
        everything = {
            name: pool.submit(sweep, {"variants": others}, "--dry-run", "--forceall")
            for name, others in without.items()
        }
        results = dict(zip(changes, pool.map(plan, changes.values()), strict=True))
        forced = {name: planned(output.result()) for name, output in everything.items()}
        return {**forced, **results}


def expected_jobs(row: dict, plans: dict[str, dict[str, int]]) -> dict[str, int]:
    expected = {}
    for stage, jobs in row["jobs"].items():
        by_rule = jobs if isinstance(jobs, dict) else dict.fromkeys(RERUNS["stages"][stage], jobs)
        for rule, count in by_rule.items():
            # A rule of its own is one that a change brings along.
            if rule in plans["all"] or isinstance(jobs, dict):
                expected[rule] = plans[count][rule] if isinstance(count, str) else count
    return expected


@pytest.mark.parametrize("name", TRIES)
def test_a_change_runs_again_what_the_table_says(plans, name):
    _, row = TRIES[name]
    assert plans[name] == expected_jobs(row, plans)


def test_every_rule_is_in_the_table(plans):
    rules = [rule for stage in RERUNS["stages"].values() for rule in stage] + RERUNS["never"]
    assert len(rules) == len(set(rules))
    assert set(plans["all"]) <= set(rules)


def test_every_key_is_changed(config):
    tried = {key for change, _ in TRIES.values() for key in dotted_keys(change.get("config", {}))}
    # Of the tiny sweep; its variant `sgd` has these of its own.
    assert set(dotted_keys(config)) - {"training.optimizer", "training.learning_rate"} <= tried


def test_the_page_has_the_table():
    text = (DOCS / "configuration.md").read_text(encoding="utf-8")
    assert make_results.with_block(text, "reruns", rerun_table()) == text, (
        "run: python docs/make_results.py"
    )


def test_the_reason_is_said_in_words(sweep):
    output = sweep({"data": {"uniform": {"high": 0.9}}}, "--dry-run")
    reason = re.search(r"rule points:.*?reason: (.*?)\n", output, re.DOTALL)[1]
    assert "Params have changed" in reason
    assert "'high': 1.0" in reason
    assert "'high': 0.9" in reason


def test_fetching_again_runs_nothing_else(tiny_sweep, sweep, tmp_path):
    folder = shutil.copytree(tiny_sweep, tmp_path / "sweep")
    for path in (folder / "resources" / "mnist").iterdir():
        path.touch()
    assert planned(sweep({}, "--dry-run", folder=folder)) == {}


def contents(folder: Path) -> dict[str, str]:
    """Return the hash of every result by its path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (folder / "results").rglob("*")
        if path.is_file() and not {"benchmarks", ".receipts"} & set(path.parts)
    }


def test_more_samples_leave_full_shards_as_they_are(tiny_sweep, sweep, tmp_path):
    folder = shutil.copytree(tiny_sweep, tmp_path / "sweep")
    before = contents(folder)
    sweep(
        {"samples": 400},
        *(f"results/paper/spectra/uniform/d2_seed0.{shard}.h5" for shard in range(3)),
        folder=folder,
    )
    after = contents(folder)
    points, spectra = "results/points/uniform", "results/paper/spectra/uniform/d2_seed0"
    assert set(after) - set(before) == {f"{points}.2.h5", f"{spectra}.2.h5"}
    changed = {path for path in before if after[path] != before[path]}
    assert changed == {f"{points}.1.h5", f"{spectra}.1.h5"}
    # What the unfilled shard held is at its beginning still.
    with (
        PointsFile(tiny_sweep / f"{points}.1.h5") as old,
        PointsFile(folder / f"{points}.1.h5") as new,
    ):
        assert (new.read(0, old.count) == old.read(0, old.count)).all()
    with (
        SpectraFile(tiny_sweep / f"{spectra}.1.h5") as old,
        SpectraFile(folder / f"{spectra}.1.h5") as new,
    ):
        names = ["index", "logabsdet_input", "eigenvalues_latent"]
        for name, values in old.read(names).items():
            assert (new.read([name], 0, old.count)[name] == values).all()


def test_a_removed_data_set_leaves_the_summary_and_comes_back(tiny_sweep, sweep, tmp_path):
    folder = shutil.copytree(tiny_sweep, tmp_path / "sweep")
    before = contents(folder)
    one_model = {"latent_dims": [2], "seeds": [0]}
    sweep(WITHOUT_UNIFORM | one_model, "results/summary.csv", folder=folder)
    summary = (folder / "results" / "summary.csv").read_text()
    assert "uniform" not in summary
    assert "bernoulli_0.13" in summary
    output = sweep({}, "results/summary.csv", folder=folder)
    assert not {"points", "compute_spectra", "train_model"} & set(planned(output))
    assert contents(folder) == before
