"""The example notebook runs on a finished sweep."""

import nbformat
from nbconvert.preprocessors import ExecutePreprocessor


def test_the_notebook_runs(tiny_sweep, project, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(project / "workflow" / "scripts"))
    notebook = nbformat.read(project / "examples" / "explore.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "clear its outputs"
    examples = tiny_sweep / "examples"
    examples.mkdir(exist_ok=True)
    runner = ExecutePreprocessor(timeout=300, kernel_name="python3")
    runner.preprocess(notebook, {"metadata": {"path": str(examples)}})
    kinds = {
        kind
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        for kind in output.get("data", {})
    }
    assert "image/png" in kinds
