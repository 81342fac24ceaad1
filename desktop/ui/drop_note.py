"""What is said of a drop whose pictures do not come where the person looks: that it was taken, and a way to it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication

from desktop.ui.banner import Banner
from engine.schemas.job import Preflight

translate = QCoreApplication.translate
_KEPT = 32


class DropNote:
    """Shows a notice while something else than all pictures is seen, and takes it away again. GUI thread.

    Parameters
    ----------
    sees_all
        Tells whether the person looks at all pictures, where those of a drop come by themselves.
    show_all
        Shows all pictures, and goes to those of the drop.
    """

    def __init__(self, banner: Banner, sees_all: Callable[[], bool], show_all: Callable[[], None]) -> None:
        self._banner, self._sees_all, self._show_all = banner, sees_all, show_all
        self._awaited: set[int] = set()  # jobs
        self._counts: dict[int, Preflight] = {}
        self._text = ""

    def forget(self) -> None:
        """Another library."""
        self._awaited.clear()
        self._counts.clear()
        self._text = ""

    def dropped(self, job_id: int) -> None:
        """This job is a drop that was made just now."""
        self._awaited.add(job_id)
        self._match(job_id)

    def counted(self, preflight: Preflight) -> None:
        """A drop was counted, which may be told before the job's number is."""
        self._counts[preflight.job_id] = preflight
        while len(self._counts) > _KEPT:
            del self._counts[next(iter(self._counts))]
        self._match(preflight.job_id)

    def look(self) -> None:
        """Something else is seen: where that is all pictures there is nothing left to be said."""
        if self._text and self._sees_all():
            self._banner.take_back(self._text)
            self._text = ""

    def _match(self, job_id: int) -> None:
        count = self._counts.get(job_id)
        if count is None or job_id not in self._awaited or not count.n_images:
            return
        self._awaited.discard(job_id)
        if not self._sees_all():
            self._text = _words(count)
            self._banner.show_notice(self._text, [(translate("DropNote", "Show all pictures"), self._lead)])

    def _lead(self) -> None:
        self._show_all()
        self.look()


def _words(count: Preflight) -> str:
    n = count.n_images - count.n_known
    if not count.finished:
        return translate("DropNote", "Pictures are being taken in; they are among all pictures.")
    if n == 0:
        return translate("DropNote", "All of this was taken in before; it is among all pictures.")
    if n == 1:
        return translate("DropNote", "1 picture is being taken in; it is among all pictures.")
    return translate("DropNote", "{0} pictures are being taken in; they are among all pictures.").format(f"{n:,}")
