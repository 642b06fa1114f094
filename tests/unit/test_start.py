"""torch takes longer to import than most jobs compute: they do without it."""

import pytest
from fresh_process import SCRIPTS, python

from jacspec.device import available_device
from jacspec.errors import JacspecError
from jacspec.models.autoencoder import initialized_autoencoder
from jacspec.models.weights import save_weights

# The check by torch's autograd, and the training of modules of torch that a user's factory builds.
WITH_TORCH = ("train_own_model", "verify")


@pytest.mark.parametrize("script", sorted(path.stem for path in SCRIPTS.glob("*.py")))
def test_all_other_scripts_start_without_torch(script):
    imported = python(f"import sys, {script}; print('torch' in sys.modules)")
    assert imported == str(script in WITH_TORCH)


def test_a_model_is_evaluated_without_torch(tmp_path):
    save_weights(tmp_path / "weights.pt", initialized_autoencoder(3, (8, 6), 0, 10))
    program = """
        import sys
        import numpy as np
        from jacspec.models.network import load_network, reconstructions
        from jacspec.spectra.engine import jacobian_spectra

        network = load_network(sys.argv[1])
        pixels = np.random.default_rng(0).random((5, 10))
        assert reconstructions(network, pixels).shape == (5, 10)
        assert len(jacobian_spectra(network, pixels)) == 5
        print("torch" in sys.modules)
        """
    assert python(program, tmp_path / "weights.pt") == "False"


def test_without_a_driver_there_is_no_gpu(monkeypatch):
    def absent(name):
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr("ctypes.CDLL", absent)
    assert available_device("auto") == available_device("cpu") == "cpu"
    with pytest.raises(JacspecError, match="write device: auto or cpu"):
        available_device("cuda")


@pytest.mark.parametrize("there", [True, False])
def test_with_a_driver_torch_is_asked(monkeypatch, there):
    monkeypatch.setattr("torch.cuda.is_available", lambda: there)
    monkeypatch.setattr("ctypes.CDLL", lambda name: name)
    assert available_device("auto") == ("cuda" if there else "cpu")
