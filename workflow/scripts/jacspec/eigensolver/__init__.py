"""Eigenvalues of many small real matrices in machine code, several times as fast as LAPACK's.

This part uses inner parts of numba and LLVM, and no other part does: `jacspec.spectra.eigenvalues`
calls `jacspec.eigensolver.compiled.eigenvalues_in_lanes`, with LAPACK beside it.
"""
