"""Numbers in the sentences of evidence: how many digits there are, and where that changes."""

import math

import numpy as np
import pytest

from jacspec.claims.wording import ends, extent, percent, shown


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (math.nan, "unknown"),
        (0.0, "0.00"),
        (0.0009, "9.0e-04"),
        (-0.0009, "-9.0e-04"),
        (0.001, "0.001"),
        (-0.0049, "-0.005"),
        (0.01, "0.01"),
        (9.99, "9.99"),
        (10.0, "10"),
        (9999.0, "9999"),
        (10000.0, "1.0e+04"),
    ],
)
def test_a_number_has_the_digits_that_a_reader_needs(value, words):
    assert shown(value) == words


@pytest.mark.parametrize(
    ("value", "words"), [(math.nan, "unknown"), (0.0123, "1.2 %"), (0.1, "10 %"), (0.123, "12 %")]
)
def test_a_small_share_has_two_digits(value, words):
    assert percent(value) == words


def test_a_curve_of_one_dimension_has_one_end():
    curve = np.array([[1.0, 7.0], [2.0, 7.0]])
    assert ends([8, 16], curve) == "1.00 (d = 8) to 2.00 (d = 16)"
    assert ends([8], curve[:1]) == "1.00 (d = 8)"


def test_values_that_read_the_same_are_said_once():
    assert extent([math.nan, 2.0, 1.0]) == "1.00 to 2.00"
    assert extent([1.001, 1.002]) == "1.00"
    assert extent([math.nan]) == "unknown"
