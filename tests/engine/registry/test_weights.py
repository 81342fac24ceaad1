"""The weights reader builds tensors and nothing else."""

from __future__ import annotations

import os
import pickle
import struct
import time
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ErrorCode, ModelError
from engine.registry import building
from engine.registry.weights import read_legacy_weights
from tests.engine.registry.legacy_file import MAGIC, PROTOCOL, SYSTEM, Described, literal, state, whole_file

HEAD = MAGIC + PROTOCOL + SYSTEM
KEYS = pickle.dumps(["0"], 2)
TWO = np.arange(2, dtype="<f4")
STORED_TWO = struct.pack("<q", 2) + TWO.tobytes()
GOOD = whole_file(
    {
        "weight": Described(np.arange(12, dtype="<f4").reshape(3, 4), "0"),
        "n_batches": Described(np.array(7, dtype="<i8"), "1"),
    }
)


class Calls:
    """Pickles as a call of any function."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.made_by = (function, arguments)

    def __reduce__(self) -> object:
        return self.made_by


def refusal(data: bytes) -> ModelError:
    with pytest.raises(ModelError) as caught:
        read_legacy_weights(data)
    assert caught.value.code is ErrorCode.MODEL_DAMAGED
    assert caught.value.way_out
    return caught.value


def test_tensors_come_as_they_were_saved() -> None:
    tensors = read_legacy_weights(GOOD)
    assert list(tensors) == ["weight", "n_batches"]
    assert tensors["weight"].dtype == np.float32
    assert tensors["weight"].tolist() == np.arange(12).reshape(3, 4).tolist()
    assert tensors["n_batches"].shape == () and tensors["n_batches"] == 7


def test_views_share_a_storage() -> None:
    base = np.arange(12, dtype="<f4")
    tensors = read_legacy_weights(
        whole_file(
            {
                "transposed": Described(base, shape=(4, 3), strides=(1, 4)),
                "tail": Described(base, offset=9, shape=(3,), strides=(1,)),
                "empty": Described(base, shape=(0, 3), strides=(3, 1)),
            }
        )
    )
    assert tensors["transposed"].tolist() == base.reshape(3, 4).T.tolist()
    assert tensors["tail"].tolist() == [9, 10, 11]
    assert tensors["empty"].shape == (0, 3)


def test_published_weights_are_read() -> None:
    tensors = read_legacy_weights(building._weights())
    assert len(tensors) == 296
    assert tensors["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert tensors["_fc.weight"].shape == (1000, 1280)
    assert all(np.isfinite(tensor).all() for tensor in tensors.values())


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("place", ["magic", "protocol", "system", "state", "keys", "in state"])
def test_no_function_is_ever_called(place: str, protocol: int, tmp_path: Path) -> None:
    hacked = tmp_path / "hacked"
    evil = pickle.dumps(Calls(os.mkdir, str(hacked)), protocol)
    parts = {
        "magic": MAGIC,
        "protocol": PROTOCOL,
        "system": SYSTEM,
        "state": state({"a": Described(TWO)}),
        "keys": KEYS,
    }
    if place == "in state":
        parts["state"] = pickle.dumps(OrderedDict(a=Calls(os.mkdir, str(hacked))), protocol)
    else:
        parts[place] = evil
    refusal(b"".join(parts.values()) + STORED_TWO)
    assert not hacked.exists()


@pytest.mark.parametrize(
    "name",
    [
        b"os\nsystem\n",
        b"builtins\neval\n",
        b"torch._utils\n_rebuild_tensor_v2.__globals__\n",
        b"collections\nOrderedDict.__init__\n",
        b"collections\nnamedtuple\n",
        b"torch\nDoubleStorage\n",
        b"numpy.lib.npyio\nload\n",
        b"engine.registry.weights\n_load\n",
    ],
)
def test_no_other_name_is_known(name: bytes) -> None:
    error = refusal(HEAD + b"\x80\x02c" + name + b"." + KEYS)
    assert name.split(b"\n")[1].decode() in error.message


@pytest.mark.parametrize(
    "operations",
    [
        pytest.param(b"ccollections\nOrderedDict\n(lR", id="ordered dict called with a list"),
        pytest.param(b"ccollections\nOrderedDict\n}\x85R", id="ordered dict called with an argument"),
        pytest.param(b"ctorch\nFloatStorage\n)R", id="storage called"),
        pytest.param(literal("os.system") + b")R", id="text called"),
        pytest.param(b"ctorch._utils\n_rebuild_tensor_v2\n)R", id="tensor of nothing"),
        pytest.param(b"ctorch._utils\n_rebuild_tensor_v2\n}b", id="state set on a function"),
        pytest.param(b"(ios\nsystem\n", id="INST"),
        pytest.param(b"(cos\nsystem\no", id="OBJ"),
        pytest.param(b"ccollections\nOrderedDict\n)\x81", id="NEWOBJ"),
        pytest.param(b"\x82\x01", id="EXT1"),
        pytest.param(b"P0\n", id="PERSID"),
        pytest.param(literal(("module", "x", "y", "z", 1)) + b"Q", id="persistent id of another kind"),
        pytest.param(literal("storage") + b"Q", id="persistent id that is no tuple"),
        pytest.param(b"q\x00", id="memo of nothing"),
        pytest.param(b"h\x07", id="memo that was never set"),
        pytest.param(b"r\xff\xff\xff\x7f", id="memo far away"),
        pytest.param(b"t", id="tuple without a mark"),
        pytest.param(b"}(Ku.", id="item without a value"),
        pytest.param(b"K\x01K\x02", id="two values left"),
        pytest.param(b"", id="nothing left"),
        pytest.param(b"\x8a\xff" + b"\x7f" * 10, id="long cut short"),
        pytest.param(b"X\xff\xff\xff\xff", id="text of 4 GB"),
        pytest.param(b"\x8e" + b"\xff" * 8, id="bytes of 16 EB"),
        pytest.param(literal([1, 2]), id="a list in place of the dict"),
        pytest.param(literal({"a": 1}), id="a number in place of a tensor"),
        pytest.param(b"}" + b"(" * 200_000, id="marks without end"),
    ],
)
def test_malformed_states_are_refused(operations: bytes) -> None:
    refusal(HEAD + b"\x80\x02" + operations + b"." + KEYS + STORED_TWO)


@pytest.mark.parametrize(
    "tensor",
    [
        Described(TWO, n_elements=1 << 62),
        Described(TWO, n_elements=-1),
        Described(TWO, n_elements=True),
        Described(TWO, n_elements="2"),
        Described(TWO, kind="DoubleStorage"),
        Described(TWO, offset=1),
        Described(TWO, offset=-1),
        Described(TWO, offset=1 << 70),
        Described(TWO, shape=(1 << 31, 1 << 31), strides=(0, 0)),
        Described(TWO, shape=(3,), strides=(0,)),
        Described(TWO, shape=(2,), strides=(2,)),
        Described(TWO, shape=(2,), strides=(-1,)),
        Described(TWO, shape=(2, 1), strides=(1,)),
        Described(TWO, shape=[2], strides=[1]),
        Described(TWO, shape=(1,) * 100, strides=(1,) * 100),
        Described(TWO, shape=("2",), strides=(1,)),
        Described(TWO, shape=None, strides="1"),
    ],
    ids=repr,
)
def test_lies_about_a_tensor_are_refused(tensor: Described) -> None:
    refusal(HEAD + state({"a": tensor}) + KEYS + STORED_TWO)


def test_storages_must_be_those_described() -> None:
    good = HEAD + state({"a": Described(TWO)})
    assert read_legacy_weights(good + KEYS + STORED_TWO)["a"].tolist() == [0, 1]
    refusal(good + pickle.dumps([], 2))
    refusal(good + pickle.dumps(["0", "0"], 2) + STORED_TWO * 2)
    refusal(good + pickle.dumps(["1"], 2) + STORED_TWO)
    refusal(good + pickle.dumps([0], 2) + STORED_TWO)
    refusal(good + KEYS + struct.pack("<q", 3) + TWO.tobytes() + TWO.tobytes())
    refusal(good + KEYS + STORED_TWO + b"\0")
    refusal(HEAD + state({"a": Described(TWO), "b": Described(TWO, n_elements=1, shape=(1,))}) + KEYS + STORED_TWO)


def test_a_key_that_hashes_for_ever_is_refused_at_once() -> None:
    # Each tuple holds the one before twice, so that its hash visits 2**60 of them.
    nested = b")" + b"q\x00h\x00\x86" * 60
    began_s = time.perf_counter()
    refusal(HEAD + b"\x80\x02}" + nested + b"Ns." + KEYS)
    refusal(HEAD + b"\x80\x02(" + literal("storage") + nested + b"NNNtQ." + KEYS)
    assert time.perf_counter() - began_s < 2


@settings(deadline=None, max_examples=200)
@given(st.integers(0, len(GOOD) - 1))
def test_a_cut_file_is_refused(n: int) -> None:
    refusal(GOOD[:n])


@settings(deadline=None, max_examples=300)
@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_a_changed_byte_gives_arrays_or_a_refusal(at: int, change: int) -> None:
    data = bytearray(GOOD)
    data[at] ^= change
    try:
        tensors = read_legacy_weights(bytes(data))
    except ModelError:
        return
    assert all(isinstance(tensor, np.ndarray) and tensor.size <= 13 for tensor in tensors.values())


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_refusal(data: bytes) -> None:
    refusal(data)
    refusal(HEAD + b"\x80\x02" + data)
