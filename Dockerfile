ARG PYTHON_IMAGE=python:3.11-slim-bookworm

# ---- the wheel
FROM ${PYTHON_IMAGE} AS wheel
WORKDIR /source
COPY pyproject.toml README.md LICENSE schema.graphql ./
COPY operations/ operations/
COPY migrations/ migrations/
COPY worker/ worker/
COPY thirdeye/ thirdeye/
RUN ["python", "-m", "pip", "wheel", "--no-cache-dir", "--no-deps", "--wheel-dir", "/wheel", "."]

# ---- the environment that it is installed into
FROM ${PYTHON_IMAGE} AS environment
RUN ["python", "-m", "venv", "/opt/thirdeye"]
COPY requirements.lock /wheel/requirements.lock
COPY --from=wheel /wheel/ /wheel/
# `--build-arg EXTRAS=forecast`: better forecasts, 490 MB more.
ARG EXTRAS=
# By its file and not by its name, so that no index can offer another one; a shell finds the version in it.
RUN ["/bin/sh", "-c", "exec /opt/thirdeye/bin/python -m pip install --no-cache-dir -c /wheel/requirements.lock \"$(echo /wheel/thirdeye-*.whl)${EXTRAS:+[$EXTRAS]}\""]

# ---- what runs
FROM ${PYTHON_IMAGE} AS runtime
COPY --from=environment /opt/thirdeye /opt/thirdeye
ENV PATH=/opt/thirdeye/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /run/thirdeye
USER 10001:10001
EXPOSE 8586
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:%s/api/v1/thirdeye/health/ready' % os.environ.get('THIRDEYE_PORT', '8586'), timeout=4)"]
ENTRYPOINT ["thirdeye"]
CMD ["serve"]
