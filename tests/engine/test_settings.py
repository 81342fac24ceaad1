"""Settings from file, environment and flags, and back into the file."""

from __future__ import annotations

import dataclasses
import os
import stat
import threading
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from engine import settings as room
from engine.errors import ErrorCode, UsageError
from engine.schemas.settings import Settings
from engine.settings import change, describe, load, save


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def refused(file: Path | None = None, **overrides: object) -> UsageError:
    with pytest.raises(UsageError) as caught:
        load(overrides, file=file, environ={})
    assert caught.value.code is ErrorCode.SETTINGS_INVALID
    assert caught.value.way_out
    return caught.value


def test_defaults(file: Path) -> None:
    assert load(file=file, environ={}) == Settings()


def test_what_counts_more(file: Path) -> None:
    file.write_text('top_k = 2\nmodel = "from-file"\ndevice = "cuda"')
    environ = {"LIGHTDESK_TOP_K": "3", "LIGHTDESK_MODEL": "from-environment", "LIGHTDESK_DEVICE": ""}
    settings = load({"top_k": 4, "model": None}, file=file, environ=environ)
    assert (settings.top_k, settings.model, settings.device) == (4, "from-environment", "cuda")


def test_origins(file: Path) -> None:
    file.write_text("top_k = 2\ncache_mb = 100")
    found = room.origins(file=file, environ={"LIGHTDESK_TOP_K": "3"})
    assert (found["top_k"], found["cache_mb"], found["model"]) == ("environment", "file", "default")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("include_hidden", "yes", True),
        ("include_hidden", "OFF", False),
        ("max_delay_ms", "2.5", 2.5),
        ("top_k", " 7 ", 7),
        ("device", "CPU", "cpu"),
        ("user_name", "  Zoë ", "Zoë"),
    ],
)
def test_text_is_understood_for_every_type(name: str, text: str, value: object, file: Path) -> None:
    settings = load(file=file, environ={f"LIGHTDESK_{name.upper()}": text})
    assert getattr(settings, name) == value


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ("top_k = 21", "top_k"),
        ("gpu_memory_mb = 255", "gpu_memory_mb"),
        ("top_k = 2.5", "top_k"),
        ("top_k = true", "top_k"),
        ('top_k = "many"', "top_k"),
        ("max_delay_ms = nan", "max_delay_ms"),
        ("max_delay_ms = inf", "max_delay_ms"),
        ('device = "tpu"', "device"),
        ("device = 3", "device"),
        ("include_hidden = 1", "include_hidden"),
        ("library = 5", "library"),
        ('library = "a\\u0000b"', "library"),
        ('model = ""', "model"),
        ("user_name = 3", "user_name"),
    ],
)
def test_a_wrong_value_names_file_key_reason_and_way_out(content: str, key: str, file: Path) -> None:
    file.write_text(content)
    error = refused(file)
    assert error.details["key"] == key and error.details["file"] == str(file)
    assert key in error.message and str(file) in error.message and error.details["reason"]


@pytest.mark.parametrize(
    ("data", "words"), [(b"\ntop_k = ,", "line 2"), (b"\xff\xfe", "UTF-8"), (b"a = 1\na = 2", "TOML")]
)
def test_a_file_that_is_no_toml(data: bytes, words: str, file: Path) -> None:
    file.write_bytes(data)
    assert words in refused(file).message


def test_a_folder_in_the_files_place(tmp_path: Path) -> None:
    assert "cannot be read" in refused(tmp_path).message


