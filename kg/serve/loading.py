"""Loading of the catalogue in the background, while the server answers other requests."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TYPE_CHECKING

from kg.errors import KGError, OutputError
from kg.serve.problems import NotReadyError

if TYPE_CHECKING:
    import pyoxigraph as ox

    from kg.serve.explorer import Explorer

PATIENCE = 3.0
"""Seconds that a request waits for the catalogue."""


class Loader:
    """The explorer of a store, which a thread reads."""

    def __init__(self, store: ox.Store) -> None:
        self._store = store
        self._future: Future[Explorer] = Future()
        self._lock = threading.Lock()
        self._is_started = False

    def start(self) -> None:
        """Start to read the catalogue, unless that was done before."""
        with self._lock:
            if not self._is_started:
                self._is_started = True
                threading.Thread(target=self._run, name="catalogue", daemon=True).start()

    def _run(self) -> None:
        try:
            from kg.serve.explorer import read_explorer

            explorer = read_explorer(self._store)
            self._future.set_result(explorer)
            explorer.prepare_search()
        except Exception as error:  # the requests report it
            if not self._future.done():
                self._future.set_exception(error)

    def get(self, seconds: float = PATIENCE) -> Explorer:
        """Return the explorer.

        Raises :class:`~kg.serve.problems.NotReadyError` if that takes more seconds, and
        :class:`~kg.errors.OutputError` if the catalogue cannot be read.
        """
        self.start()
        try:
            return self._future.result(seconds)
        except FutureTimeoutError:
            raise NotReadyError("The list of studies is being prepared; try again in a few seconds.") from None
        except KGError:
            raise
        except Exception as error:
            text = " ".join(str(error).split())[:300]
            raise OutputError(f"The list of studies cannot be prepared ({type(error).__name__}: {text}).") from error
