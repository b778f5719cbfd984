# signjax in a container, for CPUs or NVIDIA GPUs; the user is not root. docs/docker.md has the commands.
#
#   docker build -t signjax .                               # CPU
#   docker build -t signjax:cuda --build-arg DEVICE=cuda .  # the CUDA build of jax; run it with --gpus all
FROM python:3.12-slim

ARG DEVICE=cpu
WORKDIR /opt/signjax
COPY requirements.txt requirements-cpu.txt ./
RUN case "$DEVICE" in \
      cpu) pip install --no-cache-dir -r requirements-cpu.txt ;; \
      cuda) pip install --no-cache-dir -r requirements.txt ;; \
      *) echo "DEVICE is $DEVICE; it must be cpu or cuda" >&2; exit 1 ;; \
    esac
COPY pyproject.toml README.md LICENSE ./
COPY signjax signjax
RUN pip install --no-cache-dir --no-deps .

# Clips are mounted at /data, run folders at /signs/runs. Others than user 1000 (docker run --user) can write the cache too.
RUN useradd --uid 1000 --create-home signer \
    && mkdir -p /data /signs/runs /signs/cache && chown signer /signs /signs/runs && chmod 1777 /signs/cache
ENV XDG_CACHE_HOME=/signs/cache
USER signer
WORKDIR /signs
VOLUME ["/data", "/signs/runs"]
ENTRYPOINT ["signjax"]
CMD ["--help"]
