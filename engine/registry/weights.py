"""Reads tensors out of torch's 2020 file format without running anything that the file says.

The format is four pickles (magic number, protocol, system facts, the state dict), one more with the
list of storage keys, then each storage as an element count (int64) and raw little-endian numbers. The
unpickler here knows four names, all of which build arrays; any other name ends the reading.
"""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import ErrorCode, ModelError

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_DTYPES: dict[str, np.dtype[Any]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}
_MAX_ELEMENTS = 1 << 28


@dataclass(slots=True)
class _Storage:
    key: str
    dtype: np.dtype[Any]
    n_elements: int


@dataclass(slots=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _rebuild(storage: Any, offset: Any, shape: Any, strides: Any, *_unused: Any) -> _Tensor:
    whole = isinstance(offset, int) and all(isinstance(n, int) and n >= 0 for n in (*shape, *strides))
    if not isinstance(storage, _Storage) or not whole or len(shape) != len(strides) or offset < 0:
        raise _refused("a tensor is described wrongly")
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


class _TensorUnpickler(pickle.Unpickler):
    """Builds nothing but ordered dicts and tensor descriptions."""

    _ALLOWED = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _rebuild,
        ("torch", "FloatStorage"): "FloatStorage",
        ("torch", "LongStorage"): "LongStorage",
    }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._ALLOWED[module, name]
        except KeyError:
            raise _refused(f"it names {module}.{name}, which is not a tensor") from None

    def persistent_load(self, pid: Any) -> _Storage:
        ok = isinstance(pid, tuple) and len(pid) >= 5 and pid[0] == "storage" and pid[1] in _DTYPES
        if not ok or not isinstance(pid[4], int) or not 0 <= pid[4] <= _MAX_ELEMENTS:
            raise _refused("a storage is described wrongly")
        return _Storage(str(pid[2]), _DTYPES[pid[1]], pid[4])


def read_legacy_weights(data: bytes) -> dict[str, NDArray[Any]]:
    """Return the tensors of a state dict saved by torch before 1.6.

    Raises
    ------
    ModelError
        MODEL_DAMAGED when the bytes are of another kind, cut short, or ask for anything but tensors.
    """
    stream = io.BytesIO(data)
    try:
        if _TensorUnpickler(stream).load() != _MAGIC or _TensorUnpickler(stream).load() != _PROTOCOL:
            raise _refused("it is not a torch file of that format")
        _TensorUnpickler(stream).load()
        state = _TensorUnpickler(stream).load()
        keys = _TensorUnpickler(stream).load()
        if not isinstance(state, dict) or not isinstance(keys, list):
            raise _refused("its parts are not in the known order")
        tensors = {str(name): tensor for name, tensor in state.items() if isinstance(tensor, _Tensor)}
        dtypes = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
        storages: dict[str, NDArray[Any]] = {}
        for key in keys:
            described = dtypes[key]
            n_elements = int.from_bytes(stream.read(8), "little", signed=True)
            if n_elements != described.n_elements:
                raise _refused("a storage has another length than announced")
            raw = stream.read(n_elements * described.dtype.itemsize)
            storages[key] = np.frombuffer(raw, described.dtype, n_elements)
        return {name: _view(tensor, storages[tensor.storage.key]) for name, tensor in tensors.items()}
    except ModelError:
        raise
    except Exception as error:  # a pickle machine on hostile bytes raises almost anything
        raise _refused(f"it cannot be read ({type(error).__name__})") from error


def _view(tensor: _Tensor, storage: NDArray[Any]) -> NDArray[Any]:
    last = tensor.offset + sum((n - 1) * s for n, s in zip(tensor.shape, tensor.strides, strict=True))
    if 0 not in tensor.shape and last >= len(storage):
        raise _refused("a tensor reaches beyond its storage")
    strides = [s * storage.itemsize for s in tensor.strides]
    return np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.shape, strides).copy()


def _refused(reason: str) -> ModelError:
    return ModelError(
        ErrorCode.MODEL_DAMAGED,
        f"The weights file was refused: {reason}.",
        way_out="Install the weights package again.",
    )
