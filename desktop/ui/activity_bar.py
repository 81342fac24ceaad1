"""The bottom: a line for each running job, the last word about a drop or an error, the device badge."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QToolButton, QVBoxLayout, QWidget

from engine.errors import LightdeskError
from engine.schemas.device import ModelState
from engine.schemas.job import JobProgress, Preflight

_LINGER_MS = 12_000


class _JobLine(QWidget):
    def __init__(self, bar: ActivityBar, job_id: int) -> None:
        super().__init__()
        self._job_id = job_id
        self._paused = False
        self.text = QLabel()
        self.meter = QProgressBar()
        self.meter.setTextVisible(False)
        self.meter.setFixedSize(160, 6)
        self.pause = QToolButton()
        self.pause.clicked.connect(
            lambda: (bar.resumeRequested if self._paused else bar.pauseRequested).emit(self._job_id)
        )
        cancel = QToolButton()
        cancel.setText(self.tr("Cancel"))
        cancel.clicked.connect(lambda: bar.cancelRequested.emit(self._job_id))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.meter)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.pause)
        layout.addWidget(cancel)

    def show_progress(self, progress: JobProgress) -> None:
        job = progress.job
        self._paused = job.state == "paused"
        self.meter.setAccessibleName(job.title)
        self.meter.setRange(0, max(1, job.n_total))
        self.meter.setValue(job.n_total - job.n_left)
        parts = [self.tr("{0}: {1} of {2}").format(job.title, f"{job.n_total - job.n_left:,}", f"{job.n_total:,}")]
        if job.n_failed:
            parts.append(self.tr("{0} problems").format(job.n_failed))
        if self._paused:
            parts.append(job.pause_reason or self.tr("paused"))
        elif progress.rate_per_s:
            parts.append(self.tr("{0} images/s").format(f"{progress.rate_per_s:.0f}"))
            if progress.eta_s is not None:
                parts.append(self.tr("{0} left").format(_duration(progress.eta_s)))
        self.text.setText("  \N{MIDDLE DOT}  ".join(parts))
        self.pause.setText(self.tr("Resume") if self._paused else self.tr("Pause"))


class ActivityBar(QWidget):
    """GUI thread."""

    pauseRequested = Signal(int)
    resumeRequested = Signal(int)
    cancelRequested = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._lines: dict[int, _JobLine] = {}
        self.message = QLabel()
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.message.setWordWrap(True)
        self.badge = QLabel()
        self.badge.setAccessibleName(self.tr("Device"))
        self._jobs = QVBoxLayout()
        self._jobs.setSpacing(2)
        left = QVBoxLayout()
        left.setSpacing(2)
        left.addLayout(self._jobs)
        left.addWidget(self.message)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 5, 10, 5)
        layout.addLayout(left, 1)
        layout.addWidget(self.badge, 0, Qt.AlignmentFlag.AlignBottom)
        self._fade = QTimer(self)
        self._fade.setSingleShot(True)
        self._fade.setInterval(_LINGER_MS)
        self._fade.timeout.connect(self.message.clear)

    def show_job(self, progress: JobProgress) -> None:
        """Show a job's line, or take it away when the job has ended."""
        job = progress.job
        line = self._lines.get(job.id)
        if job.state in ("done", "cancelled", "failed"):
            if line is not None:
                self._jobs.removeWidget(self._lines.pop(job.id))
                line.deleteLater()
            if job.state == "done" and job.n_failed:
                self.say(self.tr("{0}: {1} files could not be used, see Problems.").format(job.title, job.n_failed))
            return
        if line is None:
            line = self._lines[job.id] = _JobLine(self, job.id)
            self._jobs.addWidget(line)
        line.show_progress(progress)

    def show_preflight(self, preflight: Preflight) -> None:
        """Say what a drop held."""
        parts = [self.tr("{0} images").format(f"{preflight.n_images:,}")]
        if preflight.n_known:
            parts.append(self.tr("{0} of them known").format(f"{preflight.n_known:,}"))
        if preflight.n_videos:
            parts.append(self.tr("{0} videos, which this version leaves out").format(preflight.n_videos))
        if preflight.n_skipped:
            reasons = ", ".join(f"{n} {_reason(code)}" for code, n in sorted(preflight.skipped_reasons.items()))
            parts.append(self.tr("{0} skipped ({1})").format(preflight.n_skipped, reasons))
        self.say(self.tr("Found ") + ", ".join(parts) + ("." if preflight.finished else "\N{HORIZONTAL ELLIPSIS}"))

    def say(self, text: str) -> None:
        """Show a line for a while."""
        self.message.setText(text)
        self._fade.start()

    def show_error(self, error: LightdeskError) -> None:
        """Show an error with its way out, until the next message."""
        self.message.setText(f"\N{WARNING SIGN} {error}")
        self._fade.stop()

    def show_model(self, state: ModelState) -> None:
        """Show what runs the model, or how far it is."""
        words = {
            "absent": self.tr("No model"),
            "building": self.tr("Building the model\N{HORIZONTAL ELLIPSIS}"),
            "loading": self.tr("Loading the model\N{HORIZONTAL ELLIPSIS}"),
            "warming": self.tr("Warming up\N{HORIZONTAL ELLIPSIS}"),
            "failed": self.tr("\N{WARNING SIGN} Model failed"),
        }
        device = state.device
        text = (
            f"{state.model_ref}  \N{MIDDLE DOT}  {device.title}" if device is not None else words.get(state.phase, "")
        )
        if device is not None and device.fallback_reason:
            text = f"\N{WARNING SIGN} {text}"
            self.say(device.fallback_reason)
        self.badge.setText(text)
        runtime = device.runtime if device is not None else ""
        self.badge.setToolTip(
            "\n".join(filter(None, (state.message, device.fallback_reason if device else "", runtime)))
        )


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def _reason(code: str) -> str:
    return {
        "UNSUPPORTED_FORMAT": "not images",
        "PERMISSION_DENIED": "without permission",
        "FILE_NOT_FOUND": "not found",
        "NOT_A_FILE": "not files",
        "QUARANTINED": "in quarantine",
    }.get(code, "unreadable")
