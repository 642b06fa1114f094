"""Names of the files of a sweep, relative to the folder in which it runs.

The names are a contract with other people's programs; the patterns in braces are Snakemake's.
"""

DATASET_SHARD = "results/datasets/{dataset}.{shard}.h5"
WEIGHTS = "results/models/d{latent_dim}_seed{seed}/weights.pt"
TRAINING_HISTORY = "results/models/d{latent_dim}_seed{seed}/training.csv"
SPECTRA_SHARD = "results/spectra/{dataset}/d{latent_dim}_seed{seed}.{shard}.h5"
MODEL_STATISTICS = "results/statistics/d{latent_dim}_seed{seed}.csv"
SUMMARY = "results/summary.csv"
FIGURE = "results/figures/figure_{number}.{format}"
TABLE = "results/figures/table_{number}.{format}"
MODEL_DETECTION = "results/detection/d{latent_dim}_seed{seed}.csv"
MODEL_EVIDENCE = "results/claims/d{latent_dim}_seed{seed}.csv"
MODEL_EVIDENCE_DRAWS = "results/claims/d{latent_dim}_seed{seed}.h5"
MODEL_THEOREMS = "results/theorems/d{latent_dim}_seed{seed}.csv"
MODEL_VIEW = "results/report/d{latent_dim}_seed{seed}.json"
CLAIMS = "results/claims.csv"
CLAIMS_READABLE = "results/claims.md"
