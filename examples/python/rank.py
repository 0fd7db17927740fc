"""Ranks a request with a built folder, as docs/artefacts.md says: `python rank.py DIR REQUEST.json`, Python 3.11 or later.
Prints JSON: scores and logits by label, one a candidate, and the candidates' order by `score` or the first label, best first."""
import datetime, functools, hashlib, json, math, pathlib, re, sys, time, zoneinfo
import numpy as np, onnxruntime, xxhash

def read_json(path):
    """A JSON file whose last field is its own checksum."""
    text = path.read_bytes()
    value = json.loads(text)
    rest = re.sub(rb',\n  "checksum": "[^"]*"\n}\n$', b"\n}\n", text)
    if value["format"] != 2 or value.get("checksum") != f"sha256:{hashlib.sha256(rest).hexdigest()}":
        sys.exit(f"{path} is of another format than 2, or damaged")
    return value

def read_blocks(path, proof):
    """Header and payload of a block file. `proof`: SHA-256 of its header and the hashes behind the payload."""
    data = np.fromfile(path, np.uint8)
    head = data[:4096].tobytes()
    if head[:8] != b"TWINBLK1" or xxhash.xxh64_intdigest(head[:4088]) != int.from_bytes(head[4088:], "little"):
        sys.exit(f"{path} is no block file, or damaged")
    header = json.loads(head[12 : 12 + int.from_bytes(head[8:12], "little")])
    payload, hashes = np.split(data[4096:], [header["payload"]])
    found = [xxhash.xxh64_intdigest(payload[at : at + 2**20].tobytes()) for at in range(0, len(payload), 2**20)]
    if found != hashes.view("<u8").tolist() or hashlib.sha256(head + hashes.tobytes()).hexdigest() != proof:
        sys.exit(f"{path} is damaged, or of another generation")
    return header, payload

def key_index(header, payload):
    if header["index"] == "dense":
        slots = payload.view("<u4")
        return {int(header["min"]) + place: int(slots[place]) for place in np.flatnonzero(slots).tolist()}
    slots, rest = np.split(payload, [12 * header["slots"]])
    if header["index"] == "sparse64":
        slots = slots.view("<u4").reshape(-1, 3)
        used = slots[slots[:, 2] > 0]
        return dict(zip(np.ascontiguousarray(used[:, :2]).view("<i8").ravel().tolist(), used[:, 2].tolist()))
    offsets, blob = np.split(rest, [8 * (header["keys"] + 1)])
    ends = offsets.view("<u8").tolist()
    return {blob[start:end].tobytes().decode(): i + 1 for i, (start, end) in enumerate(zip(ends, ends[1:]))}

def seconds(value):
    """A time as a number; texts are ISO 8601, without a zone UTC."""
    at = datetime.datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
    return value if at is None else (at if at.tzinfo else at.replace(tzinfo=datetime.UTC)).timestamp()

