"""Celery's settings: how each kind of broker is reached, and what beat sends when."""

from pathlib import Path
from typing import Any


def broker_options(url: str, data: Path) -> dict[str, Any]:
    """Return the transport options of a broker.

    The folder broker, in the data folder, loses a killed worker's messages, and Redis redelivers late: the sweep
    handles both. A server that hangs, or has vanished, would keep whoever sends a message.
    """
    if url.startswith("filesystem"):
        messages, control = str(data / "broker" / "messages"), str(data / "broker" / "control")
        folders = {"data_folder_in": messages, "data_folder_out": messages, "control_folder": control}
        return {**folders, "polling_interval": 0.1}
    if url.startswith("redis"):
        return {"socket_timeout": 3, "socket_connect_timeout": 3, "socket_keepalive": True}
    return {"read_timeout": 3, "write_timeout": 3} if url.startswith("amqp") else {}


def beat_schedule(*, sweep_seconds: int, retrain_seconds: int) -> dict[str, dict[str, Any]]:
    """Return beat's schedule. The nightly tasks are sent every hour, so that missed nights are made up for."""
    periodic = {
        "sweep.run": sweep_seconds,
        "housekeeping.run": 3 * sweep_seconds,
        "aggregation.nightly": 3600,
        "quality.nightly": 3600,
        "motions.hourly": 3600,
        "known.hourly": 3600,
        "retention.nightly": 3600,
        "sessions.hourly": 3600,
        "retrain.run": retrain_seconds,
        "alerts.run": 60,
        "news.mail": 60,
    }
    return {
        name.partition(".")[0]: {
            "task": f"tasks.{name}",
            "schedule": float(seconds),
            "options": {"queue": name.partition(".")[0], "expires": seconds},
        }
        for name, seconds in periodic.items()
    }
