"""The claims along the variants: the matrix, what its rows say, variances, curves and figures."""

import math

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from jacspec.claims.rows import MAIN, MAIN_POINT_VARIANCE, VERDICT, ClaimRow
from jacspec.claims.verdicts import Verdict
from jacspec.errors import DamagedFileError
from jacspec.figures.saving import save_figure
from jacspec.variants.curve_figure import draw_specification_curves
from jacspec.variants.curves import CURVES, specification_curve
from jacspec.variants.matrix import (
    VariantVerdict,
    answer,
    conclusion,
    matrix,
    read_variants,
    variant_verdicts,
    write_variants,
)
from jacspec.variants.matrix_figure import draw_matrix
from jacspec.variants.readable import write_readable_variants
from jacspec.variants.settings import differing_settings
from jacspec.variants.variance import (
    distinguishable_factors,
    estimated_components,
    variance_components,
    write_variance,
)

YES, NO, OPEN = Verdict.REPRODUCED, Verdict.NOT_REPRODUCED, Verdict.UNDETERMINED
SHORT, NO_CASE = Verdict.NOT_JUDGED, Verdict.DOES_NOT_APPLY
EPOCHS = {"paper": 300, "short": 30, "imported": None}


def row(
    claim, variant, statistic, value=math.nan, verdict="", *, of=(None, None), strength=math.nan
):
    return ClaimRow(variant, claim, *of, statistic, value, value, value, verdict, strength)


def claim_rows(claim: str, variant: str, verdict: Verdict, level: float) -> list[ClaimRow]:
    """Return two networks and the verdict of a variant."""
    strength = math.nan if verdict in (SHORT, NO_CASE) else 0.75
    networks = [(12, 0), (12, 1)]
    return [
        *(row(claim, variant, MAIN, level + 0.1 * of[1], of=of) for of in networks),
        *(row(claim, variant, MAIN_POINT_VARIANCE, 1e-6, of=of) for of in networks),
        row(claim, variant, "share_of_networks/one", 0.9),
        row(claim, variant, "share_of_networks/other", 0.6),
        row(claim, variant, MAIN, level + 0.05),
        row(claim, variant, VERDICT, verdict=str(verdict), strength=strength),
    ]


@pytest.fixture
def rows() -> list[ClaimRow]:
    verdicts = {"C7": (YES, SHORT, NO), "C8": (YES, SHORT, YES), "C9": (NO, SHORT, NO_CASE)}
    return [
        one
        for claim, own in verdicts.items()
        for level, (variant, verdict) in enumerate(zip(EPOCHS, own, strict=True))
        for one in claim_rows(claim, variant, verdict, -level)
    ]


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        ([YES, YES, SHORT, NO_CASE], "holds in all"),
        ([YES, NO, YES, NO, YES, NO, YES], "depends on the recipe: in 4 of 7"),
        ([YES, NO, OPEN, SHORT], "depends on the recipe: in 1 of 3, 1 undetermined"),
        ([YES, OPEN], "holds in 1 of 2, 1 undetermined"),
        ([NO, NO], "in none"),
        ([NO, OPEN], "in none of 2, 1 undetermined"),
        ([OPEN, OPEN, SHORT], "undetermined"),
        ([SHORT, SHORT], "not judged"),
        ([SHORT, NO_CASE], "not judged"),
        ([NO_CASE], "does not apply"),
        ([YES], "reproduced"),
        ([NO], "not reproduced"),
    ],
)
def test_the_end_of_a_row_says_in_how_many_variants_a_claim_holds(verdicts, words):
    assert conclusion(verdicts) == words


def test_the_matrix_has_a_verdict_for_each_claim_and_variant(rows):
    found = matrix(variant_verdicts(rows, EPOCHS))
    assert [one.claim for one in found] == ["C7", "C8", "C9"]
    assert [one.conclusion for one in found] == [
        "depends on the recipe: in 1 of 2",
        "holds in all",
        "in none",
    ]
    first = found[0].verdicts[0]
    # Of two statements, that which holds of fewer networks decides.
    assert (first.share_of_networks, first.networks, first.seeds) == (0.6, 2, 2)
    assert [one.epochs for one in found[0].verdicts] == [300, 30, None]
    assert answer(found).startswith(
        "Of 3 claims, 1 holds in every variant that can tell, 1 depends on the recipe and 1 holds "
        "in none that can tell (2 of 3 variants are judged)"
    )


def test_the_answer_of_one_variant_does_not_speak_of_several(rows):
    one = [row for row in rows if row.variant == "paper"]
    assert answer(matrix(variant_verdicts(one, EPOCHS))) == (
        "Of 3 claims, 2 are reproduced and 1 is not."
    )
    short = [row for row in rows if row.variant == "short"]
    assert answer(matrix(variant_verdicts(short, EPOCHS))) == (
        "Nothing is judged: the networks were trained for fewer than 100 epochs, too few to tell."
    )


def test_a_statement_of_no_network_decides_before_one_that_holds(rows):
    rows = [*rows, row("C7", "paper", "share_of_networks/none", math.nan)]
    (first, *_) = variant_verdicts(rows, EPOCHS)
    assert math.isnan(first.share_of_networks)