class Ranker:
    def __init__(self, root):
        self.root, self.manifest = root, read_json(root / "manifest.json")
        self.features, self.vocabularies = {one["name"]: one for one in self.manifest["features"]}, {}
        for one in self.manifest["vocabularies"]:
            lines = enumerate((root / one["file"]).read_text("utf-8").split("\n"))
            self.vocabularies[one["name"]] = {json.loads(line): i for i, line in lines if i > 0 and line}
        folder = root / "tables/generations" / (root / "tables/current").read_text().split("\n")[0]
        generation = read_json(folder / "generation.json")
        if generation["fingerprints"]["producer"] != self.manifest["fingerprints"]["producer"]:
            sys.exit("the tables were made with other weights: build them again")
        files = {name: read_blocks(folder / name, proof) for name, proof in generation["files"].items()}
        self.stored = {name: files[table["file"]] for name, table in generation["tables"].items()}
        self.key = {"int64": int, "string": str}[generation["key"]["type"]]
        self.ordinals = key_index(*files[generation["index"]])
        header, payload = files[generation["store"]]
        records, layout = np.split(payload, [4 * header["words"] * header["records"]])
        self.records, self.fields, at = records.view("<u4").reshape(-1, header["words"]), {}, 0
        for field in json.loads(layout.tobytes()):
            self.fields[field["name"]] = slice(at, at := at + field["words"])

    def encoded(self, feature, encoder, value):
        """One value of a feature; 0 is missing or unknown."""
        kind, value = encoder["kind"], int(value) if isinstance(value, float) and value.is_integer() else value
        if kind == "tags":
            rows = [self.encoded(feature, encoder["of"], tag) for tag in value or [] if tag is not None]
            return (rows + [-1] * encoder["max"])[: encoder["max"]]
        if value is None or kind == "elapsed" and value < 0:
            return int(kind == "members")
        if "zone" in encoder:
            at = datetime.datetime.fromtimestamp(value, zoneinfo.ZoneInfo(encoder["zone"]))
            return 1 + (at.hour if kind == "hour" else at.weekday())
        if kind == "id":
            return value + 1 if 0 <= value < encoder["vocab"] else 0
        if kind == "vocabulary":
            return self.vocabularies[feature["vocabulary"]].get(str(value), 0)
        if kind == "hashed":
            row = lambda seed: 1 + xxhash.xxh64_intdigest(str(value).encode(), seed) % encoder["buckets"]
            return [row(0), row(1)] if encoder.get("hashes") == 2 else row(0)
        if "edges" in encoder:
            return 1 + np.searchsorted(encoder["edges"], value, "right")
        if kind == "number" and "mean" in encoder:
            return (value - encoder["mean"]) / (encoder["deviation"] or math.inf)
        if kind == "number":
            return math.copysign(math.log1p(abs(value)), value) if encoder["scale"] == "log" else value
        plain = {"flag": lambda: 1 + int(value), "members": lambda: max(value, 1), "pretrained": lambda: value}
        return plain[kind]() if kind in plain else sys.exit(kind)

    def column(self, feature, values, length=None):
        padding = -1 if feature["encoder"]["kind"] == "tags" else 0
        column = np.full([length or len(values), *feature["shape"]], padding, feature["dtype"])
        for i, value in enumerate(values):
            column[i] = self.encoded(feature, feature["encoder"], value)
        return column

    def items(self, feature, keys, length):
        """An item feature from the store; of an item that it lacks the key is known."""
        ordinals, column = [self.ordinals.get(key, 0) for key in keys], self.column(feature, [], length)
        record = np.ascontiguousarray(self.records[ordinals, self.fields[feature["name"]]])
        column[: len(keys)] = record.view(feature["dtype"]).reshape(-1, *feature["shape"])
        for i, key in enumerate(keys):
            if feature["key"] and ordinals[i] == 0:
                column[i] = self.encoded(feature, feature["encoder"], key)
        return column

    @functools.cache
    def table(self, name, keys, length):
        """Rows [length + 1, width] and the row of each behaviour in them; row 0 is the miss row."""
        header, payload = self.stored[name]
        width, ordinals = header["width"], np.array([self.ordinals.get(key, 0) for key in keys], int)
        ordinals[ordinals >= header["rows"]] = 0
        rows, row = np.zeros((length + 1, width), "f4"), np.zeros(length, "i4")
        picked = payload.reshape(header["rows"], -1)[ordinals]
        if header["precision"] == "uint8":
            affine = np.ascontiguousarray(picked[:, width:]).view("<f4").reshape(len(keys), len(header["heads"]), 2)
            affine, picked = np.repeat(affine, header["heads"], axis=1), picked[:, :width]
            rows[1 : len(keys) + 1] = affine[:, :, 1] + affine[:, :, 0] * picked
        else:
            rows[1 : len(keys) + 1] = picked.view({"float32": "<f4", "float16": "<f2"}[header["precision"]])
        row[: len(keys)] = np.where(ordinals > 0, np.arange(len(keys)) + 1, 0)
        missed = np.flatnonzero(ordinals == 0)
        if self.manifest["tables"][name]["on_miss"] == "compute" and len(missed):
            some = [keys[i] for i in missed]
            made = self.run("projector", lambda source: self.items(self.features[source["feature"]], some, len(some)))
            ports = {one["result"]["table"]: one["name"] for one in self.manifest["graphs"]["projector"]["outputs"]}
            rows[missed + 1], row[missed] = made[ports[name]], missed + 1
        return rows, row

    def run(self, graph, value):
        """A graph's outputs by name. `value`: what an input holds, by its source."""
        spec, feeds = self.manifest["graphs"][graph], {}
        for port in spec["inputs"]:
            source = port["source"]
            tensor = self.parameter(source["parameter"]) if source["kind"] == "embedding" else value(source)
            feeds[port["name"]] = tensor.astype(port["dtype"], copy=False)
        session = onnxruntime.InferenceSession(self.root / spec["file"], providers=["CPUExecutionProvider"])
        return dict(zip((port.name for port in session.get_outputs()), session.run(None, feeds)))

    def parameter(self, name):
        path = self.root / "weights.safetensors"
        size = int(np.fromfile(path, "<u8", 1)[0])
        entry = json.loads(np.fromfile(path, np.uint8, size, offset=8).tobytes())[name]
        return np.memmap(path, "<f4", "r", 8 + size + entry["data_offsets"][0], tuple(entry["shape"]))

    def rank(self, request):
        given, (specs, tables, graphs) = request.get("history", {}), map(self.manifest.get, ("histories", "tables", "graphs"))
        given = given if len(specs) != 1 or specs[0]["name"] in given else {specs[0]["name"]: given}
        times = {name: [seconds(one) for one in columns.get("time", [])] for name, columns in given.items()}
        steps = any(one["encoder"].get("unit") == "steps" for one in self.features.values())
        before = math.inf if request.get("time") is None else seconds(request["time"])
        now = before if before < math.inf else 1 + max([0, *sum(times.values(), [])]) if steps else time.time()
        sides, kept, candidates = {}, {}, [self.key(key) for key in request["candidates"]["item"]]
        if made := {"gap", "met", "rate", "recent", "last", "since", "popularity", "centroid"} & {one["encoder"]["kind"] for one in self.features.values()}:
            sys.exit(f"rank.py neither counts behaviours nor finds clusters, as `{min(made)}` does: rank with Twin itself")
        brought = set().union(*(request.get(one, {}) for one in ("user", "context", "candidates")), *given.values())
        if not brought <= {"item", "time", *(one["column"] for one in self.features.values())}:
            sys.exit("rank.py: there are columns that are no features: bring the features themselves")
        for one in specs:
            columns, at = given[one["name"]], times[one["name"]]
            order = [i for i in range(len(columns["item"])) if not at or at[i] < before]
            order = sorted(order, key=lambda i: -at[i] if at else i)[: one["max"]]
            made = {"elapsed": [now - at[i] for i in order if at], "place": range(1, len(order) + 1)}
            keys = tuple(self.key(columns["item"][i]) for i in order)
            sides[one["name"]] = {"size": [1] * len(columns["item"]), **columns}, made, order, keys, max(len(order), one["minimum"])

        def value(source):
            kind, feature = source["kind"], self.features.get(source.get("feature"))
            if kind == "candidate-item":
                return self.items(feature, candidates, len(candidates))
            if kind == "candidate":
                return self.column(feature, request["candidates"][feature["column"]])
            if kind == "single":
                clock = "zone" in feature["encoder"]
                return self.column(feature, [now if clock else request.get(feature["group"], {}).get(feature["column"])])
            if kind == "kept":
                return kept[next(one["kept"] for one in self.manifest["searches"] if one["name"] == source["search"])]
            columns, made, order, keys, length = sides[source.get("history") or tables[source["table"]]["history"]]
            if kind in ("row", "table"):
                return self.table(source["table"], keys, length)[kind == "row"]
            if kind in ("valid", "history-item"):
                return self.items(feature, keys, length) if feature else np.arange(length) < len(keys)
            values = made.get(feature["encoder"]["kind"]) or [columns[feature["column"]][i] for i in order]
            return self.column(feature, values, length)

        for graph in ["request"] if "request" in graphs else ["search", "rank"] if "search" in graphs else ["rank"]:
            kept = self.run(graph, value)
        return kept

if __name__ == "__main__":
    outputs = (ranker := Ranker(pathlib.Path(sys.argv[1]))).rank(json.loads(pathlib.Path(sys.argv[2]).read_text("utf-8-sig")))
    by = lambda port: {one["name"]: outputs[one[port]].tolist() for one in ranker.manifest["labels"]}
    best = outputs[ranker.manifest.get("score", {}).get("output", ranker.manifest["labels"][0]["logit"])]
    order = np.argsort(-best, kind="stable").tolist()
    print(json.dumps({"scores": by("output"), "logits": by("logit"), "order": order}))
