"""Batches as both sides see them: encoded values, with 64-bit indices where PyTorch wants them."""

from dataclasses import dataclass

import torch

from tensors import read_tensors


@dataclass
class History:
    """Newest first; positions beyond a row's length hold the unknown item, number 0."""

    item: torch.Tensor  # int64 [B, L]: ordinals
    valid: torch.Tensor  # float32 [B, L]: 1 for a behaviour, 0 for padding
    cross: dict  # feature → [B, L, …]

    def head(self, count):
        """The newest `count`."""
        return History(
            self.item[:, :count], self.valid[:, :count], {name: x[:, :count] for name, x in self.cross.items()}
        )

    def kept(self, positions):
        """The behaviours at `positions` [B, k]."""
        return History(
            self.item.gather(1, positions),
            self.valid.gather(1, positions),
            {name: _rows_at(x, positions) for name, x in self.cross.items()},
        )


@dataclass
class Batch:
    candidate: torch.Tensor  # int64 [B]: ordinals
    single: dict  # feature of user, context or candidate → [B, …]
    histories: dict
    labels: dict  # label → float32 [B], NaN where missing
    weight: torch.Tensor  # float32 [B]
    offset: torch.Tensor  # float32 [B]
    kept: dict  # search → int64 [B, k], where the selection is given; empty: it is computed


def read_batch(path):
    return batch_of(read_tensors(path))


def batch_of(tensors):
    """Tensors by the names that bench/peers/exchange.ts writes."""
    group = {}
    for name, tensor in tensors.items():
        kind, _, rest = name.partition(":")
        group.setdefault(kind, {})[rest] = tensor
    histories = {}
    for name, item in group["item"].items():
        lengths = group["length"][name]
        valid = torch.arange(item.shape[1])[None, :] < lengths[:, None]
        cross = {
            feature: _index(x) for feature, x in group.get("cross", {}).items() if feature.startswith(f"{name}.")
        }
        histories[name] = History(item.long(), valid.float(), cross)
    return Batch(
        candidate=group["candidate"][""].long(),
        single={name: _index(x) for name, x in group.get("single", {}).items()},
        histories=histories,
        labels=group["label"],
        weight=group["weight"][""],
        offset=group["offset"][""],
        kept={name: positions.long() for name, positions in group.get("kept", {}).items()},
    )


def read_items(path):
    """The items' encoded features by ordinal: name → [items, …]."""
    return {name: _index(x) for name, x in read_tensors(path).items()}


def _index(x):
    return x if x.is_floating_point() else x.long()


def _rows_at(x, positions):
    if x.dim() == 2:
        return x.gather(1, positions)
    return x.gather(1, positions[..., None].expand(-1, -1, x.shape[2]))
