"""The doctor: what it finds here, and what it would say of machines we do not have."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from engine.doctor import child, codecs, configuration, examination, gpu, inference, loading, machine, storage, window
from engine.doctor.child import Answer, ask
from engine.doctor.examination import examine
from engine.doctor.report import Finding, Report, as_data, render_json, render_text
from engine.schemas.settings import Settings
from engine.settings import describe, load


def states(findings: Any) -> dict[str, str]:
    return {finding.name: finding.state for finding in findings}


def texts(findings: Any) -> str:
    return "\n".join(f"{f.name}: {f.text} {f.way_out}" for f in findings)


# The whole, on this machine


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    patch = pytest.MonkeyPatch()
    patch.setenv("LIGHTDESK_HOME", str(tmp_path_factory.mktemp("home")))
    patch.setenv("LIGHTDESK_MODEL", "fake")
    sections: list[str] = []
    found = examine(load(), on_section=sections.append)
    patch.undo()
    assert sections == ["Machine", "GPU", "Inference", "Storage", "Formats", "Window", "Settings"]
    return found


@pytest.mark.qt
def test_every_section_says_something(report: Report) -> None:
    found = {f.section for f in report.findings}
    assert found == {"Machine", "GPU", "Inference", "Storage", "Formats", "Window", "Settings"}
    names = {f.name for f in report.findings}
    assert names >= {
        *("system", "processor", "memory", "NVIDIA driver", "CUDA support", "compiled providers", "offered devices"),
        *(
            "CPU",
            "CPU self-test",
            "CPU speed",
            "SQLite",
            "sqlite-vec",
            "library",
            "cache folder",
            "JPEG",
            "AVIF",
            "HEIC",
        ),
        *("Qt", "platform", "fonts", "model"),
    }


def test_no_check_failed_by_itself(report: Report) -> None:
    assert "check itself failed" not in texts(report.findings)


@pytest.mark.qt
def test_a_machine_without_a_gpu_is_fine(report: Report) -> None:
    if any(f.name == "GPU" for f in report.findings):
        pytest.skip("there is a GPU here")
    assert report.ok, render_text(report)


def test_it_says_that_cuda_is_untested(report: Report) -> None:
    assert "not yet been tested on a real GPU" in texts(report.findings)


def test_data_and_text(report: Report) -> None:
    data = json.loads(render_json(report))
    assert data == as_data(report) and data["ok"] == report.ok
    assert {"section", "name", "state", "text", "way_out", "facts"} == set(data["findings"][0])
    speed = next(f for f in data["findings"] if f["name"] == "CPU speed")
    assert all(s["images_per_s"] > 0 for s in speed["facts"]["images_per_s"])
    assert "Nothing of this leaves it." in render_text(report).splitlines()[0]


def test_it_writes_nothing_that_stays(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIGHTDESK_MODEL", "fake")
    examine(load())
    assert not home.exists() or not [p for p in home.rglob("*") if p.is_file()]


def test_a_section_that_breaks_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_settings: Settings) -> Any:
        yield Finding("Formats", "JPEG", "ok", "reads")
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(codecs, "examine", broken)
    found = examination._examined("Formats", "engine.doctor.codecs", Settings())
    assert [f.state for f in found] == ["ok", "fail"] and "ZeroDivisionError: oops" in found[1].text
    found = examination._examined("Formats", "engine.doctor.nowhere", Settings())
    assert [f.state for f in found] == ["fail"]


# The text


def test_rows_are_aligned_and_words_carry_the_meaning() -> None:
    long = "a long sentence " * 12
    report = Report(
        "1.2",
        (
            Finding("One", "good", "ok", "fine"),
            Finding("One", "odd", "note", "so so"),
            Finding("Two", "thin", "warn", long, "Feed it."),
            Finding("Two", "bad", "fail", "broken\x1b[31m", "Mend it."),
        ),
    )
    lines = render_text(report).splitlines()
    assert lines[2:5] == ["One", "  OK    good                     fine", "  note  odd                      so so"]
    assert max(map(len, lines)) <= 125
    assert all(line.startswith(" " * 33) for line in lines[8:10])
    assert any(line.strip() == "-> Feed it." for line in lines)
    assert "\x1b" not in render_text(report)
    assert lines[-1] == "Something that should work does not: bad. See FAIL above."
    assert not report.ok


def test_the_last_line_without_failures() -> None:
    good = Finding("One", "good", "ok", "fine")
    assert render_text(Report("1", (good,))).endswith("Everything that should work does.")
    warned = render_text(Report("1", (good, Finding("One", "thin", "warn", "x"))))
    assert warned.endswith("Everything that should work does. Worth a look: thin.")


# The GPU, as it would be elsewhere

LIBRARIES = [
    {"name": name, "needed": name in loading.library_names(), "where": "the system", "reason": ""}
    for name in (*loading.library_names(), *loading.more_names())
]
H100 = {"name": "NVIDIA H100", "memory_bytes": 80_000_000_000, "compute_capability": "9.0"}
DRIVER = {"found": True, "cuda": 13000, "error": "", "code": 0, "gpus": [H100]}
NO_DRIVER = {"found": False, "cuda": 0, "error": "", "gpus": []}


def judged(
    driver: dict[str, Any], libraries: Any = LIBRARIES, device: str = "auto", has_card: bool = False
) -> list[Finding]:
    settings = load({"device": device})
    return list(gpu.judged({"driver": driver, "libraries": libraries}, settings, has_card=has_card))


def without(*missing: str) -> list[dict[str, Any]]:
    return [
        {**library, "where": None, "reason": "cannot open"} if library["name"] in missing else library
        for library in LIBRARIES
    ]


def test_a_machine_where_all_is_there() -> None:
    found = judged(DRIVER)
    assert {f.state for f in found} == {"ok", "note"}
    assert "CUDA 13.0" in texts(found) and "NVIDIA H100, 80.0 GB, compute capability 9.0" in texts(found)
    assert set(loading.library_names()) <= set(states(found))


@pytest.mark.parametrize("i", range(len(loading.library_names())))
def test_the_first_missing_library_is_the_one_that_fails(i: int) -> None:
    missing = loading.library_names()[i:]
    found = judged(DRIVER, without(*missing))
    assert [f.name for f in found if f.state == "fail"] == [missing[0]]
    assert "lightdesk[cuda]" in next(f for f in found if f.state == "fail").way_out


def test_missing_libraries_do_not_matter_where_the_cpu_is_chosen() -> None:
    assert "fail" not in states(judged(DRIVER, without("libcudnn.so.9"), device="cpu")).values()


def test_no_driver_and_no_card() -> None:
    found = judged(NO_DRIVER, without(*loading.library_names()[2:]))
    assert set(states(found).values()) == {"note"}
    assert f"the first one missing is {loading.library_names()[2]}" in texts(found)


def test_no_driver_though_there_is_a_card_or_cuda_was_asked_for() -> None:
    assert states(judged(NO_DRIVER, has_card=True))["NVIDIA driver"] == "warn"
    assert states(judged(NO_DRIVER, device="cuda"))["NVIDIA driver"] == "fail"
    assert states(judged(NO_DRIVER, device="cuda", has_card=True))["NVIDIA driver"] == "fail"


def test_a_driver_that_is_too_old_or_does_not_start() -> None:
    old = judged({**DRIVER, "cuda": 12040})
    assert states(old)["NVIDIA driver"] == "fail" and "CUDA 12.4 only" in texts(old)
    broken = judged({**DRIVER, "error": "system not yet initialized", "code": 802, "gpus": []}, has_card=True)
    assert states(broken)["NVIDIA driver"] == "fail" and "not yet initialized" in texts(broken)
    no_device = judged({**DRIVER, "error": "no device", "code": 100, "gpus": []})
    assert states(no_device)["NVIDIA driver"] == "note"


def test_a_gpu_that_is_too_old() -> None:
    found = judged({**DRIVER, "gpus": [{**H100, "name": "GTX 1080", "compute_capability": "6.1"}]})
    assert states(found)["GPU"] == "warn"


def test_parts_that_not_every_cudnn_has_do_not_matter() -> None:
    found = judged(DRIVER, without(*loading.more_names()))
    assert "fail" not in states(found).values() and states(found)[loading.more_names()[0]] == "note"


def test_the_libraries_are_those_that_the_runtime_asks_for() -> None:
    """All that ONNX Runtime preloads, and nothing at another version, is in our lists."""
    import onnxruntime

    asked_for = getattr(onnxruntime, "_get_nvidia_dll_paths", None)
    if asked_for is None or not onnxruntime.cuda_version:
        pytest.skip("this ONNX Runtime has no list of CUDA libraries")
    linux = {path[-1] for path in asked_for(False)}
    windows = {path[-1] for path in asked_for(True)}
    assert linux <= {*loading._LINUX, *loading._LINUX_MORE}
    assert windows <= {*loading._WINDOWS, *loading._WINDOWS_MORE}


def test_libraries_are_found_in_packages_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lib = tmp_path / "nvidia" / "cu13" / "lib"
    lib.mkdir(parents=True)
    (lib / "libcublasLt.so.13").write_bytes(b"not a library")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert str(lib / "libcublasLt.so.13") in loading._packaged("libcublasLt.so.13")
    where, reason = loading._load("libcublasLt.so.13")
    assert where is not None or "libcublasLt.so.13" in reason


# Inference

TRIAL = {
    "model": "m@1",
    "device": "cuda",
    "title": "CUDA: NVIDIA H100",
    "runtime": "ONNX Runtime 1",
    "fallback_reason": None,
    "finite": True,
    "max_difference": 1e-6,
    "same_top1": True,
    "images_per_s": [{"batch": 1, "threads": 1, "images_per_s": 900.0}],
}


def test_a_device_that_works() -> None:
    found = list(inference.judged("cuda", TRIAL, "", needed=True))
    assert states(found) == {"CUDA": "ok", "CUDA self-test": "ok", "CUDA speed": "ok"}
    assert "900 img/s at batch 1" in texts(found)


@pytest.mark.parametrize("change", [{"max_difference": 0.2}, {"same_top1": False}, {"finite": False}])
def test_a_device_that_answers_wrongly(change: dict[str, Any]) -> None:
    assert states(inference.judged("cuda", {**TRIAL, **change}, "", needed=True))["CUDA self-test"] == "fail"
    assert states(inference.judged("cuda", {**TRIAL, **change}, "", needed=False))["CUDA self-test"] == "note"


def test_a_device_that_falls_back_or_crashes() -> None:
    reason = "CUDA could not start because libx.so is missing, so the CPU is used; install it with: pip install x"
    (found,) = inference.judged("cuda", {**TRIAL, "fallback_reason": reason}, "", needed=True)
    assert found.state == "fail" and "libx.so" in found.text and found.way_out == "Install it with: pip install x"
    (found,) = inference.judged("cuda", None, "it crashed (SIGSEGV)", needed=True)
    assert found.state == "fail" and "SIGSEGV" in found.text


def test_the_trial_runs_under_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def answer(_module: str, question: dict[str, Any], **_: Any) -> Answer:
        asked.append(question)
        return Answer(None, "not tried")

    monkeypatch.setattr(inference, "ask", answer)
    list(inference.examine(load({"model": "fake", "device": "cuda", "cpu_threads": 3, "gpu_memory_mb": 1234})))
    assert [(q["device"], q["cpu_threads"], q["gpu_memory_mb"]) for q in asked] == [("cpu", 3, 1234), ("cuda", 3, 1234)]


def test_settings_that_differ_are_named_with_where_they_come_from(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (found_file, all_default) = configuration.examine(load())
    assert "all defaults" in found_file.text and all_default.text.startswith("all ")
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.toml").write_text("top_k = 3")
    monkeypatch.setenv("LIGHTDESK_CACHE_MB", "100")
    found = list(configuration.examine(load({"device": "cpu"})))
    assert {f.name: f.text for f in found[1:-1]} == {
        "device": "cpu (from this run)",
        "cache_mb": "100 (from LIGHTDESK_CACHE_MB)",
        "top_k": "3 (from the file)",
    }
    assert found[-1].text == f"{len(describe()) - 3} others are as they came"


def test_little_memory_is_worth_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    import psutil

    real = psutil.virtual_memory()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: real._replace(available=10**9))
    found = {f.name: f for f in machine.examine(Settings())}
    assert found["memory"].state == "warn" and "1.0 GB free" in found["memory"].text
    monkeypatch.setattr(psutil, "virtual_memory", lambda: real._replace(available=10**10))
    assert {f.name: f.state for f in machine.examine(Settings())}["memory"] == "ok"


def test_an_unknown_model_is_a_finding() -> None:
    found = list(inference.examine(load({"model": "nonsense"})))
    assert states(found)["model"] == "fail" and "efficientnet-lite0@1" in texts(found)


# The child


@pytest.fixture
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make a module for a child to run."""

    def make(body: str) -> str:
        (tmp_path / "probing.py").write_text("import json, os, signal, sys, time\n" + textwrap.dedent(body))
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        return "probing"

    return make


