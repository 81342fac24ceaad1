"""Pictures to look at: thumbnails, large previews and EXIF, from the cache or from whichever file still has them."""

from __future__ import annotations

from engine.cache import ByteCache
from engine.cache_entries import thumbnail_key
from engine.errors import ErrorCode, FileError
from engine.readers import LibraryReaders
from engine.schemas.files import ImageLimits
from engine.schemas.frame import Frame


class Pictures:
    """Answers for contents of one library. Any thread; decoders are loaded at first need."""

    def __init__(self, readers: LibraryReaders, cache: ByteCache, limits: ImageLimits) -> None:
        self._readers = readers
        self._cache = cache
        self._limits = limits

    def thumbnail(self, sha256: str) -> bytes | None:
        """Return a JPEG of at most 256 pixels, from the cache or made again from a file; None without one."""
        key = thumbnail_key(sha256)
        data = self._cache.get(key)
        if data is not None:
            return data
        from engine.ingest.decode import decode
        from engine.ingest.derive import THUMBNAIL_SIDE, small, thumbnail

        with self._readers.borrow() as view:
            paths = view.paths_of(bytes.fromhex(sha256))
        for path in paths:
            try:
                loaded = self._load(path, sha256)
                frame = decode(loaded, short_side=THUMBNAIL_SIDE, limits=self._limits, name=path)
            except FileError:
                continue
            data = thumbnail(small(frame))
            self._cache.set(key, data)
            return data
        return None

    def preview(self, content_id: int, max_side: int) -> Frame:
        """Decode a content for looking at. Raises FileError when none of its files can be read."""
        from engine.ingest.derive import preview

        path, data = self.first_readable(content_id)
        return preview(data, max_side=max_side, limits=self._limits, name=path)

    def exif(self, content_id: int) -> dict[str, str]:
        """Return the EXIF fields worth showing. Raises FileError as `preview` does."""
        from engine.ingest.derive import read_exif

        return read_exif(self.first_readable(content_id)[1])

    def first_readable(self, content_id: int) -> tuple[str, bytes]:
        """Return path and bytes of a content's first file that still has it. Raises FileError when there is none."""
        with self._readers.borrow() as view:
            detail = view.detail(content_id, "")
        error: FileError | None = None
        for file in detail.files if detail is not None else ():
            try:
                return file.path, self._load(file.path, detail.sha256 if detail is not None else "")
            except FileError as failed:
                error = error or failed
        raise error or FileError(
            ErrorCode.FILE_NOT_FOUND, "No file has this content any more.", way_out="Drop it again."
        )

    def _load(self, path: str, sha256: str) -> bytes:
        from engine.ingest.reading import printable, read_file

        loaded = read_file(path, self._limits)
        if loaded.sha256.hex() != sha256:
            raise FileError(
                ErrorCode.FILE_CHANGED,
                f"{printable(path)} has other contents than when it was added.",
                way_out="Drop it again to add it as it is now.",
            )
        return loaded.data
