"""The bottom: a line for each open job, the last word about a drop, the device badge."""

from __future__ import annotations

import time
from collections.abc import Set

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from desktop.ui import icons
from desktop.ui.device_badge import DeviceBadge
from desktop.ui.facts import ElidedLabel
from desktop.ui.plain_text import breakable, isolated, printable, tooltip
from engine.schemas.device import ModelState
from engine.schemas.insight import AnalysisState
from engine.schemas.job import Job, JobProgress, Preflight
from engine.schemas.similar import IndexState

_LINGER_MS = 12_000
_MOVES_EVERY_MS = 200
_MOST_LINES = 4
_METER_PX = 130
_SPACING_PX = 10
_DOT = "  \N{MIDDLE DOT}  "
_ENDED = ("done", "cancelled", "failed")
_TOLD_S = 2.0  # a job that tells of itself does so more often


class _JobLine(QWidget):
    def __init__(self, bar: ActivityBar, job_id: int) -> None:
        super().__init__()
        self._paused = False
        self.text = ElidedLabel()
        self.meter = QProgressBar()
        self.meter.setTextVisible(False)
        self.meter.setFixedWidth(_METER_PX)
        self.pause, self.cancel = QPushButton(), QPushButton()
        for button in (self.pause, self.cancel):
            button.setProperty("quiet", True)
        self.pause.clicked.connect(lambda: (bar.resumeRequested if self._paused else bar.pauseRequested).emit(job_id))
        self.cancel.setText(self.tr("Cancel"))
        icons.set_icon(self.cancel, "cancel")
        self.cancel.clicked.connect(lambda: bar.cancelRequested.emit(job_id))
        # Why it stands still is what a person must read: all of it, on lines of its own.
        self.reason = QLabel()
        self.reason.setTextFormat(Qt.TextFormat.PlainText)
        self.reason.setWordWrap(True)
        self.reason.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.reason.setIndent(_METER_PX + _SPACING_PX)
        self.reason.hide()
        line = QHBoxLayout()
        line.setSpacing(_SPACING_PX)
        line.addWidget(self.meter)
        line.addWidget(self.text, 1)
        line.addWidget(self.pause)
        line.addWidget(self.cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(line)
        layout.addWidget(self.reason)
        self._fix_width()

    def _fix_width(self) -> None:
        """As wide as the longer word, so that nothing jumps away from under the mouse."""
        widths = []
        for word, icon in ((self.tr("Resume"), "resume"), (self.tr("Pause"), "pause")):
            self.pause.setText(word)
            icons.set_icon(self.pause, icon)
            widths.append(self.pause.sizeHint().width())
        self.pause.setMinimumWidth(max(widths))

    def show_progress(self, progress: JobProgress) -> None:
        job = progress.job
        self._paused = job.state == "paused"
        n_gone = job.n_total - job.n_left
        # Without an end in sight the bar only moves.
        self.meter.setRange(0, 0 if job.scanning and not job.n_total else max(1, job.n_total))
        self.meter.setValue(n_gone)
        if self.meter.property("paused") != self._paused:
            self.meter.setProperty("paused", self._paused)
            self.meter.style().unpolish(self.meter)
            self.meter.style().polish(self.meter)
        self.text.show_text(self._sentence(progress, n_gone))
        reason = job.pause_reason if self._paused else None
        self.reason.setText(breakable(printable(reason)) if reason else "")
        self.reason.setAccessibleName(printable(reason) if reason else "")
        self.reason.setVisible(bool(reason))
        title = printable(job.title)
        self.meter.setAccessibleName(self.tr("Progress of {0}").format(title))
        word = self.tr("Resume") if self._paused else self.tr("Pause")
        cancel = self.tr("Cancel")
        self.pause.setText(word)
        self.pause.setAccessibleName(f"{word}: {title}")
        self.cancel.setAccessibleName(f"{cancel}: {title}")
        icons.set_icon(self.pause, "resume" if self._paused else "pause")

    def _sentence(self, progress: JobProgress, n_gone: int) -> str:
        job = progress.job
        parts = [isolated(printable(job.title))]
        if job.scanning and not job.n_total:
            parts.append(self.tr("looking for pictures…"))
        else:
            total = f"{job.n_total:,}" + ("+" if job.scanning else "")
            parts.append(self.tr("{0} of {1}").format(f"{n_gone:,}", total))
        if self._paused:
            parts.append(self.tr("paused"))
        elif job.state == "queued":
            parts.append(self.tr("waiting"))
        elif progress.rate_per_s:
            rate = progress.rate_per_s
            parts.append(self.tr("{0} img/s").format(f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"))
            if progress.eta_s is not None and not job.scanning:
                parts.append(self.tr("{0} left").format(duration(progress.eta_s)))
        if job.n_failed:
            problems = (
                self.tr("1 problem") if job.n_failed == 1 else self.tr("{0} problems").format(f"{job.n_failed:,}")
            )
            parts.append(problems)
        return _DOT.join(parts)


class _QuietWork(QLabel):
    """A few words in the corner, with what there is to know of them."""

    def __init__(self) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("role", "faint")
        self.hide()

    def show_work(self, text: str, note: str) -> None:
        """Show it, or (empty) nothing."""
        self.setText(text)
        self.setToolTip(tooltip(note))
        self.setAccessibleName(f"{text}. {note}" if note else text)
        self.setVisible(bool(text))


class ActivityBar(QWidget):
    """GUI thread."""

    pauseRequested = Signal(int)
    resumeRequested = Signal(int)
    cancelRequested = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("activityBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(self.tr("Activity"))
        self._lines: dict[int, _JobLine] = {}
        self._shown: dict[int, Job] = {}
        self._later: dict[int, JobProgress] = {}
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_MOVES_EVERY_MS)
        self._soon.timeout.connect(self._show_later)
        self._ended: dict[int, str] = {}
        self._told_s: dict[int, float] = {}
        self.message = QLabel()
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.message.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.message.setWordWrap(True)
        self.message.setProperty("role", "faint")
        self.more = QLabel()
        self.more.setProperty("role", "faint")
        self.more.hide()
        # How far work is that nobody waits for, said in a corner.
        self.analysis, self.index = _QuietWork(), _QuietWork()
        self.badge = DeviceBadge()
        self._jobs = QVBoxLayout()
        self._jobs.setSpacing(0)
        foot = QHBoxLayout()
        foot.setSpacing(16)
        foot.addWidget(self.more)
        foot.addWidget(self.message, 1)
        foot.addWidget(self.analysis, 0, Qt.AlignmentFlag.AlignBottom)
        foot.addWidget(self.index, 0, Qt.AlignmentFlag.AlignBottom)
        foot.addWidget(self.badge, 0, Qt.AlignmentFlag.AlignBottom)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 3, 6, 3)
        layout.setSpacing(2)
        layout.addLayout(self._jobs)
        layout.addLayout(foot)
        self._fade = QTimer(self)
        self._fade.setSingleShot(True)
        self._fade.setInterval(_LINGER_MS)
        self._fade.timeout.connect(lambda: self._set_message(""))

    def add_line(self, line: QWidget) -> None:
        """Give a place to a line of work that is no job of the library."""
        self._jobs.addWidget(line)

    def reset(self) -> None:
        """Forget everything: another library, whose jobs have the same numbers."""
        self.forget(self._lines.keys())
        self._ended.clear()
        self._told_s.clear()
        self._soon.stop()
        self.index.show_work("", "")
        self.analysis.show_work("", "")
        self.say("")

    def show_open(self, jobs: list[Job]) -> None:
        """Show the jobs that are open in the library: those left from before, and those of other processes.

        What this process works on tells of itself, and knows more than the library's row.
        """
        now_s = time.monotonic()
        for job in jobs:
            if now_s - self._told_s.get(job.id, -_TOLD_S) >= _TOLD_S:
                self._show(JobProgress(job))
        self.forget(self._lines.keys() - {job.id for job in jobs})

    def show_job(self, progress: JobProgress) -> None:
        """Show the line of a job that tells of itself, or take it away when the job has ended."""
        self._told_s[progress.job.id] = time.monotonic()
        self._show(progress)

    def _show(self, progress: JobProgress) -> None:
        """Show a job's line, or take it away when the job has ended.

        Numbers that only move are shown a few times a second: nobody reads more, and each time costs as much as
        painting the pictures that came meanwhile.
        """
        job = progress.job
        self._later.pop(job.id, None)
        if job.state in _ENDED:
            self._end(job)
            return
        shown = self._shown.get(job.id)
        moved_only = shown is not None and (shown.state, shown.scanning, shown.pause_reason) == (
            job.state, job.scanning, job.pause_reason,
        )  # fmt: skip
        if moved_only and self._soon.isActive():
            self._later[job.id] = progress
            return
        self._shown[job.id] = job
        self._soon.start()
        self._ended.pop(job.id, None)
        line = self._lines.get(job.id)
        if line is None:
            line = self._lines[job.id] = _JobLine(self, job.id)
            self._jobs.addWidget(line)
        line.show_progress(progress)
        self._fold()

    def open_jobs(self) -> frozenset[int]:
        """Return the jobs that have a line."""
        return frozenset(self._lines)

    def forget(self, job_ids: Set[int]) -> None:
        """Take lines away of jobs that are no longer open (another process ended them, or another library)."""
        for job_id in job_ids & self._lines.keys():
            self._shown.pop(job_id, None)
            self._later.pop(job_id, None)
            line = self._lines.pop(job_id)
            self._jobs.removeWidget(line)
            line.hide()
            line.deleteLater()
        self._fold()

    def show_preflight(self, preflight: Preflight) -> None:
        """Say what a drop held."""
        self.say(self.preflight_text(preflight))

    def say(self, text: str) -> None:
        """Show a line for a while."""
        self._set_message(text)
        self._fade.start()

    def _set_message(self, text: str) -> None:
        self.message.setText(breakable(text))
        self.message.setAccessibleName(text)

    def show_model(self, state: ModelState) -> None:
        """Show what runs the model, or how far it is."""
        self.badge.show_state(state)

    def show_index(self, state: IndexState) -> None:
        """Say how far the search index is, while it is being made, and why there is none."""
        building = state.phase == "building"
        text = ""
        if building:
            text = self.tr("Making the search index {0}%").format(f"{state.fraction * 100:.0f}")
        elif state.phase == "absent" and state.note:
            text = self.tr("No search index")
        if state.note and tooltip(state.note) != self.index.toolTip():
            self.say(state.note)
        self.index.show_work(text, state.note)

    def show_analysis(self, state: AnalysisState) -> None:
        """Say how far the comparing of pictures with each other is, while it goes on, and why it does not."""
        text, note = "", state.note
        if state.phase == "building":
            text = self.tr("Comparing pictures: {0} of {1}").format(f"{state.n:,}", f"{state.n_total:,}")
            kept = self.tr("What is found is kept, and it goes on after a restart.")
            note = f"{note} {kept}".strip()
        elif state.phase == "absent" and note:
            text = self.tr("Pictures are not compared")
            if tooltip(note) != self.analysis.toolTip():
                self.say(note)
        self.analysis.show_work(text, note if text else "")

    def _show_later(self) -> None:
        for progress in list(self._later.values()):
            self._soon.stop()
            self._show(progress)

    def _end(self, job: Job) -> None:
        if self._ended.get(job.id) == job.state:
            return  # said already
        self._ended[job.id] = job.state
        self.forget({job.id})
        title = isolated(printable(job.title))
        if job.state == "cancelled":
            self.say(self.tr("{0}: cancelled after {1}.").format(title, f"{job.n_done:,}"))
        elif job.state == "failed":
            reason = printable(job.pause_reason or "")
            self.say(self.tr("{0}: ended after {1}. {2}").format(title, f"{job.n_done:,}", reason).strip())
        elif job.state == "done" and job.n_failed:
            text = (
                self.tr("{0}: {1} done; one file could not be used, see Problems.").format(title, f"{job.n_done:,}")
                if job.n_failed == 1
                else self.tr("{0}: {1} done; {2} files could not be used, see Problems.").format(
                    title, f"{job.n_done:,}", f"{job.n_failed:,}"
                )
            )
            self.say(text)

    def _fold(self) -> None:
        """Many jobs must not push the pictures out of the window."""
        for place, line in enumerate(self._lines.values()):
            line.setVisible(place < _MOST_LINES)
        n_more = len(self._lines) - _MOST_LINES
        self.more.setVisible(n_more > 0)
        if n_more > 0:
            self.more.setText(
                self.tr("and one more job") if n_more == 1 else self.tr("and {0} more jobs").format(n_more)
            )

    def preflight_text(self, preflight: Preflight) -> str:
        """Return the line that says what a drop held."""
        n = preflight.n_images
        parts = [self.tr("1 image") if n == 1 else self.tr("{0} images").format(f"{n:,}")]
        if preflight.n_known:
            parts[0] += self.tr(" ({0} known already)").format(f"{preflight.n_known:,}")
        if preflight.n_videos:
            videos = (
                self.tr("1 video")
                if preflight.n_videos == 1
                else self.tr("{0} videos").format(f"{preflight.n_videos:,}")
            )
            parts.append(self.tr("{0} kept for a later version").format(videos))
        if preflight.n_skipped:
            counts = sorted(preflight.skipped_reasons.items())
            words = [self._reason_words(code) for code, _ in counts]
            if len(counts) > 1:
                words = [f"{count:,} {word}" for word, (_, count) in zip(words, counts, strict=True)]
            reasons = ", ".join(words)
            skipped = self.tr("{0} skipped").format(f"{preflight.n_skipped:,}")
            parts.append(f"{skipped} ({reasons})" if reasons else skipped)
        if preflight.finished:
            return self.tr("Found {0}.").format("; ".join(parts))
        return self.tr("Found so far: {0}…").format("; ".join(parts))

    def _reason_words(self, code: str) -> str:
        """Say in a few words why files were skipped."""
        return {
            "UNSUPPORTED_FORMAT": self.tr("not an image"),
            "PERMISSION_DENIED": self.tr("not permitted to read"),
            "FILE_NOT_FOUND": self.tr("not found"),
            "NOT_A_FILE": self.tr("not a file"),
            "EMPTY_FILE": self.tr("empty"),
            "QUARANTINED": self.tr("in quarantine"),
            "SOURCE_OFFLINE": self.tr("on a drive that is not there"),
        }.get(code, self.tr("unreadable"))


def duration(seconds: float) -> str:
    """Return a duration in the words of a progress line."""
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
