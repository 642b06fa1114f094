"""The paper's figures and tables, drawn from the statistics."""
