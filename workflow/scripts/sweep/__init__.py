"""The sweep that a configuration describes: its checks and its grid.

Every job evaluates this at start-up, so it needs nothing heavier than a JSON schema validator.
"""
