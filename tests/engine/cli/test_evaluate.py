"""`lightdesk evaluate`, and what it takes as truth."""

from __future__ import annotations

import csv
import json
import math
import shutil
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.engine.cli.running import name_of, records
from tests.images import folder_of


@pytest.fixture
def answers(tmp_path: Path, lightdesk) -> dict[str, str]:
    """What the fake model says of twelve pictures: file name to class name."""
    done = lightdesk("classify", folder_of(tmp_path / "photos", 12), "--json")
    return {name_of(r): r["data"]["prediction"]["class_name"] for r in records(done.out)}


def test_with_a_csv(tmp_path: Path, answers: dict[str, str], lightdesk) -> None:
    rows = list(answers.items())
    wrong = next(name for name in ("red", "green") if name != rows[0][1])
    rows[0] = (rows[0][0], wrong)
    with (tmp_path / "truth.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "class"), *rows, ("gone.jpg", "red")])
    done = lightdesk("evaluate", tmp_path / "photos", "--truth", tmp_path / "truth.csv", "--json")
    result = json.loads(done.out)
    assert done.code == 0
    assert (result["n"], result["n_not_found"], result["n_failed"]) == (12, 1, 0)
    assert result["top1"] == pytest.approx(11 / 12, abs=1e-6)
    assert [(c["true_name"], c["guessed_name"], c["n"]) for c in result["confusions"]] == [
        (wrong, answers["0000.jpg"], 1)
    ]
    assert sum(part["n"] for part in result["calibration"]) == 12
    assert {row["class_name"] for row in result["classes"]} == {*answers.values(), wrong}
    assert (result["model"], result["version"]) == ("fake", "1")


def test_every_number_is_that_of_the_answers(tmp_path: Path, lightdesk) -> None:
    """Worked out here once more, from the records: one right only among the five best, one not even there."""
    done = lightdesk("classify", folder_of(tmp_path / "photos", 12), "--json", "--top-k", 10)
    truth, right, confidences = [], [], []
    for i, record in enumerate(records(done.out)):
        names = [score["class_name"] for score in record["data"]["top_predictions"]]
        place = {0: 4, 1: 5}.get(i, 0)
        truth.append((name_of(record), names[place]))
        right.append(place == 0)
        confidences.append(record["data"]["prediction"]["confidence"])
    with (tmp_path / "truth.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "class"), *truth])

    bins: list[list[int]] = [[] for _ in range(10)]
    for i, confidence in enumerate(confidences):
        bins[math.ceil(confidence * 10) - 1].append(i)
    said = [sum(confidences[i] for i in part) / len(part) if part else None for part in bins]
    were = [sum(right[i] for i in part) / len(part) if part else None for part in bins]
    ece = sum(len(part) / 12 * abs(a - b) for part, a, b in zip(bins, said, were, strict=True) if part)
    assert ece > 0.01 and sum(bool(part) for part in bins) > 1, "nothing to tell apart"

    result = json.loads(lightdesk("evaluate", tmp_path / "photos", "--truth", tmp_path / "truth.csv", "--json").out)
    assert (result["top1"], result["top5"]) == (pytest.approx(10 / 12, abs=1e-6), pytest.approx(11 / 12, abs=1e-6))
    assert result["mean_confidence"] == pytest.approx(sum(confidences) / 12, abs=1e-6)
    assert result["ece"] == pytest.approx(ece, abs=1e-6)
    assert [(b["low"], b["high"]) for b in result["calibration"]] == [(i / 10, (i + 1) / 10) for i in range(10)]
    assert [b["n"] for b in result["calibration"]] == [len(part) for part in bins]
    for key, wanted in (("confidence", said), ("accuracy", were)):
        found = [b[key] for b in result["calibration"]]
        assert [x is None for x in found] == [x is None for x in wanted]
        assert [x for x in found if x is not None] == pytest.approx([x for x in wanted if x is not None], abs=1e-6)

    lines = lightdesk("evaluate", tmp_path / "photos", "--truth", tmp_path / "truth.csv").out.splitlines()
    assert "top-1         83.33%  (10 right)" in lines and "top-5         91.67%" in lines
    assert f"confidence   {result['mean_confidence']:7.2%}  on average; calibration error (ECE) {ece:.4f}" in lines
    head = next(i for i, line in enumerate(lines) if line.split() == ["confidence", "pictures", "said", "right"])
    assert [" ".join(line.split()) for line in lines[head + 1 :]] == [
        f"{i * 10}% - {(i + 1) * 10}% {len(part)} {said[i]:.1%} {were[i]:.1%}" for i, part in enumerate(bins) if part
    ]


def sorted_into_folders(tmp_path: Path, answers: dict[str, str]) -> Path:
    for name, class_name in answers.items():
        (tmp_path / "sorted" / class_name).mkdir(parents=True, exist_ok=True)
        shutil.copy(tmp_path / "photos" / name, tmp_path / "sorted" / class_name / name)
    return tmp_path / "sorted"


def test_with_class_folders(tmp_path: Path, answers: dict[str, str], lightdesk) -> None:
    folder = sorted_into_folders(tmp_path, answers)
    done = lightdesk("evaluate", folder)
    assert done.code == 0, done.err
    assert "fake@1 on 12 pictures" in done.out and "100.00%  (12 right)" in done.out
    assert "calibration error" in done.out and "taken for" not in done.out


def test_what_is_left_out_is_said(tmp_path: Path, answers: dict[str, str], lightdesk) -> None:
    folder = sorted_into_folders(tmp_path, answers)
    folder_of(folder / "unicorn", 2, seed=40)
    shutil.copy(tmp_path / "photos" / "0000.jpg", folder / "alone.jpg")
    (folder / "red").mkdir(exist_ok=True)
    (folder / "red" / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    done = lightdesk("evaluate", folder)
    assert done.code == 1
    assert "1 that could not be used; 1 of unknown class; 2 of classes the model does not have" in done.out
    assert "unicorn" in done.out
    result = json.loads(lightdesk("evaluate", folder, "--json").out)
    assert (result["n"], result["n_failed"], result["n_without_truth"]) == (12, 1, 1)
    assert result["unknown_classes"] == {"unicorn": 2}


def test_stored_answers_are_used(tmp_path: Path, answers: dict[str, str], lightdesk, monkeypatch) -> None:
    from engine.backends.fake import FakeSession

    folder = sorted_into_folders(tmp_path, answers)
    seen: list[int] = []
    run = FakeSession.run

    def counting(self, batch):
        seen.append(int(batch.any(axis=(1, 2, 3)).sum()))  # black pictures only warm the model up
        return run(self, batch)

    assert lightdesk("evaluate", folder).code == 0
    monkeypatch.setattr(FakeSession, "run", counting)
    assert lightdesk("evaluate", folder).code == 0
    assert sum(seen) == 0


@pytest.mark.parametrize("what", ["no folder", "no truth", "nothing known"])
def test_what_cannot_be_evaluated(what: str, tmp_path: Path, lightdesk) -> None:
    if what == "no folder":
        done = lightdesk("evaluate", tmp_path / "none")
        assert "There is no folder" in done.err
    elif what == "no truth":
        done = lightdesk("evaluate", folder_of(tmp_path / "photos", 1))
        assert "--truth" in done.err
    else:
        folder_of(tmp_path / "photos" / "unicorn", 1)
        done = lightdesk("evaluate", tmp_path / "photos")
        assert "unicorn" in done.err
    assert done.code == 2 and done.out == ""
    assert lightdesk("evaluate", tmp_path, "--truth", tmp_path / "none.csv").code == 2


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right on Windows")
def test_what_could_not_be_looked_at_counts_as_failed(tmp_path: Path, answers: dict[str, str], lightdesk) -> None:
    folder = sorted_into_folders(tmp_path, answers)
    (folder / "red").mkdir(exist_ok=True)
    (folder / "red" / "gone.jpg").symlink_to(tmp_path / "gone")
    done = lightdesk("evaluate", folder)
    assert done.code == 1 and "1 that could not be used" in done.out


@pytest.mark.slow
def test_the_default_model_on_photographs(tmp_path: Path, lightdesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole way with the real model, on photographs that a package ships."""
    from skimage import data

    monkeypatch.setenv("LIGHTDESK_MODEL", "efficientnet-lite0")
    for class_name, image in (("Egyptian cat", data.chelsea()), ("espresso", data.coffee()), ("missile", data.rocket())):
        (tmp_path / "photos" / class_name).mkdir(parents=True)
        Image.fromarray(image).save(tmp_path / "photos" / class_name / "photo.png")
    result = json.loads(lightdesk("evaluate", tmp_path / "photos", "--json").out)
    assert (result["n"], result["top5"]) == (3, 1.0)
    assert result["top1"] >= 2 / 3 - 1e-6
    assert result["model"] == "efficientnet-lite0"