def test_a_child_answers(probe: Any) -> None:
    module = probe("print('chatter'); print(json.dumps({'got': json.loads(sys.argv[1]), 'x': os.environ['X']}))")
    assert ask(module, {"a": "ä"}, timeout_s=20, X="1").facts == {"got": {"a": "ä"}, "x": "1"}


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_crash_is_contained(probe: Any) -> None:
    assert "SIGSEGV" in ask(probe("os.kill(os.getpid(), signal.SIGSEGV)"), {}, timeout_s=20).failure


def test_other_ends_of_a_child(probe: Any) -> None:
    assert ask(probe("sys.exit('the reason')"), {}, timeout_s=20).failure == "the reason"
    assert ask(probe("os._exit(3)"), {}, timeout_s=20).failure == "it ended with code 3"
    assert ask(probe("print('no json')"), {}, timeout_s=20).failure == "it gave no answer"
    assert ask(probe(""), {}, timeout_s=20).failure == "it gave no answer"
    assert "within 0 s" in ask(probe("time.sleep(60)"), {}, timeout_s=0.4).failure


def test_a_child_takes_no_modules_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('shadowed')")
    monkeypatch.chdir(tmp_path)
    assert ask("engine.doctor.loading", {}, timeout_s=60).facts is not None
    assert Path(__file__).resolve().parents[2] == child._MODULES_ROOT


