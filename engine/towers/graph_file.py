"""An ONNX file before any runtime has it: which files it reads beside itself, and how one that holds two towers is parted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from engine.errors import ErrorCode, ModelError
from engine.registry.table import is_plain_name

_EXTERNAL = 1  # TensorProto.EXTERNAL


class GraphFile:
    """A parsed file; the numbers that lie in files beside it are not read.

    Parameters
    ----------
    path
        Where it lies; its size has been looked at.

    Raises
    ------
    ModelError
        MODEL_INVALID when it is no ONNX file, or reads files that do not lie beside it.
    """

    def __init__(self, path: Path) -> None:
        import onnx

        self.path = path
        try:
            self._model = onnx.load_model(str(path), load_external_data=False)
        except Exception as error:  # protobuf's own class, or whatever damaged bytes lead to
            raise self._invalid("it is no ONNX file, or a damaged one") from error
        self.external = tuple(sorted({self._location(tensor) for tensor in _tensors(self._model)} - {""}))

    def inputs(self) -> tuple[str, ...]:
        """Return the names of what must be fed."""
        constants = {tensor.name for tensor in self._model.graph.initializer}
        return tuple(node.name for node in self._model.graph.input if node.name not in constants)

    def outputs(self) -> tuple[str, ...]:
        """Return the names of what it gives."""
        return tuple(node.name for node in self._model.graph.output)

    def needed_for(self, output: str) -> frozenset[str]:
        """Return the inputs that an output depends on."""
        _, names = self._upstream(output)
        return frozenset(names & set(self.inputs()))

    def parted(self, output: str) -> bytes:
        """Return a file that holds only what one output needs; numbers beside the file stay where they are.

        Parameters
        ----------
        output
            Name of one of `outputs`.
        """
        import onnx

        nodes, names = self._upstream(output)
        graph = self._model.graph
        part = onnx.ModelProto()
        part.CopyFrom(_without_graph(self._model))
        part.graph.name = graph.name
        part.graph.node.extend(nodes)
        part.graph.input.extend(node for node in graph.input if node.name in names)
        part.graph.output.extend(node for node in graph.output if node.name == output)
        part.graph.initializer.extend(tensor for tensor in graph.initializer if tensor.name in names)
        part.graph.sparse_initializer.extend(t for t in graph.sparse_initializer if t.values.name in names)
        serialised: bytes = part.SerializeToString()
        return serialised

    def _upstream(self, output: str) -> tuple[list[Any], set[str]]:
        """Return the nodes that an output needs, in the file's order, and the names of all that they read."""
        graph = self._model.graph
        makers = {name: index for index, node in enumerate(graph.node) for name in node.output if name}
        names, wanted, kept = {output}, [output], set()
        while wanted:
            index = makers.get(wanted.pop())
            if index is None or index in kept:
                continue
            kept.add(index)
            for name in _read_by(graph.node[index]):
                if name not in names:
                    names.add(name)
                    wanted.append(name)
        return [graph.node[index] for index in sorted(kept)], names

    def _location(self, tensor: Any) -> str:
        """Return the name of the file that a tensor's numbers are in, empty where it holds them itself."""
        places = [entry.value for entry in tensor.external_data if entry.key == "location"]
        if tensor.data_location != _EXTERNAL and not places:
            return ""
        name = places[0] if places else ""
        if len(places) != 1 or not is_plain_name(name):
            raise self._invalid(f"it reads {name[:80]!r}, which does not lie beside it")
        return name

    def _invalid(self, reason: str) -> ModelError:
        return ModelError(
            ErrorCode.MODEL_INVALID,
            f"{self.path} cannot be used: {reason}.",
            way_out="Download it again, or take another export of the model.",
            path=str(self.path),
        )


def _without_graph(model: Any) -> Any:
    """Return a copy of the file's head: versions, operator sets, functions."""
    import onnx

    head = onnx.ModelProto(ir_version=model.ir_version, producer_name=model.producer_name)
    head.opset_import.extend(model.opset_import)
    head.functions.extend(model.functions)
    return head


def _read_by(node: Any) -> Iterator[str]:
    """Yield what a node reads, also what the bodies of its branches and loops read from outside."""
    yield from (name for name in node.input if name)
    for attribute in node.attribute:
        for body in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
            yield from (output.name for output in body.output)
            for inner in body.node:
                yield from _read_by(inner)


def _tensors(model: Any) -> Iterator[Any]:
    yield from _of_graph(model.graph)
    for function in model.functions:
        yield from _of_nodes(function.node)
    for training in model.training_info:
        yield from _of_graph(training.initialization)
        yield from _of_graph(training.algorithm)


def _of_graph(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    yield from _of_nodes(graph.node)


def _of_nodes(nodes: Iterable[Any]) -> Iterator[Any]:
    for node in nodes:
        for attribute in node.attribute:
            yield from (*([attribute.t] if attribute.HasField("t") else []), *attribute.tensors)
            sparse = (
                *([attribute.sparse_tensor] if attribute.HasField("sparse_tensor") else []),
                *attribute.sparse_tensors,
            )
            for tensor in sparse:
                yield from (tensor.values, tensor.indices)
            for body in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from _of_graph(body)
