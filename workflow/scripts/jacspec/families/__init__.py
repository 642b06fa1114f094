"""Data sets along one or two parameters of a source: for maps, not for claims."""
