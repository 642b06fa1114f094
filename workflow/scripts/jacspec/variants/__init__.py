"""The claims along the variants of a sweep: what the findings depend on."""
