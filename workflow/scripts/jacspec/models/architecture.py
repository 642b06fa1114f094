"""Which dense autoencoder a model is: all that its weights alone do not tell."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import Any

from jacspec.errors import JacspecError

PAPER_HIDDEN_WIDTHS = (128, 64, 32)
# By the place where they may stand; the first is the paper's.
HIDDEN_ACTIVATIONS = (
    "relu",
    "leaky_relu",
    "elu",
    "gelu",
    "silu",
    "softplus",
    "tanh",
    "sigmoid",
    "identity",
)
LATENT_ACTIVATIONS = ("identity", "relu")
OUTPUT_ACTIVATIONS = ("tanh", "scaled_tanh", "sigmoid", "identity")


@dataclass(frozen=True)
class Architecture:
    """A fully connected encoder and its mirror image (section II-A and appendix A of the paper).

    `input_dim` values go through layers of `hidden_widths` to `latent_dim` values, and back.
    ``scaled_tanh`` is (tanh + 1) / 2, "tanh to renormalize to [0, 1]". Raises `JacspecError` for
    an activation that does not exist or a width below 1.
    """

    latent_dim: int
    hidden_widths: tuple[int, ...] = PAPER_HIDDEN_WIDTHS
    input_dim: int = 784
    hidden_activation: str = "relu"
    latent_activation: str = "identity"
    output_activation: str = "tanh"

    def __post_init__(self) -> None:
        object.__setattr__(self, "hidden_widths", tuple(self.hidden_widths))
        for name, allowed in (
            ("hidden_activation", HIDDEN_ACTIVATIONS),
            ("latent_activation", LATENT_ACTIVATIONS),
            ("output_activation", OUTPUT_ACTIVATIONS),
        ):
            if getattr(self, name) not in allowed:
                found = getattr(self, name)
                raise JacspecError(f"{name} is {found!r}; write one of {', '.join(allowed)}")
        if min(self.encoder_widths) < 1:
            raise JacspecError(f"widths are {self.encoder_widths}; write numbers of 1 or more")

    @property
    def encoder_widths(self) -> tuple[int, ...]:
        """The widths from the input to the latent layer; the decoder's are the reverse."""
        return (self.input_dim, *self.hidden_widths, self.latent_dim)

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of all parameters by their names in a state_dict, from input to output.

        A weight is (outputs, inputs), a bias (outputs,).
        """
        shapes: dict[str, tuple[int, ...]] = {}
        widths = self.encoder_widths
        for half, half_widths in (("encoder", widths), ("decoder", widths[::-1])):
            for layer, (inputs, outputs) in enumerate(pairwise(half_widths)):
                shapes[f"{half}.{2 * layer}.weight"] = (outputs, inputs)
                shapes[f"{half}.{2 * layer}.bias"] = (outputs,)
        return shapes

    @property
    def layer_activations(self) -> tuple[str, ...]:
        """The activation after each layer, from input to output."""
        hidden = (self.hidden_activation,) * len(self.hidden_widths)
        return (*hidden, self.latent_activation, *hidden, self.output_activation)

    def record(self) -> dict[str, Any]:
        """Return the fields as JSON can hold them."""
        return {**asdict(self), "hidden_widths": list(self.hidden_widths)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Architecture":
        """Return the architecture of a `record`; raises JacspecError if it is none."""
        names = {field.name for field in fields(cls)}
        if set(record) != names:
            raise JacspecError(f"an architecture has {sorted(names)}, not {sorted(record)}")
        return cls(**record)
