"""What the inspector says of a content, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale, Qt
from PySide6.QtGui import QGuiApplication

from desktop.ui.facts import Fact
from desktop.ui.plain_text import isolated, left_to_right, printable
from engine.schemas.library import Detail, Label, Tile
from engine.schemas.prediction import Prediction

translate = QCoreApplication.translate
_FILES_SHOWN = 20
_DOT = "  \N{MIDDLE DOT}  "
_DEVICES = {"cpu": "CPU", "cuda": "CUDA"}


def when(at: str) -> str:
    """Return a stored time (ISO 8601, UTC) as this person reads times."""
    moment = QDateTime.fromString(at, Qt.DateFormat.ISODateWithMs)
    return QLocale().toString(moment.toLocalTime(), QLocale.FormatType.ShortFormat) if moment.isValid() else at


def size(n_bytes: int) -> str:
    """Return a number of bytes as this person reads them."""
    return QLocale().formattedDataSize(n_bytes, 1, QLocale.DataSizeFormat.DataSizeSIFormat)


def measures(detail: Detail) -> str:
    """Return width, height, format and size in one line."""
    kind = detail.content_type.removeprefix("image/").upper()
    pixels = left_to_right(f"{detail.width} \N{MULTIPLICATION SIGN} {detail.height}")
    return f"{pixels}{_DOT}{kind}{_DOT}{left_to_right(size(detail.size_bytes))}"


def label_state(label: Label | None) -> tuple[str, str]:
    """Return the current label, and who set it when."""
    if label is None:
        return translate("Inspector", "No label yet"), translate(
            "Inspector", "Enter accepts the first prediction, L types another."
        )
    by = (
        translate("Inspector", "set by {0}, {1}")
        if label.state == "accepted"
        else translate("Inspector", "by {0}, {1}")
    )
    who = by.format(isolated(label.set_by), when(label.set_at))
    if label.state == "rejected":
        return translate("Inspector", "\u00d7 Rejected"), who
    return f"\N{CHECK MARK} {isolated(label.class_name or '')}", who


def how_made(prediction: Prediction) -> str:
    """Return where and how fast a prediction was made."""
    device = _DEVICES.get(prediction.device, prediction.device)
    speed = (
        translate("Inspector", "from the cache")
        if prediction.cached
        else translate("Inspector", "{0} ms").format(f"{prediction.inference_ms:.1f}")
    )
    return _DOT.join((device, left_to_right(speed), when(prediction.predicted_at)))


def file_facts(detail: Detail, reveal: Callable[[str], None]) -> list[Fact]:
    """Return the files behind a content, each with a way to it."""
    facts = []
    source = translate("Inspector", "Source: {0}")
    for file in detail.files[:_FILES_SHOWN]:
        path = printable(file.path)
        facts.append(
            Fact(
                "",
                left_to_right(path)
                if file.present
                else translate("Inspector", "{0} (not there now)").format(left_to_right(path)),
                Qt.TextElideMode.ElideMiddle,
                tip="\n".join((path, source.format(isolated(printable(file.source_title))))),
                icon="folder",
                action=partial(reveal, file.path) if file.present else None,
                action_name=translate("Inspector", "Show in the file manager"),
            )
        )
    if len(detail.files) > _FILES_SHOWN:
        facts.append(Fact("", translate("Inspector", "and {0} more").format(f"{len(detail.files) - _FILES_SHOWN:,}")))
    return facts


def identity_facts(detail: Detail) -> list[Fact]:
    """Return what identifies a content."""
    return [
        Fact(
            "SHA-256",
            f"{detail.sha256[:12]}\N{HORIZONTAL ELLIPSIS}",
            tip=detail.sha256,
            icon="copy",
            action=lambda: QGuiApplication.clipboard().setText(detail.sha256),
            action_name=translate("Inspector", "Copy the SHA-256"),
        ),
    ]


def selection_summary(rows: Sequence[Tile], n_selected: int) -> str:
    """Return what the labels of a selection have in common."""
    if not rows:
        return ""
    # The state beside the name: a person may call a class "rejected".
    labels = Counter((row.label_state, row.label if row.label_state == "accepted" else None) for row in rows)
    about = "" if len(rows) >= n_selected else translate("Inspector", " (of the first {0})").format(f"{len(rows):,}")
    if len(labels) == 1:
        ((state, name),) = labels
        if state is None:
            return translate("Inspector", "None has a label") + about
        if state == "rejected":
            return translate("Inspector", "\u00d7 All rejected") + about
        return translate("Inspector", "✓ All labelled {0}").format(isolated(name or "")) + about
    text = _DOT.join(f"{_short(state, name)} {n:,}" for (state, name), n in labels.most_common(3))
    return text + (translate("Inspector", " and others") if len(labels) > 3 else "") + about


def _short(state: str | None, name: str | None) -> str:
    if state is None:
        return translate("Inspector", "no label")
    return translate("Inspector", "rejected") if state == "rejected" else isolated(name or "")
