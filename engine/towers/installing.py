"""Takes a published pair of towers into the models folder, where it stays when the download is thrown away."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.backends.graph import Graph, open_graph
from engine.errors import ErrorCode, ModelError
from engine.registry.pairs import MANIFEST, pair_toml, read_pair, sha256_of, verify
from engine.registry.table import is_plain_name
from engine.schemas.frame import Frame
from engine.schemas.tower import ImageTowerSpec, PairManifest, TextTowerSpec, TowerFiles, TowerPair
from engine.towers.description import describe
from engine.towers.folder import MAX_DATA_BYTES, MAX_GRAPH_BYTES, MAX_TOKENIZER_BYTES, Folder, Found, Kind
from engine.towers.graph_file import GraphFile
from engine.towers.image import ImageTower
from engine.towers.probing import image_facts, text_facts, vector_names
from engine.towers.text import TextTower
from engine.towers.tokens import MERGES, VOCABULARY, Tokens

Progress = Callable[[str, float | None], None]
_STAGING_PREFIX = ".adding-"
_ABANDONED_AFTER_S = 3600.0
_NO_SPACE = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_NOT_IN_NAMES = re.compile(r"[^a-z0-9._-]+")
_CHUNK_BYTES = 8 << 20
_VERSION_DIGITS = 12


class Stopped(Exception):
    """The person has thought better of it; nothing is left behind."""


def install_pair(
    folder: Path,
    models_dir: Path,
    *,
    name: str = "",
    progress: Progress = lambda _message, _fraction: None,
    stopped: Callable[[], bool] = lambda: False,
) -> TowerPair:
    """Take the pair in a folder into the models folder, and try it once.

    Parameters
    ----------
    folder
        A published export (`engine.towers.folder` lists the layouts), a folder with a ``pair.toml`` of ours, or that
        file itself. Nothing in it is changed.
    models_dir
        Where it is to lie, as ``NAME/VERSION/``. Files are linked where the file system can do that, and copied elsewhere.
    name
        What to call it; by default as the export calls itself. The version is made of what the files hold, so the same
        pair added again is the same one.
    progress
        Called on this thread with a message and a fraction.
    stopped
        Asked now and then.

    Returns
    -------
    TowerPair
        Its manifest's `assumed` says what no file of the export did.

    Raises
    ------
    ModelError
        MODEL_NOT_FOUND where the folder holds no pair, MODEL_INVALID where it cannot be used, MODEL_DAMAGED where
        files are not as its manifest says, DISK_FULL or PERMISSION_DENIED where it cannot be kept.
    DeviceError
        OUT_OF_MEMORY when it cannot be tried.
    Stopped
        After `stopped` has said so.

    Notes
    -----
    Takes seconds, up to minutes where gigabytes are copied: on a background thread.
    """
    if folder.is_file() and folder.name == MANIFEST:
        folder = folder.parent
    there = Folder(folder)
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(models_dir)
        staging = Path(tempfile.mkdtemp(dir=models_dir, prefix=_STAGING_PREFIX))
    except OSError as error:
        raise _cannot_keep(models_dir, error) from error
    try:
        work = _Installation(there, staging, progress, stopped)
        if (folder / MANIFEST).is_file():
            manifest = work.as_described(read_pair(folder / MANIFEST))
        else:
            manifest = work.as_published(name)
        (staging / MANIFEST).write_text(pair_toml(manifest), encoding="utf-8")
        progress("Keeping the model", 0.95)
        return _placed(staging, models_dir, manifest)
    except OSError as error:
        raise _cannot_keep(models_dir, error) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


class _Installation:
    """One pair on its way into a staging folder."""

    def __init__(self, folder: Folder, staging: Path, progress: Progress, stopped: Callable[[], bool]) -> None:
        self._folder = folder
        self._staging = staging
        self._progress = progress
        self._stopped = stopped

    def as_published(self, name: str) -> PairManifest:
        """Take the files that are found by their names, and find out by a trial how they are to be used."""
        found = self._folder.towers()
        said = describe(self._folder, found.image, found.text)
        tokenizer = self._tokenizer(found.text)
        self._progress("Reading the model", 0.05)
        image_files = self._tower("image", found)
        text_files = self._tower("text", found, tokenizer)
        self._progress("Trying the image tower", 0.6)
        graph = self._opened("image", found.image)
        picture = image_facts(graph, said, "The image tower")
        graph.close()
        self._go_on()
        self._progress("Trying the text tower", 0.8)
        tokens = Tokens(self._staging / "text" / tokenizer[0].name)
        graph = self._opened("text", found.text)
        words = text_facts(graph, tokens, said, "The text tower")
        graph.close()
        if picture.dim != words.dim:
            raise self._folder.invalid(
                f"its image tower gives {picture.dim} numbers and its text tower {words.dim}, so they do not belong "
                "together, or were exported without their projections"
            )
        manifest = PairManifest(
            _slug(name or said.title),
            "0",
            (name or said.title)[:200],
            "unknown",
            picture.dim,
            ImageTowerSpec(image_files, picture.input, picture.output),
            TextTowerSpec(
                text_files,
                tokenizer[0].name,
                words.output,
                words.context_length,
                words.pad_id,
                words.padding,
                words.mask,
                said.cleaning,
            ),
            tuple(said.assumed),
        )
        version = hashlib.sha256(repr((manifest.image, manifest.text)).encode()).hexdigest()[:_VERSION_DIGITS]
        return replace(manifest, version=version)

    def as_described(self, manifest: PairManifest) -> PairManifest:
        """Take the files that a manifest of ours names, and try them as it says."""
        self._progress("Reading the model", 0.05)
        for kind, files in (("image", manifest.image.files), ("text", manifest.text.files)):
            for name, _sha256 in files.sha256:
                self._take(self._folder.path / kind / name, self._staging / kind / name, MAX_DATA_BYTES)
            self._parsed(self._folder.path / kind / files.graph)
        pair = TowerPair(manifest, self._staging)
        verify(pair)
        self._progress("Trying the model", 0.6)
        picture = np.random.default_rng(5).integers(0, 256, (32, 48, 3), dtype=np.uint8)
        images, texts = ImageTower(pair, device="cpu", callers=1), TextTower(pair)
        images.embed(Frame(picture, 48, 32, "image/png"))
        texts.embed(["a photo of two dogs"])
        images.close()
        texts.close()
        return manifest

    def _tokenizer(self, text: Path) -> list[Path]:
        """Return the tokenizer's files, the one to read first."""
        whole = self._folder.beside(text, "tokenizer.json")
        if whole is not None:
            return [whole]
        vocabulary = self._folder.beside(text, VOCABULARY)
        merges = self._folder.beside(text, MERGES)
        if vocabulary is not None and merges is not None:
            return [vocabulary, merges]
        raise self._folder.missing(
            "it has both towers, but no tokenizer",
            "Put the model's tokenizer.json beside the text tower; its publisher has it, also where the export has not.",
        )

    def _tower(self, kind: Kind, found: Found, more: list[Path] | None = None) -> TowerFiles:
        source = found.image if kind == "image" else found.text
        graph = self._parsed(source)
        target = self._staging / kind
        digests = {}
        for name in graph.external:
            digests[name] = self._take(source.with_name(name), target / name, MAX_DATA_BYTES)
        if found.is_one_file:
            digests[source.name] = self._part(graph, kind, target / source.name)
        else:
            digests[source.name] = self._take(source, target / source.name, MAX_GRAPH_BYTES)
        for path in more or ():
            digests[path.name] = self._take(path, target / path.name, MAX_TOKENIZER_BYTES)
        return TowerFiles(source.name, tuple(sorted(digests.items())))

    def _opened(self, kind: Kind, source: Path) -> Graph:
        return open_graph(self._staging / kind / source.name, device="cpu", threads_per_call=0, known_as=str(source))

    def _parsed(self, source: Path) -> GraphFile:
        self._go_on()
        if not is_plain_name(source.name):
            raise self._folder.invalid(f"the name of {source.name[:80]!r} cannot be used on every system")
        return GraphFile(self._folder.checked(source, MAX_GRAPH_BYTES))

    def _part(self, graph: GraphFile, kind: Kind, target: Path) -> str:
        """Write one tower of a file that holds both; returns its digest."""
        output = next((name for name in vector_names(kind) if name in graph.outputs() and kind in name), None)
        other = "pixel" if kind == "text" else "input_ids"
        if "pixel_values" not in graph.inputs() or "input_ids" not in graph.inputs():
            raise self._folder.missing(
                f"{target.name} is one tower, with the inputs {', '.join(graph.inputs())}",
                "Choose the folder above, where both are, or put text and image into the names of the two files.",
            )
        if output is None or any(other in name for name in graph.needed_for(output)):
            raise self._folder.invalid(
                f"{graph.path.name} has the inputs {', '.join(graph.inputs())}, and its towers cannot be told apart",
                "Take an export with a file for each tower.",
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(graph.parted(output))
        return sha256_of(target)

    def _take(self, source: Path, target: Path, most_bytes: int) -> str:
        """Link or copy a file; returns its digest."""
        self._go_on()
        real = self._folder.checked(source, most_bytes)
        target.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError):  # another file system, or one without links: it is copied
            os.link(real, target)
        digest = hashlib.sha256()
        if target.exists():
            with target.open("rb") as file:
                while chunk := file.read(_CHUNK_BYTES):
                    digest.update(chunk)
                    self._go_on()
            return digest.hexdigest()
        with real.open("rb") as file, target.open("wb") as copy:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
                copy.write(chunk)
                self._go_on()
            copy.flush()
            os.fsync(copy.fileno())
        return digest.hexdigest()

    def _go_on(self) -> None:
        if self._stopped():
            raise Stopped


