# syntax=docker/dockerfile:1
FROM python:3.11-slim-bookworm AS build
ENV UV_PYTHON_DOWNLOADS=never \
    UV_PROJECT_ENVIRONMENT=/opt/forebay \
    UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_NO_CACHE=1
RUN pip install --no-cache-dir --disable-pip-version-check uv==0.13.9
WORKDIR /src
# dependencies first: a change of code reuses this layer
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-dev --no-install-project
COPY README.md LICENSE ./
COPY streams streams
COPY producers producers
COPY agents agents
COPY clients clients
COPY console console
RUN uv sync --locked --no-dev --no-editable

FROM python:3.11-slim-bookworm
# the only folder that the process may write to is its own
RUN groupadd --system --gid 10001 forebay \
    && useradd --system --uid 10001 --gid forebay --no-create-home --home-dir /var/lib/forebay forebay \
    && install --directory --owner=forebay --group=forebay --mode=0700 /var/lib/forebay
COPY --from=build /opt/forebay /opt/forebay
ENV PATH=/opt/forebay/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    FOREBAY_STATE=/var/lib/forebay \
    NUMBA_CACHE_DIR=/var/lib/forebay/compiled
WORKDIR /var/lib/forebay
USER 10001:10001
CMD ["forebay", "--help"]
