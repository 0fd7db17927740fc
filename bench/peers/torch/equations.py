"""What both forms share: how features become columns, which behaviours a search keeps, towers, loss.

The equations are those of TWIN (KDD 2023) as docs/semantics.md states them; parameters bear the names and shapes of
weights.safetensors.
"""

import torch
import torch.nn.functional as F

MASKED = -1e30


def columns(feature, x, lookup, parameters):
    """The columns [… width] that a feature's encoded values bring.

    `lookup(table, rows)` reads rows of an embedding table.
    """
    kind = feature["kind"]
    if kind == "number":
        return x[..., None]
    if kind == "vector":
        projection = feature["projection"]
        return x if projection is None else x @ parameters[projection]
    if kind == "row":
        return lookup(feature["table"], x)
    present = (x >= 0).float()[..., None]
    pooled = (lookup(feature["table"], x.clamp(min=0)) * present).sum(-2)
    return pooled if feature["pool"] == "sum" else pooled / present.sum(-2).clamp(min=1)


def round_robin(scores, keep, exact):
    """Positions [B, keep] that the heads, walked in turn through their ranked lists, meet first; in that order.

    `scores` [B, A, L]. `exact`: ties go to the lower position, as Twin has it; torch.topk leaves their order open, which is
    faster and changes nothing where no two scores are equal.
    """
    batch, heads, length = scores.shape
    if exact:
        bits = (scores + 0.0).contiguous().view(torch.int32)
        ordered = (bits ^ ((bits >> 31) & 0x7FFFFFFF)).long()
        keys = (ordered << 20) + torch.arange(length - 1, -1, -1)
        ranked = keys.topk(keep).indices
    else:
        ranked = scores.topk(keep).indices
    if heads == 1:
        return ranked[:, 0]
    step = torch.arange(keep)[None, :] * heads + torch.arange(heads)[:, None]
    step = step.reshape(1, -1).expand(batch, -1).float()
    met = scores.new_full((batch, length), float(heads * keep))
    met.scatter_reduce_(1, ranked.reshape(batch, -1), step, "amin")
    return met.topk(keep, largest=False, sorted=True).indices


def settled(own, batch, missed):
    """The selection to go on with: the given one where there is one. Notes how much of it the own one has not."""
    for name, given in batch.kept.items():
        length = 1 + max(int(given.max()), int(own[name].max()))
        marks = torch.zeros(len(given), length, dtype=torch.bool).scatter_(1, own[name], True)
        missed.append(int((~marks.gather(1, given)).sum()))
    return batch.kept or own


def value_matrix(attend, parameters):
    """W^v [A, H + C, v] of K = [K_h, K_c]."""
    stem = f"{attend['name']}.values"
    parts = [parameters[f"{stem}.item"]] + [parameters[f"{stem}.{name}"] for name in attend["crossNames"]]
    return torch.cat(parts, 1)


def attention_weights(scores, valid):
    """softmax over the behaviours that count: scores [B, A, M], valid [B, M]. Without any, all weights are zero."""
    mask = valid[:, None, :]
    return torch.softmax(scores + (mask - 1) * -MASKED, -1) * mask


def tower_logits(tower, x, parameters):
    """label → logit [B]"""
    for index in range(len(tower["hidden"])):
        stem = f"{tower['name']}.hidden.{index}"
        x = x @ parameters[f"{stem}.weight"] + parameters[f"{stem}.bias"]
        if tower["activation"] == "relu":
            x = F.relu(x)
        elif tower["activation"] == "gelu":
            x = F.gelu(x)
        else:
            x = F.prelu(x, parameters[f"{stem}.alpha"])
    return {
        task["label"]: (x @ parameters[f"{tower['name']}.{task['label']}.weight"]).squeeze(1)
        + parameters[f"{tower['name']}.{task['label']}.bias"]
        for task in tower["tasks"]
    }


def total_loss(towers, logits, batch):
    """Σ over tasks of weight × mean over the rows that count (each by its sample weight)."""
    loss = 0.0
    for task in (task for tower in towers for task in tower["tasks"]):
        label = batch.labels[task["label"]]
        counts = ~label.isnan()
        if task["where"] is not None:
            counts &= batch.labels[task["where"]] == 1
        weight = batch.weight * counts
        y = label.nan_to_num(0.0)
        z = logits[task["label"]]
        if task["kind"] == "binary":
            losses = F.binary_cross_entropy_with_logits(z + batch.offset, y, reduction="none")
        else:
            losses = (z - y) ** 2
        loss = loss + task["weight"] * (weight * losses).sum() / weight.sum().clamp(min=1e-30)
    return loss
