"""Reads file, environment and flags into `engine.schemas.settings.Settings`, and writes the file.

What counts, weakest first: the default, the settings file, the environment (``LIGHTDESK_<NAME>``),
the flags of a command. ``LIGHTDESK_HOME`` moves data, cache and settings into one folder, for a
portable copy and for tests.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import tomllib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, NoReturn

from engine.errors import ErrorCode, UsageError
from engine.schemas.files import ImageLimits
from engine.schemas.settings import Settings

APP_NAME = "lightdesk"
LIBRARY_SUFFIX = ".lightdesk"
ENVIRONMENT_PREFIX = "LIGHTDESK_"

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}

# A picture being read takes about this much at its worst: the coefficients of a progressive JPEG
# (6 bytes a pixel), its pixels (3) and one copy (3).
_BYTES_PER_PIXEL_DECODING = 12
_MEMORY_SHARE_OF_ONE_PICTURE = 4
_MEGAPIXELS_AT_LEAST, _MEGAPIXELS_AT_MOST = 32, 1000


class SettingInfo(NamedTuple):
    """One setting, for the dialog, the command line and the documentation.

    Attributes
    ----------
    type
        ``path``, ``text``, ``integer``, ``number``, ``yes/no`` or ``choice``.
    choices
        The allowed words of a ``choice``.
    """

    name: str
    type: str
    default: Any
    help: str
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...] = ()

    @property
    def environment_variable(self) -> str:
        """Name of the environment variable that sets it."""
        return ENVIRONMENT_PREFIX + self.name.upper()


@functools.cache
def describe() -> tuple[SettingInfo, ...]:
    """Return every setting in the order of the dataclass."""
    hints = typing.get_type_hints(Settings)
    found = []
    for field in dataclasses.fields(Settings):
        hint = hints[field.name]
        kind, choices = _kind_of(hint)
        meta = field.metadata
        found.append(
            SettingInfo(field.name, kind, field.default, meta["help"], meta["minimum"], meta["maximum"], choices)
        )
    return tuple(found)


def _kind_of(hint: Any) -> tuple[str, tuple[str, ...]]:
    if typing.get_origin(hint) is Literal:
        return "choice", tuple(typing.get_args(hint))
    if typing.get_origin(hint) in (types.UnionType, typing.Union) and Path in typing.get_args(hint):
        return "path", ()
    return {bool: "yes/no", int: "integer", float: "number", str: "text"}[hint], ()


# ---------------------------------------------------------------------------------------- folders


def data_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where libraries and models lie unless a setting says otherwise."""
    return _folder("data", environ)


def log_file() -> Path:
    """Where the programs log what goes wrong; it need not exist."""
    return data_folder() / "lightdesk.log"


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where what can be made again lies unless a setting says otherwise."""
    return _folder("cache", environ)


def settings_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Path of the settings file; it need not exist."""
    return _folder("config", environ) / "settings.toml"


def _folder(kind: Literal["data", "cache", "config"], environ: Mapping[str, str]) -> Path:
    home = environ.get("LIGHTDESK_HOME", "")
    if home:
        return Path(home).expanduser().absolute() / kind
    import platformdirs

    # appauthor=False: on Windows the folder is not doubled (lightdesk\lightdesk)
    find = {
        "data": platformdirs.user_data_path,
        "cache": platformdirs.user_cache_path,
        "config": platformdirs.user_config_path,
    }[kind]
    return find(APP_NAME, appauthor=False)


def library_path(settings: Settings) -> Path:
    """Return the library to open: the setting, or the one in the data folder."""
    return settings.library or data_folder() / f"library{LIBRARY_SUFFIX}"


def cache_dir(settings: Settings) -> Path:
    """Return the folder of thumbnails and cached predictions."""
    return settings.cache_dir or cache_folder()


def models_dir(settings: Settings) -> Path:
    """Return the folder of built and installed models."""
    return settings.models_dir or data_folder() / "models"


# ----------------------------------------------------------------------------------------- limits


def image_limits(settings: Settings) -> ImageLimits:
    """Return what is refused before decoding. A megabyte is 1,000,000 bytes."""
    return ImageLimits(max_file_bytes=settings.max_file_mb * 1_000_000, max_pixels=max_pixels(settings))


