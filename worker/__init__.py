"""The arq worker: `arq worker.WorkerSettings`."""

from worker.settings import WorkerSettings

__all__ = ["WorkerSettings"]
