"""The paper's Theorems I.1 to I.3, measured: how often they hold on real points, and by how much.

Measurements are rows like those of the statistics; the names of all of them begin with ``I.1``,
``I.2`` or ``I.3``.
"""
