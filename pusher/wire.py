"""A job as CKAN's plugin reads it. Names, states and the form of times are DataPusher's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pusher.models import PushJob, State

#: Of our states, the three that there are.
STATUS = {
    State.QUEUED: "pending",
    State.RUNNING: "pending",
    State.SUCCEEDED: "complete",
    State.FAILED: "error",
    State.CANCELLED: "error",
}


def status_of(job: PushJob) -> str:
    """pending, complete or error."""
    return STATUS[State(job.state)]


def moment(at: datetime | None) -> str | None:
    """UTC without a zone, always with six decimals: CKAN's page fails on any other form."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") if at else None


def job_dict(job: PushJob, *, limit: int | None = None, job_key: str | None = None) -> dict[str, Any]:
    """The job; ``job_key`` is told to whoever posted it and to the hook only. ``limit``: so many of the newest logs."""
    told = {
        "job_id": job.job_id,
        "job_type": job.job_type,
        "status": status_of(job),
        "sent_data": job.data,
        "metadata": job.metadata,
        "result_url": job.result_url or None,
        "data": job.result,
        "error": job.error,
        "requested_timestamp": moment(job.created_at),
        "finished_timestamp": moment(job.finished_at),
        "aps_job_id": None,
        "logs": logs_of(job, limit),
        "progress": progress_of(job),
    }
    return told if job_key is None else {**told, "job_key": job_key}


def progress_of(job: PushJob) -> dict[str, Any]:
    """How far the job is. DataPusher has nothing of the kind, and CKAN's page makes nothing of it."""
    names = ("step", "bytes_done", "bytes_total", "rows_done", "rows_total")
    paces = {"rows_per_second": job.rows_per_second, "seconds_left": job.seconds_left}
    told = {name: None if pace is None else round(pace) for name, pace in paces.items()}
    return {**{name: getattr(job, name) for name in names}, **told}


def logs_of(job: PushJob, limit: int | None) -> list[dict[str, Any]]:
    """The log in the order in which it was written; with ``limit`` the newest first."""
    rows = job.logs.all() if limit is None else job.logs.order_by("-at", "-id")[: max(0, limit)]
    return [
        {
            "timestamp": moment(row.at),
            "message": row.message,
            "level": row.level,
            "module": row.module,
            "funcName": row.function,
            "lineno": row.line,
        }
        for row in rows
    ]
