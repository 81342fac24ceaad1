"""Permissions that count in a test, whoever runs it: root, as in many containers, may otherwise read everything."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_VERSION_3 = 0x20080522
_READS_ANYTHING = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Rights(ctypes.Structure):
    _fields_ = [("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32)]


@contextlib.contextmanager
def out_of_reach(path: Path) -> Iterator[None]:
    """Take all permissions of a file or folder away, and from this thread the right to pass over that.

    Of Linux's threads each has rights of its own: those that the test has started keep theirs.
    """
    mode = path.stat().st_mode
    path.chmod(0)
    try:
        with _no_more_than_permissions_allow():
            with pytest.raises(PermissionError):
                os.open(path, os.O_RDONLY)
            yield
    finally:
        path.chmod(mode)


@contextlib.contextmanager
def _no_more_than_permissions_allow() -> Iterator[None]:
    if os.geteuid() != 0:
        yield
        return
    if not sys.platform.startswith("linux"):
        pytest.skip("root's right to read everything can be given up for a moment on Linux only")
    libc = ctypes.CDLL(None, use_errno=True)
    header, rights = _Header(_VERSION_3, 0), (_Rights * 2)()  # 0: the calling thread; 64 bits in two parts
    if libc.capget(ctypes.byref(header), rights):
        raise OSError(ctypes.get_errno(), "capget")
    before = rights[0].effective

    def have(effective: int) -> None:
        rights[0].effective = effective
        if libc.capset(ctypes.byref(header), rights):
            raise OSError(ctypes.get_errno(), "capset")

    have(before & ~_READS_ANYTHING)
    try:
        yield
    finally:
        have(before)
