"""The few questions put to the Prefect server on loopback, without importing Prefect: it takes seconds."""

from __future__ import annotations

import base64
import http.client
import json
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

Answer = Literal["begun", "waiting", "none"]

BUSY = 503
BUSY_PAUSES = (0.2, 0.5, 1.0, 2.0)


@dataclass(frozen=True)
class Api:
    """A server on this machine and the words that open it."""

    port: int
    auth: str
    limit_seconds: float = 10.0

    def is_healthy(self) -> bool:
        """Whether it answers."""
        try:
            return self._call("GET", "/health") is True
        except (OSError, ValueError, http.client.HTTPException):
            return False

    def deployments(self) -> dict[str, str]:
        """Deployment ids by the flow's name."""
        return {row["name"]: row["id"] for row in self._call("POST", "/deployments/filter", {})}

    def next_run(self, deployment_id: str, now: datetime) -> datetime | None:
        """When the deployment is due next; nothing where nothing is scheduled."""
        where = {"state": {"type": {"any_": ["SCHEDULED"]}}, "expected_start_time": {"after_": now.isoformat()}}
        rows = self._runs(deployment_id, where, "ASC", 1)
        return datetime.fromisoformat(rows[0]["expected_start_time"]) if rows else None

    def answer(self, deployment_id: str, due: datetime, now: datetime) -> Answer:
        """What became of the run that was due: begun, still waiting its turn, or nowhere to be found."""
        within = {"after_": (due - timedelta(seconds=1)).isoformat(), "before_": now.isoformat()}
        rows = self._runs(deployment_id, {"expected_start_time": within}, "DESC", 50)
        if any(row["state_type"] != "SCHEDULED" or not row["auto_scheduled"] for row in rows):
            return "begun"
        return "waiting" if rows else "none"

    def start(self, deployment_id: str) -> str:
        """A run of the deployment now; its id at the server."""
        return str(self._call("POST", f"/deployments/{deployment_id}/create_flow_run", {})["id"])

    def state(self, flow_run_id: str) -> tuple[str, str]:
        """How a run stands: the kind of its state and the state's name."""
        row = self._call("GET", f"/flow_runs/{flow_run_id}")
        return str(row["state_type"]), str(row["state_name"])

    def _runs(self, deployment_id: str, where: dict[str, Any], order: str, limit: int) -> list[dict[str, Any]]:
        body = {
            "flow_runs": {**where, "deployment_id": {"any_": [deployment_id]}},
            "sort": f"EXPECTED_START_TIME_{order}",
            "limit": limit,
        }
        rows: list[dict[str, Any]] = self._call("POST", "/flow_runs/filter", body)
        return rows

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The answer. The server says 503 while its own database is busy; it is asked again then."""
        for pause in (*BUSY_PAUSES, None):
            status, text = self._exchange(method, path, body)
            if status != BUSY or pause is None:
                break
            time.sleep(pause)
        if status >= 400:
            raise ValueError(f"the scheduler's server answered {status} to {path}")
        return json.loads(text)

    def _exchange(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.limit_seconds)
        try:
            token = base64.b64encode(self.auth.encode()).decode()
            headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
            connection.request(method, f"/api{path}", None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()
