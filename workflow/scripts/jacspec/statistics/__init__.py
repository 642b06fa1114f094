"""Spectra reduced to one tidy table."""
