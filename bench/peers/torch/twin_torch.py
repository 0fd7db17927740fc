"""The PyTorch peer: a process that takes orders as lines of JSON and answers each with one.

open  {description, weights, items, form: plain | same, threads, exactTies}   → {torch, python, threads}
step  {batches: [path], keep}       → {losses, seconds, processor, missed}: reading the files is not counted
score {batches: [path], keep}       → {logits: [{label: [B]}]}
profile {batches: [path], steps}    → {table}: time by operator
memory {}                           → {peak}: bytes
"""

import json
import platform
import resource
import sys
import time

import torch

from batches import read_batch, read_items
from plain import Plain
from same_algorithm import SameAlgorithm
from tensors import read_tensors


class Peer:
    def __init__(self):
        self.model = None
        self.batches = {}

    def open(self, order):
        torch.set_num_threads(order["threads"])
        torch.sparse.check_sparse_tensor_invariants.disable()
        with open(order["description"], encoding="utf-8") as file:
            description = json.load(file)
        form = {"plain": Plain, "same": SameAlgorithm}[order["form"]]
        self.model = form(
            description, read_tensors(order["weights"]), read_items(order["items"]), order.get("exactTies", False)
        )
        self.batches = {}
        return {
            "torch": torch.__version__,
            "python": platform.python_version(),
            "threads": torch.get_num_threads(),
        }

    def _batch(self, path, keep):
        if path in self.batches:
            return self.batches[path]
        batch = read_batch(path)
        if keep:
            self.batches[path] = batch
        return batch

    def step(self, order):
        losses, seconds, processor = [], [], []
        self.model.missed.clear()
        for path in order["batches"]:
            batch = self._batch(path, order.get("keep", False))
            start, used = time.perf_counter(), time.process_time()
            losses.append(self.model.step(batch))
            seconds.append(time.perf_counter() - start)
            processor.append(time.process_time() - used)
        return {"losses": losses, "seconds": seconds, "processor": processor, "missed": self.model.missed}

    def score(self, order):
        logits = []
        for path in order["batches"]:
            result = self.model.score(self._batch(path, order.get("keep", False)))
            logits.append({label: z.tolist() for label, z in result.items()})
        return {"logits": logits}

    def profile(self, order):
        batches = [self._batch(path, True) for path in order["batches"]]
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
            for step in range(order["steps"]):
                self.model.step(batches[step % len(batches)])
        return {"table": profiler.key_averages().table(sort_by="self_cpu_time_total", row_limit=18)}

    def memory(self, _order):
        return {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


def main():
    peer = Peer()
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = getattr(peer, order["op"])(order)
        except Exception as error:  # The bench must hear of it: it waits for a line.
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
