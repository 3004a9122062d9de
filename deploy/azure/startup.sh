#!/bin/sh
# How App Service starts the bot. It stops it with SIGTERM; WEBSITES_CONTAINER_STOP_TIME_LIMIT must leave it 30 seconds.
exec gunicorn bot:app --bind "0.0.0.0:${PORT:-8000}" --workers 2 --threads 4 --graceful-timeout 20
