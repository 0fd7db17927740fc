"""Reads safetensors files: 8 bytes of header length, a JSON header, the tensors one after the other."""

import json
import struct

import torch

_DTYPES = {
    "F32": torch.float32,
    "F64": torch.float64,
    "I32": torch.int32,
    "U32": torch.uint32,
    "U8": torch.uint8,
}


def read_tensors(path):
    """All tensors of a file by name, in memory of their own."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] not in _DTYPES:
            raise ValueError(f"{path}: tensor {name} has dtype {entry['dtype']}, which is not exchanged")
        dtype = _DTYPES[entry["dtype"]]
        start, end = entry["data_offsets"]
        if start == end:
            tensors[name] = torch.empty(entry["shape"], dtype=dtype)
            continue
        # The header is padded to 8 bytes and all widths divide it, so that every tensor is aligned.
        count = (end - start) // dtype.itemsize
        flat = torch.frombuffer(data, dtype=dtype, offset=8 + length + start, count=count)
        tensors[name] = flat.reshape(entry["shape"]).clone()
    return tensors
