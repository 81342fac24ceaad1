"""Reads tensors out of torch's 2020 file format without running anything that the file says.

The format is four pickles (magic number, protocol, system facts, the state dict), one more with the
list of storage keys, then each storage as an element count (int64) and raw little-endian numbers.
Python's unpickler is not used: the small machine here knows only the operations that such a file needs
and makes nothing but numbers, texts, tuples, lists and dicts. A name in the file stays a name; only two
of them can be "called", and both calls are functions of this module.
"""

from __future__ import annotations

import io
import math
import pickletools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import ErrorCode, ModelError

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_DTYPES: dict[str, np.dtype[Any]] = {"torch FloatStorage": np.dtype("<f4"), "torch LongStorage": np.dtype("<i8")}
_CALL_DICT = "collections OrderedDict"
_CALL_TENSOR = "torch._utils _rebuild_tensor_v2"
_KNOWN_NAMES = {*_DTYPES, _CALL_DICT, _CALL_TENSOR}
_MAX_OPERATIONS = 1_000_000
_PUSH_ARGUMENT = {"BININT", "BININT1", "BININT2", "LONG1", "BINUNICODE"}
_PUSH_CONSTANT = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_SHORT_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MARK = object()


@dataclass(frozen=True, slots=True)
class _Name:
    text: str


@dataclass(frozen=True, slots=True)
class _Storage:
    key: str
    dtype: np.dtype[Any]
    n_elements: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_legacy_weights(data: bytes) -> dict[str, NDArray[Any]]:
    """Return the tensors of a state dict saved by torch before 1.6.

    Parameters
    ----------
    data
        The whole file.

    Returns
    -------
    dict
        Name to array, float32 or int64, in the file's order.

    Raises
    ------
    ModelError
        MODEL_DAMAGED when the bytes are of another kind, cut short, or ask for anything but tensors.
    """
    stream = io.BytesIO(data)
    try:
        if _load(stream) != _MAGIC or _load(stream) != _PROTOCOL:
            raise _refused("it is not a torch file of that format")
        _load(stream)  # facts on the machine that wrote it
        state, keys = _load(stream), _load(stream)
        if not isinstance(state, dict) or not isinstance(keys, list):
            raise _refused("its parts are not in the known order")
        tensors = {name: tensor for name, tensor in state.items() if isinstance(tensor, _Tensor)}
        if len(tensors) != len(state):
            raise _refused("it holds something that is not a tensor")
        storages = _read_storages(stream, keys, tensors)
        return {name: _view(tensor, storages[tensor.storage.key]) for name, tensor in tensors.items()}
    except ModelError:
        raise
    except Exception as error:  # hostile bytes trip the machine in more ways than are worth a list
        raise _refused(f"it cannot be read ({type(error).__name__})") from error


def _load(stream: io.BytesIO) -> Any:
    """Run one pickle and return what it leaves."""
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    argument: Any
    for count, (operation, argument, _position) in enumerate(pickletools.genops(stream)):
        name = operation.name
        if count > _MAX_OPERATIONS:
            raise _refused("it is longer than any state dict")
        if name in _PUSH_ARGUMENT:
            stack.append(argument)
        elif name in _PUSH_CONSTANT:
            stack.append(_PUSH_CONSTANT[name])
        elif name in ("BINPUT", "LONG_BINPUT"):
            memo[argument] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(memo[argument])
        elif name == "MARK":
            stack.append(_MARK)
        elif name in _SHORT_TUPLES:
            n = _SHORT_TUPLES[name]
            parts = tuple(stack[len(stack) - n :])
            del stack[len(stack) - n :]
            stack.append(parts)
        elif name == "TUPLE":
            stack.append(tuple(_since_mark(stack)))
        elif name == "EMPTY_DICT":
            stack.append({})
        elif name == "EMPTY_LIST":
            stack.append([])
        elif name == "APPEND":
            value = stack.pop()
            _top(stack, list).append(value)
        elif name == "APPENDS":
            parts_list = _since_mark(stack)
            _top(stack, list).extend(parts_list)
        elif name == "SETITEM":
            value, key = stack.pop(), stack.pop()
            _set_items(_top(stack, dict), [key, value])
        elif name == "SETITEMS":
            pairs = _since_mark(stack)
            _set_items(_top(stack, dict), pairs)
        elif name == "GLOBAL":
            if argument not in _KNOWN_NAMES:
                raise _refused(f"it names {str(argument)[:80].replace(' ', '.')}, which is not a tensor")
            stack.append(_Name(argument))
        elif name == "REDUCE":
            arguments, called = stack.pop(), stack.pop()
            stack.append(_call(called, arguments))
        elif name == "BINPERSID":
            stack.append(_storage(stack.pop()))
        elif name == "BUILD":
            # torch hangs the versions of its layers on the dict; nobody here reads them.
            stack.pop()
            _top(stack, dict)
        elif name == "STOP":
            if len(stack) != 1:
                raise _refused("a pickle in it is malformed")
            return stack[0]
        elif name != "PROTO":
            raise _refused(f"it uses the pickle operation {name}, which tensors do not need")
    raise _refused("the file is cut short")


