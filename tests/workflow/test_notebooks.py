"""The example notebooks run, and are kept with their outputs, which a reader of the code sees."""

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbconvert.preprocessors import ExecutePreprocessor

PICTURES = {"explore": 1, "your_own_autoencoder": 3}
# In the notebook -> here: enough for every cell to have something to show.
SHORTER = {
    "TRAINING_IMAGES = 20_000": "TRAINING_IMAGES = 500",
    "EPOCHS = 4": "EPOCHS = 1",
    "POINTS = 400": "POINTS = 20",
    '"../resources/mnist"': '"{project}/resources/mnist"',
}


def notebook_named(project: Path, name: str) -> nbformat.NotebookNode:
    return nbformat.read(project / "examples" / f"{name}.ipynb", as_version=4)


def outputs(notebook: nbformat.NotebookNode) -> Iterator[tuple[str, str]]:
    """Yield the kind and the content of each output."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            yield from output.get("data", {"text/plain": output.get("text", "")}).items()


def pictures(notebook: nbformat.NotebookNode) -> int:
    return [kind for kind, _ in outputs(notebook)].count("image/png")


@pytest.fixture
def run(project, monkeypatch):
    """Return a function that runs a notebook in a folder, and leaves its new outputs there."""
    monkeypatch.setenv("PYTHONPATH", str(project / "workflow" / "scripts"))

    def call(notebook: nbformat.NotebookNode, folder: Path) -> None:
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs = []
        runner = ExecutePreprocessor(timeout=300, kernel_name="python3")
        runner.preprocess(notebook, {"metadata": {"path": str(folder)}})

    return call


@pytest.mark.parametrize("name", PICTURES)
def test_outputs_are_kept_in_the_file(project, name):
    notebook = notebook_named(project, name)
    assert pictures(notebook) == PICTURES[name]
    assert not any("nan" in text.lower() for kind, text in outputs(notebook) if "text" in kind)
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))


def test_a_finished_sweep_can_be_explored(run, project, tiny_sweep):
    notebook = notebook_named(project, "explore")
    examples = tiny_sweep / "examples"
    examples.mkdir(exist_ok=True)
    run(notebook, examples)
    assert pictures(notebook) == PICTURES["explore"]


def test_an_autoencoder_of_ones_own_is_trained_and_looked_at(run, project, tmp_path):
    notebook = notebook_named(project, "your_own_autoencoder")
    for cell in notebook.cells:
        for original, shorter in SHORTER.items():
            cell.source = cell.source.replace(original, shorter.format(project=project))
    sources = "".join(cell.source for cell in notebook.cells)
    assert all(shorter.format(project=project) in sources for shorter in SHORTER.values())
    run(notebook, tmp_path)
    assert pictures(notebook) == PICTURES["your_own_autoencoder"]
