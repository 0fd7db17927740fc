"""TWIN by the algorithm that Twin's training graphs use, in PyTorch.

The search has no gradient and projects the keys of each item once; the backward pass covers the kept behaviours alone;
attention is reassociated, (q W^q W^hᵀ) Kᵀ and (P K) W^v; the inherent columns are read once per item of the step; cross
tables are compressed before they are gathered; of large tables only the rows of the step are updated.
"""

import math

import torch
import torch.nn.functional as F

from equations import attention_weights, columns, round_robin, settled, total_loss, tower_logits, value_matrix
from updates import RowUpdate, dense_optimiser

# Of tables with more rows a step takes the rows of its batch alone.
COMPACT_ABOVE = 4096


class Places:
    """Numbers what occurs in a step: a stamp array, which costs less than sorting."""

    def __init__(self, size):
        self.size = size
        self.place = torch.zeros(size, dtype=torch.int64)
        self.distinct = None

    def number(self, ids):
        """Takes the ids of a step, tensors of any shape."""
        seen = torch.zeros(self.size, dtype=torch.bool)
        for one in ids:
            seen[one.reshape(-1)] = True
        self.distinct = seen.nonzero()[:, 0]
        self.place[self.distinct] = torch.arange(len(self.distinct))
        return self.distinct

    def of(self, ids):
        return self.place[ids]


