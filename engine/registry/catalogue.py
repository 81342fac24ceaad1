"""The models there are, and their files, verified or built."""

from __future__ import annotations

import hashlib
import importlib.resources
import logging
import os
import tempfile
from pathlib import Path

from engine.errors import ErrorCode, ModelError
from engine.registry.building import Progress, build
from engine.registry.manifest import read_manifest
from engine.schemas.model import Model, ModelManifest

log = logging.getLogger(__name__)


class Registry:
    """Manifests from the program and from the person's models folder.

    Parameters
    ----------
    models_dir
        Where built and installed models lie, as ``NAME/VERSION/``; made when needed.
    """

    def __init__(self, models_dir: Path) -> None:
        self._models_dir = models_dir
        self._shipped_dir = Path(str(importlib.resources.files("models")))

    def list(self) -> list[ModelManifest]:
        """Return every usable manifest, by name and version; a broken one is logged and left out."""
        paths = [*self._shipped_dir.glob("*.toml"), *self._models_dir.glob("*/*/manifest.toml")]
        found: dict[str, ModelManifest] = {}
        for path in paths:
            try:
                manifest = read_manifest(path, labels_dir=self._shipped_dir / "labels")
            except ModelError as error:
                log.warning("%s", error)
                continue
            found.setdefault(manifest.ref, manifest)
        return sorted(found.values(), key=lambda m: (m.name, _version_key(m.version)))

    def get(self, ref: str) -> ModelManifest:
        """Return the manifest of ``NAME`` (highest version) or ``NAME@VERSION``.

        Raises
        ------
        ModelError
            MODEL_NOT_FOUND, listing what there is.
        """
        manifests = self.list()
        name, _, version = ref.partition("@")
        for manifest in reversed(manifests):
            if manifest.name == name and version in ("", manifest.version):
                return manifest
        raise ModelError(
            ErrorCode.MODEL_NOT_FOUND,
            f"There is no model {ref!r}.",
            way_out=f"Choose one of: {', '.join(m.ref for m in manifests)}.",
        )

    def ensure(self, ref: str, progress: Progress) -> Model:
        """Return the model with its verified file, building the file at first need.

        Raises
        ------
        ModelError
            MODEL_NOT_FOUND or MODEL_DAMAGED.
        """
        manifest = self.get(ref)
        if manifest.format == "fake":
            return Model(manifest, Path())
        shipped = self._shipped_dir / manifest.name / manifest.version / manifest.file
        installed = self._models_dir / manifest.name / manifest.version / manifest.file
        for path in (shipped, installed):
            if _verified(path, manifest):
                return Model(manifest, path)
        data = build(manifest, progress)
        if hashlib.sha256(data).hexdigest() != manifest.sha256:
            raise ModelError(
                ErrorCode.MODEL_DAMAGED,
                f"The built file of {manifest.ref} differs from the one its manifest names (sha256).",
                way_out="Install Lightdesk again with the versions in its lock file.",
            )
        progress("Saving the model", 0.9)
        _replace(installed, data)
        progress("Model built", 1.0)
        return Model(manifest, installed)


def _verified(path: Path, manifest: ModelManifest) -> bool:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return False
    if digest == manifest.sha256:
        return True
    if manifest.builder is None:
        raise ModelError(
            ErrorCode.MODEL_DAMAGED,
            f"{path} is damaged: its sha256 is not the one in its manifest.",
            way_out="Install the model again.",
            path=str(path),
        )
    log.warning("%s is damaged and is built again.", path)
    return False


def _replace(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, also when two processes build it at once."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".building-")
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
        raise ModelError(
            ErrorCode.DISK_FULL if error.errno == 28 else ErrorCode.PERMISSION_DENIED,
            f"The model cannot be saved in {path.parent}: {error.strerror}.",
            way_out="Free some space or set models_dir to a folder that can be written.",
            path=str(path.parent),
        ) from error


def _version_key(version: str) -> tuple[tuple[int, int | str], ...]:
    return tuple((0, int(part)) if part.isdigit() else (1, part) for part in version.split("."))
