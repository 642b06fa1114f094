"""Random streams that are addressed by what they are for, not by what was drawn before."""

import hashlib
import json

import numpy as np


def random_stream(*identity: str | int) -> np.random.Generator:
    """Return the generator that belongs to `identity`, the same wherever and whenever it is asked.

    The 128-bit key of a Philox counter-based generator (Salmon et al. 2011) is the first half of
    the SHA-256 of the identity as a JSON list. JSON keeps ``("a", 12)`` apart from ``("a1", 2)``
    and ``1`` from ``"1"``, so that different identities give unrelated streams.
    """
    encoded = json.dumps(identity, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    key = int.from_bytes(hashlib.sha256(encoded).digest()[:16], "little")
    return np.random.Generator(np.random.Philox(key=key))
