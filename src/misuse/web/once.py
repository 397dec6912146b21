"""What several people ask for at once is made by the first; the others wait for it and find it made."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Hashable, Iterator


class Once:
    """A lock for each thing that is being made, gone when nobody makes it or waits for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[Hashable, tuple[threading.Lock, list[None]]] = {}

    @contextlib.contextmanager
    def making(self, key: Hashable) -> Iterator[None]:
        """Alone with the thing of that key: look again whether it is made, else make it."""
        with self._lock:
            lock, users = self._held.setdefault(key, (threading.Lock(), []))
            users.append(None)
        try:
            with lock:
                yield
        finally:
            with self._lock:
                users.pop()
                if not users:
                    del self._held[key]