def test_variants_are_read_as_they_were_written(rows, tmp_path):
    written = variant_verdicts(rows, EPOCHS)
    write_variants(tmp_path / "variants.csv", written)
    read = read_variants(tmp_path / "variants.csv")
    assert list(map(repr, read)) == list(map(repr, written))
    assert isinstance(read[0], VariantVerdict)
    assert (tmp_path / "variants.csv").read_text().startswith("claim,variant,verdict,strength,")


def test_another_table_is_refused(tmp_path):
    path = tmp_path / "variants.csv"
    path.write_text("claim,variant\n")
    with pytest.raises(DamagedFileError, match=r"variants\.csv"):
        read_variants(path)


def test_only_settings_that_differ_distinguish_variants():
    settings = {
        "a": {"training": {"loss": "x", "rate": 0.001}, "seeds": [0, 1]},
        "b": {"training": {"loss": "x", "rate": 0.5, "momentum": 0.9}, "seeds": [0, 1]},
        "c": {"training": {"loss": "x", "rate": 0.5, "momentum": None}, "seeds": [0]},
    }
    assert differing_settings(settings) == {
        "training.rate": {"a": "0.001", "b": "0.5", "c": "0.5"},
        "seeds": {"a": "0, 1", "b": "0, 1", "c": "0"},
        "training.momentum": {"a": "", "b": "0.9", "c": ""},
    }


def test_variances_on_balanced_data_are_those_of_the_analysis_of_variance():
    """Two crossed random factors with interaction: Searle, Variance Components, table 4.11."""
    a, b, n = 4, 5, 3
    y = np.random.default_rng(0).normal(size=(a, b, n)) + 3 * np.arange(a)[:, None, None]
    y += np.random.default_rng(1).normal(size=(1, b, 1))
    cells, rows_, columns, mean = y.mean(axis=2), y.mean(axis=(1, 2)), y.mean(axis=(0, 2)), y.mean()
    within = np.sum((y - cells[:, :, None]) ** 2) / (a * b * (n - 1))
    both = n * np.sum((cells - rows_[:, None] - columns + mean) ** 2) / ((a - 1) * (b - 1))
    first = b * n * np.sum((rows_ - mean) ** 2) / (a - 1)
    second = a * n * np.sum((columns - mean) ** 2) / (b - 1)
    expected = {
        "variant": (first - both) / (b * n),
        "latent_dim": (second - both) / (a * n),
        "variant:latent_dim": (both - within) / n,
        "seed": within - 0.25,
        "points": 0.25,
    }
    variants, dims = (index.ravel() for index in np.indices((a, b, n))[:2])
    factors = distinguishable_factors(variants, dims)
    found = estimated_components(y.ravel(), factors, np.full(a * b * n, 0.25))
    for name, value in expected.items():
        assert found[name] == pytest.approx(max(value, 0.0), abs=1e-9)


def test_variances_of_unbalanced_data_are_found_again():
    generator = np.random.default_rng(2)
    estimates = []
    for _ in range(100):
        effects = {"v": generator.normal(0, 2.0, 6), "d": generator.normal(0, 1.0, 9)}
        keep = generator.random((6, 9, 2)) < 0.7
        variants, dims, _ = np.nonzero(keep)
        noise = generator.normal(0, 0.5, len(variants))
        values = effects["v"][variants] + effects["d"][dims] + noise
        factors = distinguishable_factors(variants, dims)
        estimates.append(
            list(estimated_components(values, factors, np.zeros(len(values))).values())
        )
    variant, latent_dim, both, seed, points = np.mean(estimates, axis=0)
    # Relative standard errors of variances of 6 and 9 effects, and of some 26 degrees of freedom
    # within cells, over 100 data sets, four times: 4 * sqrt(2 / 5 / 100) and so on.
    assert variant == pytest.approx(4.0, rel=0.25)
    assert latent_dim == pytest.approx(1.0, rel=0.2)
    assert seed == pytest.approx(0.25, rel=0.11)
    # Cut off at zero, what is none has the mean of 0.4 standard errors: those of the two mean
    # squares, 0.25 * sqrt(2 / 35 + 2 / 26), over 1.5 networks a cell, are 0.06.
    assert both < 2 * 0.4 * 0.06
    assert points == 0.0


@pytest.mark.parametrize(
    ("variants", "dims", "names"),
    [
        ([0, 0, 0, 0], [1, 1, 2, 2], ["latent_dim"]),
        ([0, 0, 1, 1], [1, 1, 1, 1], ["variant"]),
        ([0, 0, 1, 1], [1, 1, 2, 2], ["variant"]),
        ([0, 0, 1, 1], [1, 2, 1, 2], ["variant", "latent_dim"]),
        ([0] * 4 + [1] * 4, [1, 1, 2, 2] * 2, ["variant", "latent_dim", "variant:latent_dim"]),
        ([0, 1, 2, 3], [1, 1, 1, 1], []),
    ],
)
def test_what_cannot_be_told_apart_is_no_component(variants, dims, names):
    assert [*distinguishable_factors(np.array(variants), np.array(dims))] == names


