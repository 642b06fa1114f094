"""One step of training: gather a batch, forward, backward, update."""

from collections.abc import Callable

import torch

from jacspec.models.flat_network import BatchPass, FlatNetwork
from jacspec.models.optimizers import Optimizer


def training_step(
    network: FlatNetwork,
    optimizer: Optimizer,
    points: torch.Tensor,
    squared_error_sum: torch.Tensor,
    batch_size: int,
) -> Callable[[torch.Tensor], None]:
    """Return a function that makes one step with the `points` whose indices it is given.

    `points` is (n, pixels), the indices are (batch_size,) int64. The squared error of the batch
    before the step is added to the scalar `squared_error_sum` (float64), without waiting for it.
    Where the points are on a GPU, the step is one CUDA graph: at these sizes its 60 launches would
    take longer than its arithmetic.
    """
    batch = BatchPass(network, batch_size)
    batch_indices = torch.zeros(batch_size, dtype=torch.int64, device=points.device)

    def step() -> None:
        torch.index_select(points, 0, batch_indices, out=batch.inputs)
        batch.forward()
        squared_error_sum.add_(batch.squared_error())
        batch.backward()
        optimizer.update()

    replay = step
    if points.is_cuda:
        replay = _captured(step, [network.parameters, squared_error_sum, *optimizer.state.values()])

    def step_with(indices: torch.Tensor) -> None:
        batch_indices.copy_(indices)
        replay()

    return step_with


def _captured(step: Callable[[], None], changed: list[torch.Tensor]) -> Callable[[], None]:
    """Return `step` as a CUDA graph, with the tensors that it changes left as they were."""
    before = [tensor.clone() for tensor in changed]
    # Libraries set themselves up in the first calls, which must not be part of a graph, and torch
    # wants those calls on another stream than the default one.
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    for tensor, value in zip(changed, before, strict=True):
        tensor.copy_(value)
    return graph.replay
