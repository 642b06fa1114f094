"""Autoencoders of dense layers for tests, rebuilt from features of public ones."""

from collections import OrderedDict, namedtuple
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

PIXELS = 12
IMAGE = (1, 8, 8)

Moments = namedtuple("Moments", ["log_variance", "mu"])


class Pair(nn.Module):
    """Two parts, and forward one behind the other."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def forward(self, points: Tensor) -> Tensor:
        return self.decoder(self.encoder(points))


def dense(
    activation: Callable[[], nn.Module] = nn.ReLU,
    output: Callable[[], nn.Module] = nn.Identity,
    *,
    behind: Callable[[int], list[nn.Module]] = lambda _: [],
    bias: bool = True,
    latent_dim: int = 3,
) -> Pair:
    """Return 12-10-8-d-8-10-12 with modules `behind` each hidden Linear before its activation."""

    def hidden(inputs: int, outputs: int) -> list[nn.Module]:
        return [nn.Linear(inputs, outputs, bias=bias), *behind(outputs), activation()]

    encoder = [*hidden(PIXELS, 10), *hidden(10, 8), nn.Linear(8, latent_dim, bias=bias)]
    decoder = [*hidden(latent_dim, 8), *hidden(8, 10), nn.Linear(10, PIXELS, bias=bias), output()]
    return Pair(nn.Sequential(*encoder), nn.Sequential(*decoder))


def batch_norm_behind_activation() -> Pair:
    return Pair(
        nn.Sequential(nn.BatchNorm1d(PIXELS), nn.Linear(PIXELS, 9), nn.ELU(), nn.BatchNorm1d(9),
                      nn.Linear(9, 4), nn.BatchNorm1d(4, affine=False)),
        nn.Sequential(nn.Linear(4, 9, bias=False), nn.BatchNorm1d(9), nn.ELU(),
                      nn.Linear(9, PIXELS), nn.Sigmoid()),
    )  # fmt: skip


def nested() -> Pair:
    def block(inputs: int, outputs: int) -> nn.Sequential:
        return nn.Sequential(OrderedDict(map=nn.Linear(inputs, outputs), act=nn.SiLU()))

    return Pair(
        nn.Sequential(nn.Flatten(), nn.Sequential(block(64, 16), block(16, 8)), nn.Linear(8, 4)),
        nn.Sequential(
            nn.Sequential(block(4, 8), nn.Sequential(block(8, 16), nn.Linear(16, 64))),
            nn.Unflatten(1, IMAGE),
        ),
    )


class Methods(nn.Module):
    """encode and decode are methods, with functions in place of modules."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(64, 12), nn.Linear(12, 4)
        self.third, self.fourth = nn.Linear(4, 12), nn.Linear(12, 64)

    def encode(self, x: Tensor) -> Tensor:
        return self.second(functional.leaky_relu(self.first(2 * x.view(x.size(0), -1) - 1), 0.2))

    def decode(self, z: Tensor) -> Tensor:
        hidden = functional.gelu(self.third(z))
        return torch.sigmoid(self.fourth(hidden)).view(-1, *IMAGE)

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))


class EncoderIsMethod(nn.Module):
    """The encoder is a method that is called encoder, beside a part that is called decoder."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(PIXELS, 4)
        self.decoder = nn.Sequential(nn.Linear(4, PIXELS), nn.Tanh())

    def encoder(self, x: Tensor) -> Tensor:
        return self.layer(x).tanh()


class Tied(nn.Module):
    """The decoder's weights are the encoder's, transposed, behind SELU, as in recommenders."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(PIXELS, 8), nn.Linear(8, 4)
        self.dropout = nn.Dropout(0.8)
        self.biases = nn.ParameterList([0.1 * torch.randn(8), 0.1 * torch.randn(PIXELS)])

    def encode(self, x: Tensor) -> Tensor:
        return self.dropout(functional.selu(self.second(functional.selu(self.first(x)))))

    def decode(self, z: Tensor) -> Tensor:
        hidden = functional.selu(functional.linear(z, self.second.weight.t(), self.biases[0]))
        return hidden @ self.first.weight + self.biases[1]


class DenseMoments(nn.Module):
    """A dense one with two heads, of which the trace keeps the one that is meant."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.heads = nn.Linear(PIXELS, 8), nn.ModuleList([nn.Linear(8, 3)] * 2)
        self.decode = nn.Sequential(nn.Linear(3, 8), nn.Softplus(), nn.Linear(8, PIXELS))

    def encode(self, x: Tensor) -> Moments:
        hidden = torch.tanh(self.body(x))
        return Moments(self.heads[1](hidden), self.heads[0](hidden))


class Outputs(OrderedDict):
    """Tensors by name, as libraries of generative models return them."""


class DictEncoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU())
        self.embedding, self.log_var = nn.Linear(16, 4), nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Outputs:
        hidden = self.body(x)
        return Outputs(embedding=self.embedding(hidden), log_covariance=self.log_var(hidden))


class DictDecoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 64), nn.Sigmoid())

    def forward(self, z: Tensor) -> Outputs:
        return Outputs(reconstruction=self.body(z).reshape(-1, *IMAGE))


class DictParts(Pair):
    """Both parts return dictionaries, and forward wants one."""

    def __init__(self) -> None:
        super().__init__(DictEncoder(), DictDecoder())

    def forward(self, inputs: dict[str, Tensor]) -> Outputs:
        z = self.encoder(inputs["data"])["embedding"]
        return Outputs(recon_x=self.decoder(z)["reconstruction"], z=z)


def with_weight_norm(norm: Callable[[nn.Module], nn.Module]) -> Pair:
    module = dense(nn.Tanh)
    norm(module.encoder[0])
    norm(module.decoder[2])
    return module
