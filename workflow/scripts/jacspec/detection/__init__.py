"""Out-of-distribution detection: how well single numbers about a point tell it from test points."""
