"""Hold the verdicts of all variants against one another (rule variants)."""

from pathlib import Path

import job
from jacspec.claims.rows import read_claims
from jacspec.figures.saving import save_figure
from jacspec.variants.curve_figure import draw_specification_curves
from jacspec.variants.curves import CURVES, specification_curve
from jacspec.variants.matrix import matrix, variant_verdicts, write_variants
from jacspec.variants.matrix_figure import draw_matrix
from jacspec.variants.readable import write_readable_variants
from jacspec.variants.settings import differing_settings
from jacspec.variants.variance import variance_components, write_variance


def main(snakemake):
    """Write the matrix and the components of variance as tables, a page and figures."""
    rows = read_claims(Path(snakemake.input[0]))
    output, params = snakemake.output, snakemake.params
    verdicts = variant_verdicts(rows, params.epochs)
    components = variance_components(rows)
    settings = differing_settings(params.settings)
    write_variants(Path(output.table), verdicts)
    write_variance(Path(output.variance), components)
    write_readable_variants(Path(output.readable), matrix(verdicts), components, settings)
    curves = {claim: specification_curve(rows, claim) for claim in CURVES}
    for path in output.matrix:
        save_figure(draw_matrix(matrix(verdicts)), Path(path))
    for path in output.curves:
        save_figure(draw_specification_curves(curves, settings), Path(path))


if "snakemake" in globals():
    job.run(main, snakemake)