def test_what_is_not_judged_has_no_part_in_the_variance(rows, tmp_path):
    components = variance_components(rows)
    assert {one.networks for one in components if one.claim == "C8"} == {4}
    # C8: two variants two apart, two seeds .1 apart; the variance of two numbers is half their
    # squared difference.
    found = {one.component: one for one in components if one.claim == "C8"}
    assert found["variant"].variance == pytest.approx(2.0 - 0.005 / 2)
    assert found["seed"].variance == pytest.approx(0.005 - 1e-6)
    assert found["points"].variance == pytest.approx(1e-6)
    assert sum(one.share for one in found.values()) == pytest.approx(1.0)
    write_variance(tmp_path / "variance.csv", components)
    header = (tmp_path / "variance.csv").read_text().splitlines()[0]
    assert header == "claim,component,variance,share,networks"


def test_a_network_without_a_finite_number_has_no_part_in_the_variance(rows):
    infinite = row("C8", "paper", MAIN, math.inf, of=(16, 0))
    assert variance_components([*rows, infinite]) == variance_components(rows)


@pytest.mark.parametrize(("networks", "known"), [(3, True), (2, False)])
def test_two_networks_have_no_variance_to_divide(networks, known):
    of_networks = [
        row("C8", "paper", statistic, value, of=(12, seed))
        for seed in range(networks)
        for statistic, value in ((MAIN, float(seed)), (MAIN_POINT_VARIANCE, 0.0))
    ]
    components = variance_components([row("C8", "paper", VERDICT, verdict=str(YES)), *of_networks])
    assert bool(components) == known


def test_squares_below_a_curve_say_what_each_variant_chose(rows):
    settings = {"epochs": {"paper": "300", "short": "30", "imported": "300"}}
    curves = {"C7": specification_curve(rows, "C7")}
    _, below = draw_specification_curves(curves, settings).axes
    chosen = {
        name.get_text(): line.get_xdata().tolist()
        for name, line in zip(below.get_yticklabels(), below.get_lines(), strict=True)
    }
    # From left to right: imported, short, paper.
    assert chosen == {"epochs: 300": [0, 2], "epochs: 30": [1]}


@pytest.mark.parametrize("strength", [0.0, 0.43, 0.47, 1.0])
def test_a_mark_has_the_colour_that_stands_out_from_its_cell(strength):
    """By the ratio of relative luminances (WCAG 2.2)."""
    judged = [row("C7", "paper", VERDICT, verdict=str(NO), strength=strength)]
    axis = draw_matrix(matrix(variant_verdicts(judged, {"paper": 300}))).axes[0]
    (image,), (mark,) = axis.get_images(), axis.get_lines()

    def luminance(color) -> float:
        linear = [
            value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
            for value in to_rgb(color)
        ]
        return float(np.dot([0.2126, 0.7152, 0.0722], linear))

    def contrast(color) -> float:
        dark, light = sorted([luminance(color), luminance(image.to_rgba(strength)[:3])])
        return (light + 0.05) / (dark + 0.05)

    assert mark.get_color() == max(("white", "black"), key=contrast)


def test_a_specification_curve_goes_from_the_smallest_to_the_largest_value(rows):
    curve = specification_curve(rows, "C7")
    assert [one.variant for one in curve] == ["imported", "short", "paper"]
    assert curve[1].verdict == "not judged"
    assert curve[2].networks == (0.0, 0.1)
    assert curve[2].value == 0.05


def test_page_and_figures_are_the_same_every_time(rows, tmp_path):
    settings = differing_settings({name: {"epochs": epochs} for name, epochs in EPOCHS.items()})
    found = matrix(variant_verdicts(rows, EPOCHS))
    curves = {claim: specification_curve(rows, claim) for claim in CURVES}
    for name in ("one", "two"):
        write_readable_variants(tmp_path / f"{name}.md", found, variance_components(rows), settings)
        save_figure(draw_matrix(found), tmp_path / f"{name}_matrix.png")
        save_figure(draw_specification_curves(curves, settings), tmp_path / f"{name}_curves.pdf")
    for suffix in (".md", "_matrix.png", "_curves.pdf"):
        one, two = (tmp_path / f"{name}{suffix}" for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
    text = (tmp_path / "one.md").read_text(encoding="utf-8")
    assert "| C7 |" in text
    assert "**depends on the recipe: in 1 of 2**" in text
    assert "| short | 30 |" in text
    assert text.count("not judged") >= 3


def test_figures_are_drawn_where_there_is_nothing_to_tell():
    rows = [row("C9", "paper", VERDICT, verdict="does not apply")]
    curves = {claim: specification_curve(rows, claim) for claim in CURVES}
    figure = draw_specification_curves(curves, {})
    assert len(figure.axes) == 2 * len(CURVES)
    assert draw_matrix(matrix(variant_verdicts(rows, {"paper": 300}))).axes
    assert variance_components(rows) == []
