# One image for all processes; docker-compose.yml says which command each runs.
# The browser's part is built apart, so that the image holds no Node.

FROM node:24-bookworm-slim AS browser
WORKDIR /build
COPY package.json package-lock.json .npmrc tsconfig.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY static ./static
RUN npm run build

FROM python:3.11-slim-bookworm AS portal
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MALLOC_ARENA_MAX=2 \
    MALLOC_MMAP_THRESHOLD_=131072 \
    DJANGO_SETTINGS_MODULE=portal.settings \
    TOPMAST_DATA_DIR=/data
WORKDIR /app
COPY requirements/portal.txt requirements/portal.txt
RUN pip install --no-cache-dir --require-hashes -r requirements/portal.txt \
    && useradd --system --uid 10001 --home-dir /data --create-home topmast
COPY manage.py ./
COPY clusters ./clusters
COPY metrics ./metrics
COPY portal ./portal
COPY templates ./templates
COPY static ./static
COPY --from=browser /build/static/dist ./static/dist
# Static files are hashed while the image is built; the folder of that run's own secrets is thrown away.
RUN TOPMAST_DATA_DIR=/tmp/build python manage.py collectstatic --noinput -v 0 && rm -rf /tmp/build
# Volumes take over the owner of the folders they are mounted on.
RUN mkdir /keys /public-key /state && chown 10001 /keys /public-key /state && chmod 700 /keys
USER 10001
EXPOSE 8000
# Of a web process; docker-compose.yml gives the other processes theirs.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["python", "-m", "uvicorn", "portal.asgi:application", "--host=0.0.0.0", "--port=8000", "--loop=uvloop", \
    "--http=httptools", "--ws=metrics.live.protocol:BoundedWebSocketProtocol", "--ws-per-message-deflate=false", \
    "--no-server-header", "--no-access-log", "--log-level=warning", "--timeout-graceful-shutdown=3"]