def max_pixels(settings: Settings) -> int:
    """Return the largest picture that is decoded: the setting, or what the machine's memory allows.

    One picture may take a quarter of the memory while it is read; never less than 32 and never more
    than 1000 megapixels unless the setting says so.
    """
    if settings.max_megapixels:
        return settings.max_megapixels * 1_000_000
    allowed = memory_bytes() // _MEMORY_SHARE_OF_ONE_PICTURE // _BYTES_PER_PIXEL_DECODING
    return max(_MEGAPIXELS_AT_LEAST * 1_000_000, min(_MEGAPIXELS_AT_MOST * 1_000_000, allowed))


@functools.cache
def memory_bytes() -> int:
    """Return the memory this process may use: the machine's, or less inside a container."""
    import psutil

    total = int(psutil.virtual_memory().total)
    for limit_file in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            total = min(total, int(Path(limit_file).read_text("ascii")))
        except (OSError, ValueError):
            continue  # no such limit here, or the word "max"
    return total


# ---------------------------------------------------------------------------------------- reading


def load(
    overrides: Mapping[str, Any] | None = None,
    *,
    file: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """Read all settings.

    Parameters
    ----------
    overrides
        Flags: name to value, typed or as text; None means "not given".
    file
        Settings file; the one of this user if None. A file that does not exist is no error.
    environ
        Variables to look into; an empty value counts as not given.

    Raises
    ------
    UsageError
        SETTINGS_INVALID: names the file (or variable, or flag), the key, the reason and the way out.
    """
    file = file or settings_file(environ)
    in_file = _read_file(file)
    values: dict[str, Any] = {}
    for info in describe():
        variable = info.environment_variable
        if overrides is not None and overrides.get(info.name) is not None:
            values[info.name] = _checked(info, overrides[info.name], f"--{_flag(info.name)}", None)
        elif environ.get(variable):
            values[info.name] = _checked(info, environ[variable], f"the environment variable {variable}", None)
        elif info.name in in_file:
            values[info.name] = _checked(info, in_file[info.name], f"the settings file {file}", file)
    if overrides is not None:
        known = {info.name for info in describe()}
        for name in overrides:
            if name not in known:
                _refuse(name, "a flag", None, "there is no such setting", f"Settings are: {', '.join(sorted(known))}.")
    return Settings(**values)


def origins(*, file: Path | None = None, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Tell for each setting where its value comes from: ``default``, ``file`` or ``environment``."""
    in_file = _read_file(file or settings_file(environ))
    found = {}
    for info in describe():
        if environ.get(info.environment_variable):
            found[info.name] = "environment"
        else:
            found[info.name] = "file" if info.name in in_file else "default"
    return found


def parse(name: str, value: Any) -> Any:
    """Return `value` (typed or text) as the type of the setting `name`, within its bounds.

    Raises
    ------
    UsageError
        SETTINGS_INVALID.
    """
    for info in describe():
        if info.name == name:
            return _checked(info, value, "the given value", None)
    names = ", ".join(info.name for info in describe())
    _refuse(name, "the given value", None, "there is no such setting", f"Settings are: {names}.")


def _flag(name: str) -> str:
    return name.replace("_", "-")


def _read_file(file: Path) -> dict[str, Any]:
    try:
        # utf-8-sig: Windows' editors put a mark before the first key
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        reason = error.strerror or str(error)
        way_out = "Check the permissions of the file, or set LIGHTDESK_HOME to another folder."
    except UnicodeDecodeError:
        reason = "it is not UTF-8 text"
        way_out = "Save it as UTF-8, or delete it to start from the defaults."
    except tomllib.TOMLDecodeError as error:
        reason = f"it is not TOML: {error}"
        way_out = "Correct that line, or delete the file to start from the defaults."
    raise UsageError(
        ErrorCode.SETTINGS_INVALID,
        f"The settings file {file} cannot be read: {reason}.",
        way_out=way_out,
        file=str(file),
        key=None,
        reason=reason,
    )


def _checked(info: SettingInfo, value: Any, origin: str, file: Path | None) -> Any:
    """Return `value` typed and within bounds; text is understood for every type."""

    def refuse(reason: str, way_out: str) -> NoReturn:
        _refuse(info.name, origin, file, f"{reason}, not {value!r}", way_out)

    clear = "Give another value, or leave it out for the default."
    if info.type == "path":
        if value is None or value == "":
            return None
        if not isinstance(value, str | os.PathLike) or isinstance(os.fspath(value), bytes):
            refuse("it must be a path in quotes", clear)
        if "\0" in os.fspath(value):
            refuse("it must be a path", clear)
        # what stands in a file is meant beside that file, wherever the program is started
        base = file.absolute().parent if file is not None else Path.cwd()
        return base / Path(value).expanduser()
    if info.type == "choice":
        word = value.lower() if isinstance(value, str) else value
        if word not in info.choices:
            refuse(f"it must be one of {', '.join(info.choices)}", f"Use one of {', '.join(info.choices)}.")
        return word
    if info.type == "text":
        if not isinstance(value, str) or "\0" in value:
            refuse("it must be text in quotes", clear)
        if not value.strip() and info.default:
            refuse("it must not be empty", clear)
        return value.strip()
    if info.type == "yes/no":
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in _TRUE | _FALSE:
            return value.lower() in _TRUE
        refuse("it must be true or false", "Use true or false.")
    return _checked_number(info, value, refuse)


def _checked_number(info: SettingInfo, value: Any, refuse: Any) -> int | float:
    whole = info.type == "integer"
    bounds = f"Use a {'whole number' if whole else 'number'} from {_plain(info.minimum)} to {_plain(info.maximum)}."
    number: int | float
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError
        number = int(value) if whole and isinstance(value, str) else float(value)
        if whole and number != int(number):
            raise ValueError
        number = int(number) if whole else number
    except (ValueError, OverflowError):
        refuse("it must be a whole number" if whole else "it must be a number", bounds)
    assert info.minimum is not None and info.maximum is not None
    if not info.minimum <= number <= info.maximum:
        refuse(f"it must be between {_plain(info.minimum)} and {_plain(info.maximum)}", bounds)
    return number


def _plain(bound: float | None) -> str:
    return f"{bound:.0f}" if bound is not None else ""


def _refuse(name: str, origin: str, file: Path | None, reason: str, way_out: str) -> NoReturn:
    raise UsageError(
        ErrorCode.SETTINGS_INVALID,
        f"The setting {name} in {origin} is wrong: {reason}.",
        way_out=way_out,
        file=str(file) if file is not None else None,
        key=name,
        reason=reason,
    )


# ---------------------------------------------------------------------------------------- writing


def save(settings: Settings, file: Path | None = None) -> None:
    """Write `settings`; see `change`. Values equal to the default are left out of the file."""
    change({info.name: getattr(settings, info.name) for info in describe()}, file)


def change(values: Mapping[str, Any], file: Path | None = None) -> None:
    """Write only these settings into the file, atomically, keeping every other key.

    Keys that this version does not know are kept too. Comments are not.

    Raises
    ------
    UsageError
        SETTINGS_INVALID: a value, or the file as it stands, is wrong, or it cannot be written.
    """
    import tomli_w

    # a link (dotfiles) stays a link
    file = Path(os.path.realpath(file or settings_file()))
    content = _read_file(file)
    defaults = {info.name: info.default for info in describe()}
    for name, given in values.items():
        value = parse(name, given)
        if value == defaults[name]:
            content.pop(name, None)
        else:
            content[name] = str(value) if isinstance(value, Path) else value
    temporary = file.with_name(f"{file.name}.{os.getpid()}.tmp")
    try:
        # surrogates (a path that is no UTF-8) cannot stand in TOML
        data = tomli_w.dumps(content).encode("utf-8")
        file.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(temporary, file)
    except (OSError, UnicodeEncodeError) as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        reason = getattr(error, "strerror", None) or "a path in it is not valid Unicode"
        raise UsageError(
            ErrorCode.SETTINGS_INVALID,
            f"The settings file {file} cannot be written: {reason}.",
            way_out="Check the permissions and the free space of its folder, or set LIGHTDESK_HOME to another folder.",
            file=str(file),
            key=None,
            reason=reason,
        ) from error
