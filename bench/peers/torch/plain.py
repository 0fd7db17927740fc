"""TWIN as a good engineer writes it first: autograd through all that the search looked at, sparse embedding gradients."""

import math

import torch
import torch.nn.functional as F

from equations import attention_weights, columns, round_robin, settled, total_loss, tower_logits, value_matrix

# Tables of more rows have sparse gradients.
SPARSE_ABOVE = 4096


class Plain:
    def __init__(self, description, parameters, items, exact_ties):
        self.model = description
        self.items = items
        self.exact = exact_ties
        # Of each selection that was given: how many behaviours the own selection has not.
        self.missed = []
        self.parameters = {name: x.clone().requires_grad_() for name, x in parameters.items()}
        self.optimisers = [
            _optimiser(description["train"]["embeddings"], self._role("embedding")),
            _optimiser(description["train"]["dense"], self._role("dense")),
        ]

    def _role(self, role):
        return [self.parameters[p["name"]] for p in self.model["parameters"] if p["role"] == role]

    def _lookup(self, table, rows):
        weight = self.parameters[table]
        return F.embedding(rows, weight, sparse=weight.shape[0] > SPARSE_ABOVE)

    def _features(self, names, values):
        features = self.model["features"]
        return [columns(features[name], values(name), self._lookup, self.parameters) for name in names]

    def forward(self, batch):
        """label → logit [B]"""
        model, p = self.model, self.parameters
        candidate = dict(
            zip(model["item"], self._features(model["item"], lambda name: self.items[name][batch.candidate]))
        )
        scores, embedded = {}, {}
        for name, history in batch.histories.items():
            inherent = self._features(model["item"], lambda feature: self.items[feature][history.item])
            cross_names = model["histories"][name]["cross"]
            cross = self._features(cross_names, lambda feature: history.cross[feature])
            embedded[name] = dict(zip(model["item"] + cross_names, inherent + cross))
        for name, metric in model["metrics"].items():
            rows = embedded[metric["history"]]
            q = torch.cat([candidate[feature] for feature in metric["query"]], -1)
            k = torch.cat([rows[feature] for feature in metric["keys"]], -1)
            query = torch.einsum("bh,ahd->bad", q, p[f"{name}.query"])
            keys = torch.einsum("blh,ahd->bald", k, p[f"{name}.keys"])
            score = torch.einsum("bad,bald->bal", query, keys) / math.sqrt(metric["dim"])
            for feature in metric["bias"]:
                stem = f"{name}.bias.{feature.split('.')[-1]}"
                score = score + (rows[feature] @ p[f"{stem}.w"].T * p[f"{stem}.beta"]).transpose(1, 2)
            scores[name] = score
        kept = {}
        for name, search in model["searches"].items():
            valid = batch.histories[search["from"]].valid
            masked = scores[search["by"]].detach() + (valid[:, None, :] - 1) * 1e30
            kept[name] = round_robin(masked, search["keep"], self.exact)
        kept = settled(kept, batch, self.missed)
        attended = {
            name: self._attend(attend, batch, scores[attend["by"]], embedded, kept)
            for name, attend in model["attends"].items()
        }
        logits = {}
        for tower in model["towers"]:
            parts = []
            for one in tower["input"]:
                if one["kind"] == "attend":
                    parts.append(attended[one["name"]])
                elif one["name"] in candidate:
                    parts.append(candidate[one["name"]])
                else:
                    parts += self._features([one["name"]], lambda name: batch.single[name])
            logits |= tower_logits(tower, torch.cat(parts, -1), p)
        return logits

    def _attend(self, attend, batch, scores, embedded, kept):
        over = attend["over"]
        history = over["history"]
        rows = torch.cat([embedded[history][name] for name in attend["item"] + attend["cross"]], -1)
        valid = batch.histories[history].valid
        if over["kind"] == "last":
            scores, rows, valid = scores[:, :, : over["count"]], rows[:, : over["count"]], valid[:, : over["count"]]
        elif over["kind"] == "search":
            positions = kept[over["search"]]
            scores = scores.gather(2, positions[:, None, :].expand(-1, scores.shape[1], -1))
            rows = rows.gather(1, positions[:, :, None].expand(-1, -1, rows.shape[2]))
            valid = valid.gather(1, positions)
        weights = attention_weights(scores, valid)
        values = torch.einsum("bmk,akv->bamv", rows, value_matrix(attend, self.parameters))
        heads = torch.einsum("bam,bamv->bav", weights, values)
        return heads.flatten(1) @ self.parameters[f"{attend['name']}.out"]

    def step(self, batch):
        loss = total_loss(self.model["towers"], self.forward(batch), batch)
        for optimiser in self.optimisers:
            optimiser.zero_grad(set_to_none=True)
        loss.backward()
        for optimiser in self.optimisers:
            optimiser.step()
        return loss.item()

    def score(self, batch):
        with torch.no_grad():
            return self.forward(batch)


def _optimiser(settings, parameters):
    kind, rate = settings["kind"], settings["rate"]
    if kind == "adagrad":
        return torch.optim.Adagrad(parameters, lr=rate, eps=settings["epsilon"])
    if kind == "sgd":
        return torch.optim.SGD(parameters, lr=rate)
    if kind == "adam" and all(p.shape[0] <= SPARSE_ABOVE for p in parameters):
        betas = (settings["beta1"], settings["beta2"])
        return torch.optim.Adam(parameters, lr=rate, betas=betas, eps=settings["epsilon"])
    # SparseAdam also moves rows whose gradient is all zero, such as those searched and not kept.
    raise ValueError(f"the plain form has no optimiser that is Twin's {kind} on embeddings: compare with the other form")
