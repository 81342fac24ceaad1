"""The models there are, and their files, verified or built."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import tempfile
import threading
import time
from pathlib import Path
from typing import Literal, NamedTuple

from engine.errors import ErrorCode, ModelError
from engine.registry.building import Progress, build
from engine.registry.manifest import read_manifest
from engine.registry.pairs import added_ns, read_pairs, verify
from engine.registry.table import invalid
from engine.schemas.model import Model, ModelManifest
from engine.schemas.tower import PairManifest, TowerPair

log = logging.getLogger(__name__)

# `models` stands beside `engine` in a checkout, in an installed package and in a bundle alike. Found
# from here and not by import: a folder called `models` where the program is started must not win.
_SHIPPED_DIR = Path(__file__).resolve().parents[2] / "models"
_TEMPORARY_PREFIX = ".building-"
_ABANDONED_AFTER_S = 3600.0
_NO_SPACE = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}

Found = Literal["good", "missing", "damaged", "unreadable"]


class _Entry(NamedTuple):
    manifest: ModelManifest
    folders: tuple[Path, ...]

    @property
    def is_offered(self) -> bool:
        """The fake one is not: it is for tests, which ask for it by name."""
        return self.manifest.format != "fake"


class Registry:
    """Manifests from the program and from the person's models folder.

    Parameters
    ----------
    models_dir
        Where built and installed models lie, as ``NAME/VERSION/``; made when needed.
    shipped_dir
        Manifests (``*.toml``), label files and perhaps built models that come with the program.

    Notes
    -----
    Safe to call from any thread; several processes may share `models_dir`.
    """

    def __init__(self, models_dir: Path, *, shipped_dir: Path = _SHIPPED_DIR) -> None:
        self._models_dir = models_dir
        self._shipped_dir = shipped_dir
        self._building = threading.Lock()

    def list(self) -> list[ModelManifest]:
        """Return every usable manifest that is offered, by name and version; a broken one is logged and left out."""
        entries, broken = self._read_all()
        for error in broken.values():
            log.warning("%s", error)
        return [entry.manifest for entry in entries if entry.is_offered]

    def get(self, ref: str) -> ModelManifest:
        """Return the manifest of ``NAME`` (highest version) or ``NAME@VERSION``.

        Raises
        ------
        ModelError
            MODEL_NOT_FOUND, listing what there is; MODEL_INVALID where the model asked for is there
            but its manifest is broken.
        """
        return self._entry(ref).manifest

    def ensure(self, ref: str, progress: Progress) -> Model:
        """Return the model with its verified file, building the file at first need.

        Parameters
        ----------
        ref
            ``NAME`` or ``NAME@VERSION``.
        progress
            Called on this thread with a message and a fraction, only where something is built.

        Raises
        ------
        ModelError
            MODEL_NOT_FOUND, MODEL_INVALID, MODEL_DAMAGED, PERMISSION_DENIED or DISK_FULL.
        """
        manifest, folders = self._entry(ref)
        if manifest.format == "fake":
            return Model(manifest, Path())
        with self._building:
            states: dict[Path, Found] = {}
            for folder in folders:
                path = folder / manifest.file
                states[path] = _examine(path, folder, manifest.sha256)
                if states[path] == "good":
                    return Model(manifest, path)
            return self._build(manifest, states, progress)

    def pairs(self) -> tuple[PairManifest, ...]:
        """Return the pairs of an image and a text tower, the one that was added last at the end; a broken one is logged and
        left out.
        """
        found, broken = read_pairs(self._models_dir)
        for error in broken.values():
            log.warning("%s", error)
        ordered = sorted(found.values(), key=lambda p: (added_ns(p), p.manifest.name, _version_key(p.manifest.version)))
        return tuple(pair.manifest for pair in ordered)

    def pair(self, ref: str) -> TowerPair:
        """Return a pair with its verified files. About 1 ms a megabyte: not on a thread that someone waits for.

        Parameters
        ----------
        ref
            ``NAME@VERSION``.

        Raises
        ------
        ModelError
            MODEL_NOT_FOUND, listing what there is; MODEL_INVALID for a broken manifest, MODEL_DAMAGED for files
            that are not as they were.
        """
        found, broken = read_pairs(self._models_dir)
        if ref in broken:
            raise broken[ref]
        if ref not in found:
            way_out = f"Choose one of: {', '.join(sorted(found))}." if found else "Add one from a folder first."
            raise ModelError(
                ErrorCode.MODEL_NOT_FOUND, f"There is no model for search with words {ref[:200]!r}.", way_out=way_out
            )
        verify(found[ref])
        return found[ref]

    def _build(self, manifest: ModelManifest, states: dict[Path, Found], progress: Progress) -> Model:
        bad = next((path for path, state in states.items() if state in ("damaged", "unreadable")), None)
        if bad is not None and manifest.builder is None:
            raise _unusable(bad, states[bad])
        if bad is not None:
            note = f"The model file {bad} is {states[bad]}; it is built again"
            log.warning("%s", note)
            progress(note, 0.0)
        data = build(manifest, progress)
        if hashlib.sha256(data).hexdigest() != manifest.sha256:
            raise ModelError(
                ErrorCode.MODEL_DAMAGED,
                f"The built file of {manifest.ref} differs from the one that its manifest names (sha256).",
                way_out="Install Lightdesk again with the versions in its lock file.",
            )
        progress("Saving the model", 0.9)
        folder = self._installed_dir(manifest)
        path = folder / manifest.file
        try:
            _replace(path, data)
        except ModelError:
            # On Windows a file that another process has just built and opened cannot be replaced.
            if _examine(path, folder, manifest.sha256) != "good":
                raise
        progress("Model built", 1.0)
        return Model(manifest, path)

    def _installed_dir(self, manifest: ModelManifest) -> Path:
        return self._models_dir / manifest.name / manifest.version

    def _entry(self, ref: str) -> _Entry:
        entries, broken = self._read_all()
        name, _, version = ref.partition("@")
        for entry in reversed(entries):
            if entry.manifest.name == name and version in ("", entry.manifest.version):
                return entry
        for (its_name, its_version), error in broken.items():
            if its_name == name and version in ("", its_version):
                raise error
        raise ModelError(
            ErrorCode.MODEL_NOT_FOUND,
            f"There is no model {ref[:200]!r}.",
            way_out=f"Choose one of: {', '.join(e.manifest.ref for e in entries if e.is_offered)}.",
        )

    def _read_all(self) -> tuple[tuple[_Entry, ...], dict[tuple[str, str], ModelError]]:
        found: dict[str, _Entry] = {}
        broken: dict[tuple[str, str], ModelError] = {}
        labels_dir = self._shipped_dir / "labels"
        for path in sorted(self._shipped_dir.glob("*.toml")):
            try:
                manifest = read_manifest(path, labels_dir=labels_dir)
            except ModelError as error:
                broken[path.stem, ""] = error
                continue
            bundled = self._shipped_dir / manifest.name / manifest.version
            found[manifest.ref] = _Entry(manifest, (bundled, self._installed_dir(manifest)))
        for path in sorted(self._models_dir.glob("*/*/manifest.toml")):
            folder = path.parent
            try:
                manifest = read_manifest(path, labels_dir=labels_dir)
                if (manifest.name, manifest.version) != (folder.parent.name, folder.name):
                    raise invalid(path, f"it describes {manifest.ref}, but its folder belongs to another model")
                if manifest.ref in found:
                    raise invalid(path, f"{manifest.ref} comes with Lightdesk; give yours another name or version")
            except ModelError as error:
                broken[folder.parent.name, folder.name] = error
                continue
            found[manifest.ref] = _Entry(manifest, (folder,))
        ordered = sorted(found.values(), key=lambda e: (e.manifest.name, _version_key(e.manifest.version)))
        return tuple(ordered), broken


def _examine(path: Path, folder: Path, sha256: str) -> Found:
    """Compare a file's digest with the manifest's; about 1 ms a megabyte."""
    try:
        if not path.resolve(strict=True).is_relative_to(folder.resolve()):
            return "unreadable"  # a link that leads out of the model's folder
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except (OSError, RuntimeError):
        return "unreadable"
    return "good" if digest == sha256 else "damaged"


def _unusable(path: Path, state: Found) -> ModelError:
    why = "its sha256 is not the one in its manifest" if state == "damaged" else "the file cannot be read"
    return ModelError(
        ErrorCode.MODEL_DAMAGED,
        f"{path} is {state}: {why}.",
        way_out="Install the model again.",
        path=str(path),
    )


def _replace(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, also when two processes build it at once."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(path.parent)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=_TEMPORARY_PREFIX)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        full = error.errno in _NO_SPACE
        raise ModelError(
            ErrorCode.DISK_FULL if full else ErrorCode.PERMISSION_DENIED,
            f"The model cannot be saved in {path.parent}: {error.strerror or error}.",
            way_out=f"{'Free some space' if full else 'Allow writing there'}, or set models_dir to another folder.",
            path=str(path.parent),
        ) from error


def _remove_abandoned(folder: Path) -> None:
    """Remove what a process that was killed while building left behind."""
    for left in folder.glob(f"{_TEMPORARY_PREFIX}*"):
        try:
            if time.time() - left.stat().st_mtime > _ABANDONED_AFTER_S:
                left.unlink()
        except OSError:
            continue


def _version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    """Numbers by value; ``1.1-rc1`` before ``1.1``, and that before ``1.1.1``."""
    parts = version.replace("-", ".").split(".")
    return (*((1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts), (1, -1, ""))
