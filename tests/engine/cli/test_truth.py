"""What `lightdesk evaluate` takes as truth."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from engine.cli.truth import ClassNames, CsvTruth, FolderTruth, has_class_folders
from engine.errors import ErrorCode, UsageError

# A busy machine is no failure.
unhurried = hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
LABELS = ("tench, Tinca tinca", "great white shark, white shark", "crane", "crane", "n02123045 tabby, tabby cat", "7")


def test_classes_by_name() -> None:
    names = ClassNames(LABELS)
    assert names.find("tench, Tinca tinca") == names.find("TENCH") == names.find("tinca_tinca") == 0
    assert names.find("white-shark") == names.find("great_white_shark") == 1
    assert names.find("crane") is None, "two classes are called so"
    assert names.find("3") == names.find("3.0") == 3
    assert names.find("n02123045") == names.find("tabby cat") == 4
    assert names.find("7") == 5, "a label that is a number counts before the number"
    assert (
        names.find("6") is None
        and names.find("-1") is None
        and names.find("unicorn") is None
        and names.find("") is None
    )


def write_csv(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding)
    return path


def test_csv_of_several_kinds(tmp_path: Path) -> None:
    names = ClassNames(LABELS)
    texts = (
        "file,imagenet_class_id\na.jpg,1\n",
        "\ufefffile;class\r\na.jpg;white shark\r\n",
        "id\tfile\n1\ta.jpg\n",
        'path,label\n"a.jpg","great white shark, white shark"\n\n',
        "class,filename\n1.0,a.jpg\n",
        "file,what\na.jpg,1\n",
    )
    for text in texts:
        truth = CsvTruth(names, str(tmp_path), write_csv(tmp_path / "t.csv", text))
        assert truth.of(str(tmp_path / "a.jpg")) == 1, text
        assert truth.of(str(tmp_path / "b.jpg")) is None and truth.unmet() == 0


def test_files_in_a_csv(tmp_path: Path) -> None:
    text = f"file,class\nsub/a.jpg,0\n{tmp_path}/photos/b.jpg,1\nphotos/c.jpg,0\nd.jpg,1\nnever.jpg,1\n"
    truth = CsvTruth(ClassNames(LABELS), str(tmp_path / "photos"), write_csv(tmp_path / "t.csv", text))
    assert truth.of(str(tmp_path / "photos" / "sub" / "a.jpg")) == 0
    assert truth.of(str(tmp_path / "photos" / "b.jpg")) == 1
    assert truth.of(str(tmp_path / "photos" / "c.jpg")) == 0, "relative to the CSV"
    assert truth.of(str(tmp_path / "photos" / "deep" / "d.jpg")) == 1, "by its bare name"
    assert truth.of(str(tmp_path / "photos" / "other" / "d.jpg")) is None, "a second picture of that name"
    assert truth.of(str(tmp_path / "photos" / "other" / "a.jpg")) is None
    assert truth.unmet() == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("a,b\nx,1\n", "names no columns"),
        ("file,class\na.jpg\n", "line 2"),
        ("file,class\na.jpg,\n", "line 2"),
        ('file,class\n"a.jpg,1\n', "not CSV"),
        ("file,class\na.jpg,0\na.jpg,1\n", "line 3 and line 2"),
    ],
)
def test_a_csv_that_cannot_be_used(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        CsvTruth(ClassNames(LABELS), str(tmp_path), write_csv(tmp_path / "t.csv", text))
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT and "t.csv" in caught.value.message


def test_a_csv_in_another_encoding(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="UTF-8"):
        CsvTruth(ClassNames(LABELS), str(tmp_path), write_csv(tmp_path / "t.csv", "file,class\né.jpg,1\n", "latin-1"))


def test_class_folders(tmp_path: Path) -> None:
    truth = FolderTruth(ClassNames(LABELS), str(tmp_path))
    assert truth.of(str(tmp_path / "tench" / "deep" / "a.jpg")) == 0
    assert truth.of(str(tmp_path / "1" / "a.jpg")) == 1
    assert truth.of(str(tmp_path / "alone.jpg")) is None
    assert truth.of(str(tmp_path / "unicorn" / "a.jpg")) is None
    assert truth.unknown == {"unicorn": 1}


@unhurried
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n,"), min_size=1), min_size=1, unique=True))
def test_every_label_is_found_by_its_whole_name_or_not_at_all(labels: list[str]) -> None:
    names = ClassNames(labels)
    for i, label in enumerate(labels):
        assert names.find(label) in (i, None), "never another class"


def test_a_csv_that_is_not_there_or_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        CsvTruth(ClassNames(LABELS), str(tmp_path), tmp_path / "none.csv")
    assert caught.value.code is ErrorCode.FILE_NOT_FOUND and "none.csv" in caught.value.message
    with pytest.raises(UsageError) as caught:
        CsvTruth(ClassNames(LABELS), str(tmp_path), tmp_path)
    assert caught.value.code is ErrorCode.FILE_UNREADABLE


def test_what_is_a_class_folder(tmp_path: Path) -> None:
    (tmp_path / ".thumbnails").mkdir()
    (tmp_path / "photo.jpg").write_bytes(b"")
    assert not has_class_folders(str(tmp_path))
    (tmp_path / "tench").mkdir()
    assert has_class_folders(str(tmp_path))
