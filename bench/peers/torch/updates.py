"""Twin's optimisers on rows: a row whose gradient is all zero is not touched, its state neither."""

import torch


class RowUpdate:
    """Keeps the state of one table [rows, dim] and updates the rows that a step used."""

    def __init__(self, settings, table):
        self.settings = settings
        kind = settings["kind"]
        shape = {"adam": (2, *table.shape), "adagrad": table.shape, "rowwise_adagrad": (table.shape[0], 1)}
        self.state = torch.zeros(shape[kind]) if kind in shape else None

    def apply(self, table, rows, gradient, step):
        """`gradient` [U, dim] of `rows` [U]; null rows: all of them in order."""
        kind, rate = self.settings["kind"], self.settings["rate"]
        if kind == "sgd":
            _add(table, rows, gradient, -rate)
            return
        if kind == "adam":
            touched = (gradient != 0).any(1)
            if not bool(touched.all()):
                gradient = gradient[touched]
                rows = touched.nonzero()[:, 0] if rows is None else rows[touched]
            self._adam(table, rows, gradient, step)
            return
        squares = gradient * gradient if kind == "adagrad" else (gradient * gradient).mean(1, keepdim=True)
        if rows is None:
            self.state += squares
            state = self.state
        else:
            state = self.state[rows] + squares
            self.state[rows] = state
        _add(table, rows, gradient / (state.sqrt() + self.settings["epsilon"]), -rate)

    def _adam(self, table, rows, gradient, step):
        beta1, beta2 = self.settings["beta1"], self.settings["beta2"]
        m, v = self.state[0], self.state[1]
        at = slice(None) if rows is None else rows
        new_m = beta1 * m[at] + (1 - beta1) * gradient
        new_v = beta2 * v[at] + (1 - beta2) * gradient * gradient
        m[at], v[at] = new_m, new_v
        root = (new_v / (1 - beta2**step)).sqrt() + self.settings["epsilon"]
        _add(table, rows, new_m / (1 - beta1**step) / root, -self.settings["rate"])


def _add(table, rows, change, scale):
    if rows is None:
        table.add_(change, alpha=scale)
    else:
        table.index_add_(0, rows, change, alpha=scale)


def dense_optimiser(settings, parameters):
    """PyTorch's own, in its fastest form."""
    kind, rate = settings["kind"], settings["rate"]
    if kind == "adam":
        betas = (settings["beta1"], settings["beta2"])
        return torch.optim.Adam(parameters, lr=rate, betas=betas, eps=settings["epsilon"], fused=True)
    if kind == "adagrad":
        return torch.optim.Adagrad(parameters, lr=rate, eps=settings["epsilon"], fused=True)
    if kind == "sgd":
        return torch.optim.SGD(parameters, lr=rate, fused=True)
    raise ValueError(f"dense parameters have no {kind}: it keeps one number a row")
