# One image for the web server and the clusters; compose.yaml says which is which.
FROM python:3.11-slim-bookworm

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /portal
COPY requirements.txt requirements-parquet.txt requirements-s3.txt ./
RUN pip install -r requirements.txt -r requirements-parquet.txt -r requirements-s3.txt
COPY . .
# An ordinary user who owns nothing but var/: all else may be mounted read-only.
RUN useradd --system --uid 10001 portal && mkdir -p var && chown portal var
USER portal
VOLUME /portal/var
EXPOSE 8000
# Sync workers would cut slow downloads at --timeout. /dev/shm can be written where nothing else can.
CMD ["gunicorn", "portal.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "8", \
     "--worker-tmp-dir", "/dev/shm"]