# Storage, formats, window


def test_a_library_that_is_ill(tmp_path: Path) -> None:
    path = tmp_path / "l.lightdesk"
    path.write_text("my notes " * 1000)
    found = list(storage._library(path))
    assert states(found) == {"library": "fail"} and "not a Lightdesk library" in texts(found)


def test_a_library_in_a_cloud_folder(tmp_path: Path) -> None:
    path = tmp_path / "OneDrive" / "l.lightdesk"
    assert states(storage._library(path)) == {"library's place": "fail", "library": "note"}
    path.parent.mkdir()
    path.write_bytes(b"")
    assert states(storage._library(path))["library's place"] == "warn"


def test_a_sound_library(engine: Any) -> None:
    found = list(storage._library(engine.library_path))
    assert states(found) == {"library": "ok", "library health": "ok"}


@pytest.mark.parametrize(("free", "state"), [(10**11, "ok"), (10**9, "warn"), (10**8, "fail")])
def test_space(free: int, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda _: type("Usage", (), {"free": free}))
    assert storage._space("cache folder", tmp_path / "not" / "made").state == state


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert storage._space("cache folder", tmp_path / "file" / "x").state == "fail"


def test_vectors_that_answer_wrongly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "_nearest_of_three", lambda: [1, 2, 3])
    assert states(storage._database())["sqlite-vec"] == "fail"


