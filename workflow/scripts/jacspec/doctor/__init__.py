"""Checks of finished results: whole, there, and made from what they should be made from."""