class SameAlgorithm:
    def __init__(self, description, parameters, items, exact_ties):
        self.model = description
        self.items = items
        self.exact = exact_ties
        # Of each selection that was given: how many behaviours the own selection has not.
        self.missed = []
        roles = {p["name"]: p["role"] for p in description["parameters"]}
        self.parameters = {name: x.clone() for name, x in parameters.items()}
        self.tables = [name for name in parameters if roles[name] == "embedding"]
        self.dense = [name for name in parameters if roles[name] == "dense"]
        for name in self.dense:
            self.parameters[name].requires_grad_()
        self.places = {
            name: Places(len(self.parameters[name]))
            for name in self.tables
            if len(self.parameters[name]) > COMPACT_ABOVE
        }
        count = len(next(iter(items.values())))
        self.item_places = {"search": Places(count), "step": Places(count)}
        settings = description["train"]
        self.updates = {name: RowUpdate(settings["embeddings"], self.parameters[name]) for name in self.tables}
        self.optimiser = dense_optimiser(settings["dense"], [self.parameters[name] for name in self.dense])
        self.steps = 0

    def _columns(self, names, values, lookup):
        features = self.model["features"]
        return torch.cat([columns(features[name], values(name), lookup, self.parameters) for name in names], -1)

    def _whole(self, table, rows):
        return F.embedding(rows, self.parameters[table])

    def _compressed(self, metric, cross, lookup, stem):
        """Σ_j (K_c,j w_j) β_j [B, M, A]: a categorical feature's table is compressed first, then gathered."""
        total = 0.0
        for feature in metric["bias"]:
            name = f"{stem}.bias.{feature.split('.')[-1]}"
            compress = self.parameters[f"{name}.w"].T * self.parameters[f"{name}.beta"]
            one = self.model["features"][feature]
            if one["kind"] == "row" and one["table"] not in self.places:
                total = total + F.embedding(cross[feature], lookup(one["table"], None) @ compress)
            else:
                total = total + columns(one, cross[feature], lookup, self.parameters) @ compress
        return total

    @torch.no_grad()
    def search(self, batch):
        """search → positions [B, keep]"""
        model, p = self.model, self.parameters
        lookup = lambda table, rows: p[table] if rows is None else self._whole(table, rows)  # noqa: E731
        kept = {}
        for name, search in model["searches"].items():
            metric, stem = model["metrics"][search["by"]], search["by"]
            history = batch.histories[search["from"]]
            places = self.item_places["search"]
            distinct = places.number([history.item, batch.candidate])
            inherent = self._columns(metric["keys"], lambda feature: self.items[feature][distinct], lookup)
            heads, dim = metric["heads"], metric["dim"]
            keys = inherent @ p[f"{stem}.keys"].transpose(0, 1).flatten(1)  # [U, A·d]
            q = inherent[places.of(batch.candidate)]
            query = torch.einsum("bh,ahd->bad", q, p[f"{stem}.query"]) / math.sqrt(dim)
            # A block a head, so that one product a row scores all heads without a transposition of the keys.
            blocks = torch.diag_embed(query.transpose(1, 2), dim1=1, dim2=3).reshape(len(q), heads * dim, heads)
            scores = torch.bmm(F.embedding(places.of(history.item), keys), blocks)
            if metric["bias"]:
                scores = scores + self._compressed(metric, history.cross, lookup, stem)
            scores = scores + (history.valid[..., None] - 1) * 1e30
            kept[name] = round_robin(scores.transpose(1, 2).contiguous(), search["keep"], self.exact)
        return settled(kept, batch, self.missed)

    def forward(self, batch, kept, compact):
        """label → logit [B], and the rows that were read: table → (rows, leaf). `compact`: with gradients."""
        model, p = self.model, self.parameters
        frames = {}
        for attend in model["attends"].values():
            over = attend["over"]
            history = batch.histories[over["history"]]
            frames[_frame(over)] = {
                "search": lambda: history.kept(kept[over["search"]]),
                "last": lambda: history.head(over["count"]),
                "history": lambda: history,
            }[over["kind"]]()
        places = self.item_places["step"]
        distinct = places.number([batch.candidate] + [frame.item for frame in frames.values()])
        item_values = {name: self.items[name][distinct] for name in model["item"]}
        leaves = self._leaves(item_values, batch, frames) if compact else {}

        def lookup(table, rows):
            leaf = leaves[table][1] if compact else p[table]
            if rows is None:
                return leaf
            return F.embedding(self.places[table].of(rows) if compact and table in self.places else rows, leaf)

        inherent = self._columns(model["item"], item_values.get, lookup)  # [U, H]
        candidate = F.embedding(places.of(batch.candidate), inherent)
        rows = {name: F.embedding(places.of(frame.item), inherent) for name, frame in frames.items()}
        attended = {
            name: self._attend(attend, candidate, frames[_frame(attend["over"])], rows[_frame(attend["over"])], lookup)
            for name, attend in model["attends"].items()
        }
        logits = {}
        for tower in model["towers"]:
            parts = []
            for one in tower["input"]:
                if one["kind"] == "attend":
                    parts.append(attended[one["name"]])
                elif one["name"] in model["item"]:
                    parts.append(self._pick(candidate, [one["name"]]))
                else:
                    parts.append(self._columns([one["name"]], batch.single.get, lookup))
            logits |= tower_logits(tower, torch.cat(parts, -1), p)
        return logits, leaves

    def _pick(self, inherent, names):
        """Columns of the item features `names` out of all."""
        if names == self.model["item"]:
            return inherent
        widths = [self.model["features"][name]["width"] for name in self.model["item"]]
        parts = dict(zip(self.model["item"], inherent.split(widths, -1)))
        return torch.cat([parts[name] for name in names], -1)

    def _attend(self, attend, candidate, frame, rows, lookup):
        p = self.parameters
        stem = attend["by"]
        metric = self.model["metrics"][stem]
        q, keys = self._pick(candidate, metric["query"]), self._pick(rows, metric["keys"])
        query = torch.einsum("bh,ahd->abd", q, p[f"{stem}.query"]) / math.sqrt(metric["dim"])
        back = torch.bmm(query, p[f"{stem}.keys"].transpose(1, 2)).transpose(0, 1)  # q W^q W^hᵀ [B, A, H]
        scores = torch.bmm(back, keys.transpose(1, 2))
        if metric["bias"]:
            scores = scores + self._compressed(metric, frame.cross, lookup, stem).transpose(1, 2)
        weights = attention_weights(scores, frame.valid)
        pooled = torch.bmm(weights, rows)
        if attend["cross"]:
            pooled = torch.cat([pooled, torch.bmm(weights, self._columns(attend["cross"], frame.cross.get, lookup))], -1)
        heads = torch.bmm(pooled.transpose(0, 1), value_matrix(attend, p))  # [A, B, v]
        return heads.transpose(0, 1).flatten(1) @ p[f"{attend['name']}.out"]

    def _leaves(self, item_values, batch, frames):
        """table → (rows, values that take a gradient); rows null: the whole table."""
        features = self.model["features"]
        reads = {}
        sites = [item_values, batch.single] + [frame.cross for frame in frames.values()]
        for site in sites:
            for name, values in site.items():
                table = features[name]["table"]
                if table in self.places:
                    reads.setdefault(table, []).append(values.clamp(min=0))
        leaves = {}
        for table in self.tables:
            if table in self.places:
                rows = self.places[table].number(reads.get(table, []))
                leaves[table] = (rows, self.parameters[table][rows].requires_grad_())
            else:
                leaves[table] = (None, self.parameters[table].detach().requires_grad_())
        return leaves

    def step(self, batch):
        self.steps += 1
        logits, leaves = self.forward(batch, self.search(batch), True)
        loss = total_loss(self.model["towers"], logits, batch)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        with torch.no_grad():
            for table, (rows, leaf) in leaves.items():
                if leaf.grad is not None:
                    self.updates[table].apply(self.parameters[table], rows, leaf.grad, self.steps)
        return loss.item()

    @torch.no_grad()
    def score(self, batch):
        return self.forward(batch, self.search(batch), False)[0]


def _frame(over):
    return f"{over['kind']} {over['history']} {over.get('search') or ''} {over.get('count') or ''}"
