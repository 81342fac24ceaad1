"""Writes files of torch's 2020 format, operation by operation, good ones and hostile ones."""

from __future__ import annotations

import pickle
import struct
from dataclasses import dataclass

import numpy as np

MAGIC = pickle.dumps(0x1950A86A20F9469CFC6C, 2)
PROTOCOL = pickle.dumps(1001, 2)
SYSTEM = pickle.dumps({"little_endian": True}, 2)
NUMPY_KINDS = {"<f4": "FloatStorage", "<i8": "LongStorage"}


@dataclass
class Described:
    """What the file says of one tensor; each field can be made a lie."""

    array: np.ndarray
    key: str = "0"
    kind: str = ""
    n_elements: object = None
    offset: object = 0
    shape: object = None
    strides: object = None

    def operations(self) -> bytes:
        array = self.array
        kind = self.kind or NUMPY_KINDS[array.dtype.str]
        n = array.size if self.n_elements is None else self.n_elements
        shape = array.shape if self.shape is None else self.shape
        strides = tuple(s // array.itemsize for s in array.strides) if self.strides is None else self.strides
        storage = (
            b"(" + literal("storage") + b"ctorch\n" + kind.encode() + b"\n" + literal(self.key) + literal("cpu")
        ) + (literal(n) + b"NtQ")
        ordered = b"ccollections\nOrderedDict\n)R"
        return (
            b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + literal(self.offset) + literal(shape) + literal(strides)
        ) + (b"\x89" + ordered + b"tR")


def literal(value: object) -> bytes:
    """The operations that push a plain value."""
    return pickle.dumps(value, 2)[2:-1]


def state(tensors: dict[str, Described]) -> bytes:
    """The pickle of an ordered dict of tensors."""
    pairs = b"".join(literal(name) + tensor.operations() for name, tensor in tensors.items())
    return b"\x80\x02ccollections\nOrderedDict\n)R(" + pairs + b"u."


def whole_file(tensors: dict[str, Described]) -> bytes:
    """A file as torch wrote it."""
    stored = {tensor.key: tensor.array for tensor in tensors.values()}
    storages = b"".join(struct.pack("<q", a.size) + np.ascontiguousarray(a).tobytes() for a in stored.values())
    return MAGIC + PROTOCOL + SYSTEM + state(tensors) + pickle.dumps(list(stored), 2) + storages