def _since_mark(stack: list[Any]) -> list[Any]:
    at = len(stack) - 1
    while stack[at] is not _MARK:
        at -= 1
        if at < 0:
            raise _refused("a pickle in it is malformed")
    parts = stack[at + 1 :]
    del stack[at:]
    return parts


def _top(stack: list[Any], kind: type) -> Any:
    if not isinstance(stack[-1], kind):
        raise _refused("a pickle in it is malformed")
    return stack[-1]


def _set_items(target: dict[str, Any], pairs: list[Any]) -> None:
    keys = pairs[::2]
    # Texts only: hashing tuples nested in tuples could take for ever.
    if len(pairs) % 2 or not all(isinstance(key, str) for key in keys):
        raise _refused("a pickle in it is malformed")
    target.update(zip(keys, pairs[1::2], strict=True))


def _call(called: Any, arguments: Any) -> dict[str, Any] | _Tensor:
    name = called.text if isinstance(called, _Name) else ""
    if name == _CALL_DICT and arguments == ():
        return {}
    if name != _CALL_TENSOR or not isinstance(arguments, tuple) or len(arguments) < 4:
        raise _refused("it calls something that is not a tensor")
    storage, offset, shape, strides = arguments[:4]
    numbers_fit = (
        isinstance(storage, _Storage)
        and isinstance(shape, tuple)
        and isinstance(strides, tuple)
        and len(shape) == len(strides)
        and all(type(n) is int and 0 <= n <= storage.n_elements for n in (offset, *shape, *strides))
    )
    if not numbers_fit or math.prod(shape) > storage.n_elements:
        raise _refused("a tensor is described wrongly")
    return _Tensor(storage, offset, shape, strides)


def _storage(described: Any) -> _Storage:
    """Read ``("storage", kind, key, device, n_elements, None)``."""
    if not isinstance(described, tuple) or len(described) < 5:
        raise _refused("a storage is described wrongly")
    what, kind, key, _device, n_elements = described[:5]
    dtype = _DTYPES.get(kind.text) if isinstance(kind, _Name) else None
    if what != "storage" or dtype is None or not isinstance(key, str) or type(n_elements) is not int or n_elements < 0:
        raise _refused("a storage is described wrongly")
    return _Storage(key, dtype, n_elements)


def _read_storages(stream: io.BytesIO, keys: list[Any], tensors: dict[str, _Tensor]) -> dict[str, NDArray[Any]]:
    described: dict[str, _Storage] = {}
    for tensor in tensors.values():
        if described.setdefault(tensor.storage.key, tensor.storage) != tensor.storage:
            raise _refused("a storage is described twice, differently")
    if not all(isinstance(key, str) for key in keys) or sorted(keys) != sorted(described):
        raise _refused("its list of storages does not fit its tensors")
    storages: dict[str, NDArray[Any]] = {}
    for key in keys:
        storage = described[key]
        if int.from_bytes(stream.read(8), "little", signed=True) != storage.n_elements:
            raise _refused("a storage has another length than announced")
        raw = stream.read(storage.n_elements * storage.dtype.itemsize)
        if len(raw) != storage.n_elements * storage.dtype.itemsize:
            raise _refused("the file is cut short")
        storages[key] = np.frombuffer(raw, storage.dtype)
    if stream.read(1):
        raise _refused("something follows its last tensor")
    return storages


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
