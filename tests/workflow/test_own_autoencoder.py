"""The notebook about an autoencoder of one's own runs, and is kept with its outputs."""

import nbformat
import pytest
from nbconvert.preprocessors import ExecutePreprocessor

# In the notebook -> here: enough for every cell to have something to show.
SHORTER = {
    "TRAINING_IMAGES = 20_000": "TRAINING_IMAGES = 500",
    "EPOCHS = 4": "EPOCHS = 1",
    "POINTS = 400": "POINTS = 20",
    '"../resources/mnist"': '"{project}/resources/mnist"',
}


@pytest.fixture
def notebook(project):
    return nbformat.read(project / "examples" / "your_own_autoencoder.ipynb", as_version=4)


def kinds_of_outputs(notebook) -> list[str]:
    return [
        kind
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        for kind in output.get("data", {"text/plain": None})
    ]


def test_its_outputs_are_kept_in_the_file(notebook):
    assert kinds_of_outputs(notebook).count("image/png") == 3


def test_it_runs(notebook, project, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(project / "workflow" / "scripts"))
    for cell in notebook.cells:
        for original, shorter in SHORTER.items():
            cell.source = cell.source.replace(original, shorter.format(project=project))
    sources = "".join(cell.source for cell in notebook.cells)
    assert all(shorter.format(project=project) in sources for shorter in SHORTER.values())
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    runner = ExecutePreprocessor(timeout=300, kernel_name="python3")
    runner.preprocess(notebook, {"metadata": {"path": str(tmp_path)}})
    assert kinds_of_outputs(notebook).count("image/png") == 3