def test_a_format_that_does_not_work(monkeypatch: pytest.MonkeyPatch) -> None:
    assert codecs.why_not("JPEG") is None
    assert "cannot be written" in (codecs.why_not("NONSENSE") or "")
    decode = codecs.decode

    def swapped(*arguments: Any, **options: Any) -> Any:
        frame = decode(*arguments, **options)
        return type(frame)(frame.pixels[..., ::-1], frame.width, frame.height, frame.content_type)

    monkeypatch.setattr(codecs, "decode", swapped)
    assert "wrong colours" in (codecs.why_not("PNG") or "")


WINDOW = {
    "qt": "6.11",
    "why_no_window": None,
    "display": True,
    "platform": "xcb",
    "screens": ["1920 x 1080 at 1x"],
    "n_font_families": 9,
}


def test_the_window_as_it_would_be(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("QT_")]:
        monkeypatch.delenv(name)

    def look(**change: Any) -> dict[str, str]:
        return states(window.judged(Answer({**WINDOW, **change})))

    assert look() == {"Qt": "ok", "platform": "ok", "fonts": "ok"}
    assert look(why_no_window="There is no display.", display=False)["platform"] == "note"
    assert look(why_no_window="Missing.\nInstall it.")["platform"] == "fail"
    assert look(n_font_families=0)["fonts"] == "warn"
    assert states(window.judged(Answer(None, "it crashed (SIGABRT)"))) == {"Qt": "fail"}


# The verb


def test_exit_code_and_json(lightdesk_doctor: Any) -> None:
    code, out = lightdesk_doctor("--json")
    data = json.loads(out)
    assert code == (0 if data["ok"] else 1)
    code, out = lightdesk_doctor("--device", "cuda")
    assert code == 1 and "FAIL" in out


@pytest.fixture
def lightdesk_doctor(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Any:
    from engine.backends import ort
    from engine.cli.entry import main

    if ort.has_nvidia_driver():
        pytest.skip("there is a driver here")
    monkeypatch.setenv("LIGHTDESK_MODEL", "fake")

    def call(*arguments: str) -> tuple[int, str]:
        code = main(["doctor", *arguments])
        return code, capfd.readouterr().out

    return call
