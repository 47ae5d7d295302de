"""Our values as TensorBoard summaries, without TensorFlow.

The `data_class` in the metadata is what makes TensorBoard's data provider list
a tag at all; it looks at the first event of each tag in a file only. Tensors
are given as raw bytes, which is several times faster than `make_tensor_proto`.
"""

from __future__ import annotations

import array
import struct

import numpy as np
import numpy.typing as npt
from tensorboard.compat.proto.summary_pb2 import (
    DATA_CLASS_SCALAR,
    DATA_CLASS_TENSOR,
    Summary,
    SummaryMetadata,
)
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.compat.proto.types_pb2 import DT_FLOAT, DT_STRING, DT_UINT16

from tb_stability.summary.metadata import PLUGIN_CONTENT
from tb_stability.summary.tags import DOCUMENTS_PLUGIN, SCALARS_PLUGIN, STEPS_PLUGIN

_FLOAT32 = struct.Struct("<f")
_RANK_0 = TensorShapeProto()


def document_value(tag: str, text: str) -> Summary.Value:
    """A JSON document: a string tensor of rank 0."""
    tensor = TensorProto(dtype=DT_STRING, string_val=[text.encode("utf-8")])
    return _value(tag, tensor, DOCUMENTS_PLUGIN, DATA_CLASS_TENSOR, PLUGIN_CONTENT)


def array_value(tag: str, numbers: npt.NDArray[np.float32] | npt.NDArray[np.uint16]) -> Summary.Value:
    """An array of float32, such as a block of rows, or of uint16."""
    return _value(tag, _tensor(numbers), STEPS_PLUGIN, DATA_CLASS_TENSOR, PLUGIN_CONTENT)


def scalar_value(tag: str, value: float, *, is_described: bool = False) -> Summary.Value:
    """A point of TensorBoard's own scalars plugin, whose content at its version 0 is empty.

    Args:
      tag: Its tag.
      value: Beyond float32 it is Inf.
      is_described: Whether the file has a point of this tag already: it is left without metadata then.
    """
    # There are many of these, and the detour of an array takes its time.
    content = _FLOAT32.pack(array.array("f", (value,))[0])
    tensor = TensorProto(dtype=DT_FLOAT, tensor_shape=_RANK_0, tensor_content=content)
    if is_described:
        return Summary.Value(tag=tag, tensor=tensor)
    return _value(tag, tensor, SCALARS_PLUGIN, DATA_CLASS_SCALAR, b"")


def _tensor(numbers: npt.NDArray[np.float32] | npt.NDArray[np.uint16]) -> TensorProto:
    is_float = numbers.dtype == np.float32
    return TensorProto(
        dtype=DT_FLOAT if is_float else DT_UINT16,
        tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in numbers.shape]),
        tensor_content=numbers.astype("<f4" if is_float else "<u2").tobytes(),
    )


def _value(tag: str, tensor: TensorProto, plugin: str, data_class: int, content: bytes) -> Summary.Value:
    data = SummaryMetadata.PluginData(plugin_name=plugin, content=content)
    return Summary.Value(
        tag=tag, tensor=tensor, metadata=SummaryMetadata(plugin_data=data, data_class=data_class)
    )
