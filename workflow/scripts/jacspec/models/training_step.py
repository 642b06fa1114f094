"""One step of training: gather a batch, forward, backward, update."""

from collections.abc import Callable
from typing import Protocol

from jacspec.models.flat_network import Array, BatchPass, FlatNetwork


class Optimizer(Protocol):
    """What updates a network's parameters; `state` holds all that is remembered between steps."""

    state: dict[str, Array]

    def update(self) -> None:
        """Change the parameters by one step along the gradient."""


def training_step(
    network: FlatNetwork,
    optimizer: Optimizer,
    loss: str,
    points: Array,
    loss_total: Array,
    batch_size: int,
) -> Callable[[Array], None]:
    """Return a function that makes one step with the `points` whose indices it is given.

    `points` is (n, pixels), the indices are (batch_size,) int64, both arrays of the network's
    operations. The losses of the points before the step are added to `loss_total` (1,) float64,
    which is not waited for on a GPU.
    """
    operations = network.operations
    batch = BatchPass(network, loss, batch_size)
    batch_indices = operations.zeros(batch_size, dtype="int64")

    def step() -> None:
        operations.take(points, batch_indices, batch.inputs)
        batch.forward()
        batch.add_loss(loss_total)
        batch.backward()
        optimizer.update()

    changed = [network.parameters, loss_total, *optimizer.state.values()]
    repeated_step = operations.repeatable(step, changed)

    def step_with(indices: Array) -> None:
        batch_indices[:] = indices
        repeated_step()

    return step_with
