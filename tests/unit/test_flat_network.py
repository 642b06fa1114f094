"""The hand-written passes against autograd."""

import pytest
import torch

from jacspec.models.autoencoder import initialized_autoencoder
from jacspec.models.flat_network import BatchPass, FlatNetwork

PIXELS = 20


@pytest.mark.parametrize("batch_size", [1, 5, 32])
@pytest.mark.parametrize(
    ("latent_dim", "hidden_widths"), [(4, (12, 9, 7)), (9, (6,)), (1, (30, 3)), (25, ())]
)
def test_hand_written_gradient_is_autograds(latent_dim, hidden_widths, batch_size):
    autoencoder = initialized_autoencoder(latent_dim, hidden_widths, 3, PIXELS).double()
    generator = torch.Generator().manual_seed(4)
    points = torch.rand(batch_size, PIXELS, generator=generator, dtype=torch.float64)
    loss = torch.nn.functional.mse_loss(autoencoder(points), points)
    loss.backward()

    network = FlatNetwork(autoencoder, dtype=torch.float64)
    batch = BatchPass(network, batch_size)
    batch.inputs.copy_(points)
    batch.forward()
    squared_error = batch.squared_error().item()
    batch.backward()

    # Both are chains of at most 2 * 8 products with sums of at most 32 terms, all below 1 in
    # magnitude: relative errors below 16 * 32 * 2^-53 = 6e-14 of the largest entry.
    assert squared_error / points.numel() == pytest.approx(loss.item(), rel=1e-13)
    for layer, expected in zip(network.layers, autoencoder.linear_layers(), strict=True):
        for actual, wanted in (
            (layer.weight_gradient, expected.weight.grad),
            (layer.bias_gradient, expected.bias.grad),
        ):
            tolerance = 6e-14 * wanted.abs().max().item()
            torch.testing.assert_close(actual, wanted, rtol=0, atol=tolerance)


def test_parameters_are_copied_in_and_out():
    source = initialized_autoencoder(4, (12, 9), 0, PIXELS)
    target = initialized_autoencoder(4, (12, 9), 1, PIXELS)
    network = FlatNetwork(source)
    network.copy_to(target)
    for name, value in source.state_dict().items():
        assert torch.equal(target.state_dict()[name], value)
    assert network.parameters.numel() == sum(value.numel() for value in source.parameters())
    network.parameters.zero_()
    assert all(value.any() for value in source.state_dict().values())