def test_the_mark_of_windows_editors_is_no_part_of_the_first_key(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbftop_k = 3\r\n")
    assert load(file=file, environ={}).top_k == 3


def test_a_wrong_variable_and_a_wrong_flag_are_named(file: Path) -> None:
    with pytest.raises(UsageError, match="LIGHTDESK_TOP_K"):
        load(file=file, environ={"LIGHTDESK_TOP_K": "0"})
    assert "--max-batch" in refused(file, max_batch=-1).message
    assert "no such setting" in refused(file, tops=1).message


def test_relative_paths(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('library = "birds.lightdesk"\ncache_dir = "~/c"')
    monkeypatch.chdir("/")
    settings = load({"models_dir": "m"}, file=file, environ={})
    assert settings.library == tmp_path / "birds.lightdesk"
    assert settings.models_dir == Path("/m")
    assert settings.cache_dir == Path.home() / "c"


def test_home_moves_everything(home: Path) -> None:
    settings = load()
    for path in (room.library_path(settings), room.cache_dir(settings), room.models_dir(settings)):
        assert path.is_relative_to(home)
    assert room.settings_file() == home / "config" / "settings.toml"
    assert not home.exists(), "reading must not make folders"


def test_given_folders_count(tmp_path: Path) -> None:
    settings = load({"library": tmp_path / "l", "cache_dir": tmp_path / "c", "models_dir": tmp_path / "m"})
    assert room.library_path(settings) == tmp_path / "l"
    assert (room.cache_dir(settings), room.models_dir(settings)) == (tmp_path / "c", tmp_path / "m")


def test_without_home_the_systems_folders_are_used() -> None:
    assert "lightdesk" in str(room.data_folder({})).lower()
    assert len({room.data_folder({}), room.cache_folder({})}) == 2


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    assert room.image_limits(load({"max_file_mb": 3, "max_megapixels": 5})) == room.ImageLimits(3_000_000, 5_000_000)
    for memory, pixels in ((1 << 30, 32_000_000), (16 << 30, (16 << 30) // 48), (1 << 42, 1_000_000_000)):
        monkeypatch.setattr(room, "memory_bytes", lambda memory=memory: memory)
        assert room.max_pixels(Settings()) == pixels


def test_description_is_complete() -> None:
    assert [info.name for info in describe()] == [field.name for field in dataclasses.fields(Settings)]
    for info in describe():
        assert info.help.endswith(".")
        assert info.type in ("path", "text", "integer", "number", "yes/no", "choice")
        assert (info.minimum is not None) == (info.type in ("integer", "number")), info.name
        assert bool(info.choices) == (info.type == "choice")


# Writing


def test_save_and_load_again(file: Path, tmp_path: Path) -> None:
    settings = Settings(
        library=tmp_path / "ä b.lightdesk", device="cpu", max_delay_ms=1.5, include_hidden=True, top_k=9
    )
    save(settings, file)
    assert load(file=file, environ={}) == settings
    assert set(tomllib.loads(file.read_text("utf-8"))) == {
        "library",
        "device",
        "max_delay_ms",
        "include_hidden",
        "top_k",
    }
    save(Settings(), file)
    assert load(file=file, environ={}) == Settings() and file.read_text() == ""


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.builds(
        Settings,
        model=texts.filter(str.strip).map(str.strip),
        user_name=texts.map(str.strip),
        device=st.sampled_from(("auto", "cpu", "cuda")),
        max_delay_ms=st.floats(0, 1000),
        cpu_threads=st.integers(0, 256),
        include_hidden=st.booleans(),
    )
)
def test_anything_saved_is_read_back(tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> None:
    file = tmp_path_factory.mktemp("s") / "settings.toml"
    save(settings, file)
    assert load(file=file, environ={}) == settings


anything = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=4)
) | st.sampled_from(("1e400", "9" * 5000, "nan", "0x10", "1_000", "\N{FULLWIDTH DIGIT FIVE}", "true", "cpu", "\0", "~"))


@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(describe()), anything | st.lists(anything, max_size=2))
def test_any_value_is_taken_within_bounds_or_refused_in_words(info: room.SettingInfo, value: object) -> None:
    try:
        taken = room.parse(info.name, value)
    except UsageError as error:
        assert error.code is ErrorCode.SETTINGS_INVALID and info.name in error.message and error.way_out
        return
    kinds = {"integer": int, "number": float, "yes/no": bool, "text": str, "choice": str, "path": Path}
    assert (taken is None and info.type == "path") or type(taken) is kinds[info.type] or isinstance(taken, Path)
    if info.minimum is not None and info.maximum is not None:
        assert info.minimum <= taken <= info.maximum
    if info.choices:
        assert taken in info.choices
    assert room.parse(info.name, taken) == taken


def test_unknown_keys_are_kept(file: Path) -> None:
    file.write_text("top_k = 3\nfrom_tomorrow = [1, 2]\n[window]\nzoom = 1.5\n")
    change({"top_k": "4"}, file)
    assert tomllib.loads(file.read_text()) == {"top_k": 4, "from_tomorrow": [1, 2], "window": {"zoom": 1.5}}
    change({"top_k": 5}, file)
    assert "top_k" not in tomllib.loads(file.read_text())


def test_other_settings_are_left_alone(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('device = "cpu"')
    monkeypatch.setenv("LIGHTDESK_MODEL", "from-environment")
    change({"top_k": 2}, file)
    assert tomllib.loads(file.read_text()) == {"device": "cpu", "top_k": 2}


def test_a_wrong_value_is_not_written(file: Path) -> None:
    file.write_text("top_k = 3")
    for values in ({"top_k": 99}, {"nonsense": 1}, {"device": "tpu", "top_k": 4}):
        with pytest.raises(UsageError):
            change(values, file)
    assert file.read_text() == "top_k = 3"


def test_a_broken_file_is_not_overwritten(file: Path) -> None:
    file.write_text("top_k = [")
    with pytest.raises(UsageError, match="cannot be read"):
        change({"top_k": 4}, file)
    assert file.read_text() == "top_k = ["


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    target = tmp_path / "dotfiles" / "lightdesk.toml"
    target.parent.mkdir()
    file.symlink_to(target)
    change({"top_k": 2}, file)
    assert file.is_symlink() and target.read_text() == "top_k = 2\n"


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "blocker").write_text("a file")
    with pytest.raises(UsageError, match="cannot be written") as caught:
        change({"top_k": 2}, tmp_path / "blocker" / "settings.toml")
    assert caught.value.code is ErrorCode.SETTINGS_INVALID


def test_a_path_that_is_no_text_is_refused_for_the_file_only(file: Path) -> None:
    path = os.fsdecode(b"/tmp/\xff.lightdesk")
    assert load({"library": path}, file=file, environ={}).library == Path(path)
    with pytest.raises(UsageError, match="valid Unicode"):
        change({"library": path}, file)
    assert list(file.parent.glob("*.tmp")) == []


def test_a_reader_never_sees_half_a_file(file: Path) -> None:
    change({"user_name": "x" * 1000}, file)
    stop = threading.Event()
    seen: list[object] = []

    def read() -> None:
        while not stop.is_set():
            seen.append(load(file=file, environ={}).user_name)

    reader = threading.Thread(target=read)
    reader.start()
    for i in range(30):
        change({"user_name": str(i % 10) * 1000}, file)
    stop.set()
    reader.join()
    assert {len(str(name)) for name in seen} == {1000}
    assert [p.name for p in file.parent.iterdir() if p.suffix == ".tmp"] == []
    assert stat.S_ISREG(file.stat().st_mode)