def _placed(staging: Path, models_dir: Path, manifest: PairManifest) -> TowerPair:
    """Move what is ready to its place at once; where the same pair is there already and whole, that one stays."""
    folder = models_dir / manifest.name / manifest.version
    pair = TowerPair(manifest, folder)
    if folder.exists():
        there = _whole(folder)
        if there is not None:
            if (there.manifest.image, there.manifest.text) != (manifest.image, manifest.text):
                raise ModelError(
                    ErrorCode.MODEL_INVALID,
                    f"There is another model {manifest.ref} already.",
                    way_out="Give this one another version in its manifest, or remove the other.",
                    path=str(folder),
                )
            with contextlib.suppress(OSError):
                os.utime(folder / MANIFEST)  # of several the one that was added last is used
            return there
        # Out of the way by its name first: where a file of it is still open (on Windows) this fails, and nothing is lost.
        old = staging.with_name(f"{staging.name}-old")
        folder.rename(old)
        shutil.rmtree(old, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging.rename(folder)
    return pair


def _whole(folder: Path) -> TowerPair | None:
    """Return the pair in a folder, None where it is damaged."""
    try:
        pair = TowerPair(read_pair(folder / MANIFEST), folder)
        verify(pair)
    except ModelError:
        return None
    return pair


def _slug(title: str) -> str:
    """Return a title as a manifest's name may be."""
    return _NOT_IN_NAMES.sub("-", title.lower()).strip("-._")[:64].strip("-._") or "words"


def _remove_abandoned(models_dir: Path) -> None:
    """Remove what a process that was killed while adding left behind."""
    for left in models_dir.glob(f"{_STAGING_PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _ABANDONED_AFTER_S:
                shutil.rmtree(left, ignore_errors=True)


def _cannot_keep(models_dir: Path, error: OSError) -> ModelError:
    full = error.errno in _NO_SPACE
    return ModelError(
        ErrorCode.DISK_FULL if full else ErrorCode.PERMISSION_DENIED,
        f"The model cannot be kept in {models_dir}: {error.strerror or error}.",
        way_out=f"{'Free some space' if full else 'Allow writing there'}, or set models_dir to another folder.",
        path=str(models_dir),
    )
