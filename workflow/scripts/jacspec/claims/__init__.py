"""The paper's claims C1 to C15: their statistics, intervals over points, and verdicts."""
