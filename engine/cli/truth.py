"""What pictures really show: read from a CSV file or from the names of folders."""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from engine.errors import ErrorCode, UsageError

_FILE_HEADS = ("file", "filename", "file_name", "path", "image", "name")
_CLASS_HEADS = ("class_id", "imagenet_class_id", "class", "class_name", "label", "label_id", "target", "id")
_WORDNET_ID = re.compile(r"n\d{8}")


class ClassNames:
    """Finds a model's class by number, whole label, one of its synonyms, or WordNet id.

    Synonyms are the parts of a label between commas; a WordNet id counts where the label begins with
    one. Letter case, underscores and hyphens make no difference.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self._n = len(labels)
        self._whole: dict[str, list[int]] = {}
        self._parts: dict[str, list[int]] = {}
        for i, label in enumerate(labels):
            self._whole.setdefault(_folded(label), []).append(i)
            wordnet = _WORDNET_ID.match(label)
            parts = {_folded(part) for part in label.split(",")} | ({wordnet[0]} if wordnet else set())
            for part in parts:
                self._parts.setdefault(part, []).append(i)

    def find(self, text: str) -> int | None:
        """Return the number of a class, or None where there is none or more than one of that name."""
        key = _folded(text)
        for names in (self._whole, self._parts):
            if len(found := names.get(key, [])) == 1:
                return found[0]
        digits = text.strip().removesuffix(".0")  # spreadsheets make 3.0 of 3
        if key not in self._whole and digits.isascii() and digits.isdigit() and int(digits) < self._n:
            return int(digits)
        return None


class Truth:
    """The right class of files, asked for by path.

    Attributes
    ----------
    unknown
        Words for classes that the model does not have (or has twice), with how many pictures bear them.
    """

    def __init__(self, names: ClassNames) -> None:
        self._names = names
        self.unknown: Counter[str] = Counter()

    def of(self, path: str) -> int | None:
        """Return the class number for a file, or None where it is not known."""
        word = self._word(path)
        if word is None:
            return None
        class_id = self._names.find(word)
        if class_id is None:
            self.unknown[word] += 1
        return class_id

    def unmet(self) -> int:
        """Return how many listed files were never asked for."""
        return 0

    def _word(self, path: str) -> str | None:
        raise NotImplementedError


class FolderTruth(Truth):
    """The first folder below `root` names the class."""

    def __init__(self, names: ClassNames, root: str) -> None:
        super().__init__(names)
        self._root = os.path.abspath(root)

    def _word(self, path: str) -> str | None:
        below = os.path.relpath(path, self._root).split(os.sep)
        return below[0] if len(below) > 1 and below[0] != os.pardir else None


class CsvTruth(Truth):
    """A CSV file with a column for the file and one for the class.

    Files are written relative to the folder or to the CSV file, or by their bare name where no other
    picture in the folder is called so.

    Raises
    ------
    UsageError
        FILE_NOT_FOUND or INVALID_ARGUMENT, naming file and line.
    """

    def __init__(self, names: ClassNames, root: str, file: Path) -> None:
        super().__init__(names)
        root = os.path.abspath(root)
        beside = os.path.abspath(file.parent)
        self._by_path: dict[str, str] = {}
        self._by_name: dict[str, str] = {}
        self._asked: set[str] = set()
        lines: dict[str, tuple[str, int]] = {}
        for line, name, word in _rows(file):
            if lines.setdefault(name, (word, line))[0] != word:
                raise _wrong(file, f"line {line} and line {lines[name][1]} give {name!r} different classes")
            for base in (root, beside):
                self._by_path.setdefault(os.path.normpath(os.path.join(base, name)), name)
            if os.path.basename(name) == name:
                self._by_name[name] = name
        self._words = {name: word for name, (word, _) in lines.items()}

    def unmet(self) -> int:
        return len(self._words) - len(self._asked)

    def _word(self, path: str) -> str | None:
        name = self._by_path.get(path)
        if name is None:
            name = self._by_name.get(os.path.basename(path))
            if name in self._asked:
                return None
        if name is None:
            return None
        self._asked.add(name)
        return self._words[name]


def has_class_folders(root: str) -> bool:
    """Tell whether a folder has folders in it that can be classes."""
    with os.scandir(root) as entries:
        return any(entry.is_dir() and not entry.name.startswith(".") for entry in entries)


def _rows(file: Path) -> Iterator[tuple[int, str, str]]:
    """Yield line number, file and class."""
    try:
        # utf-8-sig and all three separators: spreadsheets write what their language uses
        text = file.read_text("utf-8-sig")
    except OSError as error:
        code = ErrorCode.FILE_NOT_FOUND if isinstance(error, FileNotFoundError) else ErrorCode.FILE_UNREADABLE
        raise UsageError(
            code, f"{file} cannot be read: {error.strerror}.", way_out="Check the path.", path=str(file)
        ) from error
    except UnicodeDecodeError as error:
        raise _wrong(file, "it is not UTF-8 text") from error
    lines = text.splitlines()
    if not lines:
        raise _wrong(file, "it is empty")
    separator = max(",;\t", key=lines[0].count)
    reader = csv.reader(lines, delimiter=separator, strict=True)
    try:
        head = [cell.strip().casefold() for cell in next(reader)]
        places = _places(head)
        if places is None:
            raise _wrong(file, f"its first line names no columns for file and class, but {', '.join(head)}")
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) <= max(places) or not row[places[0]].strip() or not row[places[1]].strip():
                raise _wrong(file, f"line {reader.line_num} has no file or no class")
            yield reader.line_num, row[places[0]].strip(), row[places[1]].strip()
    except csv.Error as error:
        raise _wrong(file, f"line {reader.line_num} is not CSV ({error})") from error


def _places(head: Sequence[str]) -> tuple[int, int] | None:
    file = next((head.index(name) for name in _FILE_HEADS if name in head), None)
    known = next((i for name in _CLASS_HEADS for i, cell in enumerate(head) if cell == name and i != file), None)
    if known is None and len(head) == 2 and file is not None:
        known = 1 - file
    return (file, known) if file is not None and known is not None else None


def _folded(text: str) -> str:
    return " ".join(text.casefold().replace("_", " ").replace("-", " ").split())


def _wrong(file: Path, reason: str) -> UsageError:
    return UsageError(
        ErrorCode.INVALID_ARGUMENT,
        f"{file} cannot be used as truth: {reason}.",
        way_out="The first line must name the columns, for example: file,class",
        path=str(file),
        reason=reason,
    )
