"""The flat optimizers against torch.optim, step by step."""

import numpy as np
import pytest
import torch

from jacspec.models.cpu_operations import CpuOperations
from jacspec.models.torch_operations import TorchOperations


@pytest.mark.parametrize(
    "operations",
    [CpuOperations(np.float64), TorchOperations(np.float64, "cpu")],
    ids=["cpu", "gpu"],
)
@pytest.mark.parametrize(
    ("make", "reference", "options"),
    [
        (lambda operations: operations.adam, torch.optim.Adam, {"lr": 1e-3}),
        (lambda operations: operations.sgd, torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}),
        (lambda operations: operations.sgd, torch.optim.SGD, {"lr": 0.1, "momentum": 0.0}),
    ],
    ids=["adam", "sgd with momentum", "sgd"],
)
def test_optimizer_makes_the_steps_of_torch_optim(operations, make, reference, options):
    generator = np.random.default_rng(0)
    parameters, gradient = operations.zeros(1000), operations.zeros(1000)
    start = generator.random(1000)
    parameters[:] = operations.from_numpy(start)
    expected = torch.nn.Parameter(torch.from_numpy(start.copy()))
    optimizer = make(operations)(parameters, gradient, *options.values())
    torch_optimizer = reference([expected], **options)
    # Gradients from 1e-12 to 1, so that Adam's ε = 1e-8 matters to some of them.
    magnitude = 10 ** (-12 * generator.random(1000))
    for _ in range(20):
        slopes = magnitude * generator.standard_normal(1000)
        gradient[:] = operations.from_numpy(slopes)
        expected.grad = torch.from_numpy(slopes)
        optimizer.update()
        torch_optimizer.step()
    # 20 steps of about 10 operations on values below 4: 200 roundings of 4 * 2^-53.
    np.testing.assert_allclose(
        operations.to_numpy(parameters), expected.detach(), rtol=0, atol=200 * 2**-51
    )
