"""The library works with what `pip install jacspec` installs; the extras add what they are for."""

import re
import tomllib

import pytest
from fresh_process import SCRIPTS, python

from jacspec.models.autoencoder import initialized_autoencoder
from jacspec.models.weights import save_weights

# Refuses every package that is neither of Python nor in the list of the program's first argument.
WITH_THESE_PACKAGES = """
import sys

class Refusal:
    def find_spec(self, name, path=None, target=None):
        package = name.partition(".")[0]
        of_python = package in sys.stdlib_module_names or package.startswith("_")
        if package not in ALLOWED and not of_python:
            raise ModuleNotFoundError(f"refused: {package}", name=package)

ALLOWED = {"jacspec", *sys.argv[1].split(",")}
sys.meta_path.insert(0, Refusal())
"""
COMPILED = (
    r"jacspec\.machine_code|jacspec\.models\.(cpu_operations|training_loops)"
    r"|jacspec\.eigensolver\.[a-z]+"
)
REPORT = r"jacspec\.report\..+"
# Modules that may need an extra, by what they import of it.
NEEDING = {
    **dict.fromkeys(("numba", "llvmlite"), COMPILED),
    "torch": (
        r"jacspec\.(autoencoders|verification)\..+|jacspec\.models\.(autoencoder|torch_operations)"
        r"|jacspec\.spectra\.(differentiation|forward_mode|general|passes)"
        r"|jacspec\.detection\.derivatives_of_maps"
    ),
    "matplotlib": rf"jacspec\.(figures\..+|[a-z]+\.([a-z]+_)?(figure|page|picture))|{REPORT}",
    **dict.fromkeys(("jinja2", "markupsafe", "plotly", "yaml"), REPORT),
    # The reduction of a model has the pictures that the page shows of it.
    "PIL": rf"jacspec\.(reduction|figures\.samples)|{REPORT}",
}


@pytest.fixture
def base_packages(project) -> str:
    declared = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return ",".join(re.match(r"\w+", line)[0] for line in declared["dependencies"])


def test_only_modules_that_are_for_an_extra_need_it(base_packages):
    program = f"""{WITH_THESE_PACKAGES}
import importlib, pathlib
package = pathlib.Path(sys.argv[2])
for path in sorted(package.rglob("*.py")):
    name = ".".join(path.relative_to(package.parent).with_suffix("").parts)
    try:
        importlib.import_module(name.removesuffix(".__init__"))
    except ModuleNotFoundError as error:
        print(name, error.name)
"""
    refused = python(program, base_packages, SCRIPTS / "jacspec").splitlines()
    assert refused
    for module, missing in (line.split() for line in refused):
        assert re.fullmatch(NEEDING[missing], module), f"{module} needs {missing}"


def test_spectra_are_taken_with_the_library_alone(base_packages, tmp_path):
    save_weights(tmp_path / "weights.pt", initialized_autoencoder(3, (8, 6), 0, 10))
    program = f"""{WITH_THESE_PACKAGES}
import numpy as np
from jacspec import jacobian_spectra
from jacspec.models.network import load_network

network = load_network(sys.argv[2])
spectra = jacobian_spectra(network, np.random.default_rng(0).random((5, 10)))
print(spectra.eigenvalues_input.shape)
"""
    assert python(program, base_packages, tmp_path / "weights.pt") == "(5, 3)"


def test_the_refusal_refuses(base_packages):
    program = f"""{WITH_THESE_PACKAGES}
try:
    import yaml
except ModuleNotFoundError as error:
    print(error)
"""
    assert python(program, base_packages) == "refused: yaml"


def test_to_import_the_package_imports_neither_torch_nor_numpy():
    program = """
        import sys
        import jacspec
        print(sorted({"torch", "numpy", "pandas", "scipy"} & set(sys.modules)))
        """
    assert python(program) == "[]"
