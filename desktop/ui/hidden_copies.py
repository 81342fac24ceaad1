"""Files of pictures that went out of view while a copy of them stayed: what may be moved to the system's trash."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from desktop.ui.ports import LibraryReader
from desktop.ui.trash_files import KnownFile, TrashFile
from engine.schemas.duplicates import Pairs
from engine.schemas.library import Source


@dataclass(frozen=True, slots=True)
class HiddenFile:
    """A file behind a hidden picture, and the picture in view that it is a copy of.

    Attributes
    ----------
    is_copy
        An edited copy; else another shot of the scene.
    """

    file: TrashFile
    kept_id: int
    is_copy: bool


def hidden_copies(view: LibraryReader, model_ref: str) -> list[HiddenFile]:
    """Return the files of hidden pictures of which a copy, or a like shot, is in view. On a reader thread.

    A picture that is only not shown because its source was removed is not among them, and neither is a file that two
    pictures share.
    """
    hidden = set(view.hidden().tolist())
    if not hidden:
        return []
    kept = kept_of(view.duplicate_pairs(), hidden, view.parted())
    sources = view.facets(model_ref).sources
    known = view.file_rows(sorted({*kept, *(kept_id for kept_id, _ in kept.values())}))
    found: list[HiddenFile] = []
    for content_id, (kept_id, is_copy) in sorted(kept.items()):
        if content_id not in known or kept_id not in known:
            continue
        (sha256, files), (kept_sha256, kept_files) = known[content_id], known[kept_id]
        stays = tuple(KnownFile(file.path, file.size_bytes, file.mtime_ns) for file in kept_files if file.present)
        spared = {file.path for file in stays}
        found += [
            HiddenFile(
                TrashFile(file.path, sha256, file.size_bytes, file.mtime_ns, stays, kept_sha256), kept_id, is_copy
            )
            for file in files
            if file.present and file.path not in spared and _is_in_a_source(file.path, file.source_title, sources)
        ]
    return found


def kept_of(pairs: Pairs, hidden: set[int], parted: Iterable[tuple[int, int]] = ()) -> dict[int, tuple[int, bool]]:
    """Return for each hidden picture one in view that it is like, and whether it is a copy of it.

    Directly, or by another hidden one that is like both: the middle of a group may have gone out of view too.
    """
    in_hidden = np.isin(pairs.first, list(hidden)) | np.isin(pairs.second, list(hidden))
    some = in_hidden & ~pairs.apart
    near: dict[int, list[int]] = {}
    like: dict[int, list[int]] = {}
    forbidden = {(min(pair), max(pair)) for pair in parted}
    for first, second, is_near in zip(
        pairs.first[some].tolist(), pairs.second[some].tolist(), pairs.near[some].tolist(), strict=True
    ):
        if (first, second) in forbidden:
            continue
        for links in (near, like) if is_near else (like,):
            links.setdefault(first, []).append(second)
            links.setdefault(second, []).append(first)
    found: dict[int, tuple[int, bool]] = {}
    for links, is_copy in ((near, True), (like, False)):
        for content_id in hidden & links.keys():
            kept = _in_view(content_id, links, hidden)
            if kept is not None and content_id not in found:
                found[content_id] = kept, is_copy
    return found


def _in_view(content_id: int, links: dict[int, list[int]], hidden: set[int]) -> int | None:
    there = [other for other in links[content_id] if other not in hidden]
    if not there:
        there = [far for near in links[content_id] for far in links.get(near, []) if far not in hidden]
    return min(there, default=None)


def _is_in_a_source(path: str, source_title: str, sources: Iterable[Source]) -> bool:
    """Tell whether a file belongs to a source that is in view: files of a removed one are nobody's to move."""
    return any(
        source.title == source_title and (not source.path or path == source.path or _is_under(path, source.path))
        for source in sources
    )


def _is_under(path: str, folder: str) -> bool:
    return path.startswith(folder) and path[len(folder.rstrip("/\\")) : len(folder.rstrip("/\\")) + 1] in ("/", "\\")
