"""The flat optimizers against torch.optim, step by step."""

import pytest
import torch

from jacspec.models.optimizers import SGD, Adam


@pytest.mark.parametrize(
    ("make", "reference", "options"),
    [
        (lambda p, g: Adam(p, g, 1e-3), torch.optim.Adam, {"lr": 1e-3}),
        (
            lambda p, g: SGD(p, g, 0.1, 0.9),
            torch.optim.SGD,
            {"lr": 0.1, "momentum": 0.9},
        ),
        (lambda p, g: SGD(p, g, 0.1, 0.0), torch.optim.SGD, {"lr": 0.1}),
    ],
    ids=["adam", "sgd with momentum", "sgd"],
)
def test_optimizer_makes_the_steps_of_torch_optim(make, reference, options):
    generator = torch.Generator().manual_seed(0)
    parameters = torch.rand(1000, generator=generator, dtype=torch.float64)
    gradient = torch.zeros_like(parameters)
    expected = torch.nn.Parameter(parameters.clone())
    optimizer, torch_optimizer = make(parameters, gradient), reference([expected], **options)
    # Gradients from 1e-12 to 1, so that Adam's ε = 1e-8 matters to some of them.
    magnitude = 10 ** (-12 * torch.rand(1000, generator=generator, dtype=torch.float64))
    for _ in range(20):
        noise = torch.randn(1000, generator=generator, dtype=torch.float64)
        gradient.copy_(magnitude * noise)
        expected.grad = gradient.clone()
        optimizer.update()
        torch_optimizer.step()
    # 20 steps of about 10 operations on values below 4: 200 roundings of 4 * 2^-53.
    torch.testing.assert_close(parameters, expected.detach(), rtol=0, atol=200 * 2**-51)
