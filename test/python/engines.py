"""Every graph that serves, as others see it: onnx's checker and strict shape inference, and the numbers of ONNX Runtime for
Python on the inputs of parity.safetensors. `python engines.py DIR` prints {"faults": [...], "runs": [{place, outputs}, ...]}.
"""
import json, pathlib, sys
import numpy as np
import onnx
import onnxruntime

TYPES = {"F32": "<f4", "I32": "<i4", "U8": "u1", "F16": "<f2", "U16": "<f2"}


def tensors(path):
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    header.pop("__metadata__", None)
    found = {}
    for name, entry in header.items():
        begin, end = (start + at for at in entry["data_offsets"])
        found[name] = np.frombuffer(data[begin:end], TYPES[entry["dtype"]]).reshape(entry["shape"])
    return found


def walk(graph, nodes, graphs, faults):
    """Names of all nodes and graphs, those of branches included."""
    graphs.append(graph.name)
    for node in graph.node:
        nodes.append(node.name)
        for attribute in node.attribute:
            if not attribute.HasField("g"):
                continue
            for output in attribute.g.output:
                if not (output.type.tensor_type.elem_type and output.type.tensor_type.HasField("shape")):
                    faults.append(f"{node.name}: {attribute.name} returns {output.name} without type or shape")
            walk(attribute.g, nodes, graphs, faults)


def examine(path):
    faults = []
    try:
        onnx.checker.check_model(str(path), full_check=True)
        model = onnx.load(path, load_external_data=False)
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
        nodes, graphs = [], []
        walk(model.graph, nodes, graphs, faults)
        for names in (nodes, graphs):
            faults += [f"the name {name} stands twice" for name in set(names) if names.count(name) > 1 or not name]
    except Exception as error:
        faults.append(str(error))
    return [f"{path.name}: {fault}" for fault in faults]


def main(root):
    manifest = json.loads((root / "manifest.json").read_text("utf-8"))
    stored = tensors(root / "parity.safetensors")
    files, faults, sessions, runs = {}, [], {}, []
    for name, graph in manifest["graphs"].items():
        files[name] = graph
        files |= {f"{name}.{dtype}": {**graph, **variant} for dtype, variant in graph.get("variants", {}).items()}
    for path in [root / graph["file"] for graph in files.values()] + sorted((root / "train").glob("*.onnx")):
        faults += examine(path)
    for place in dict.fromkeys(name.split("/")[0] for name in stored):
        graph = next(name for name in (".".join(place.split(".")[:2]), place.split(".")[0]) if name in files)
        if graph not in sessions:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            sessions[graph] = onnxruntime.InferenceSession(root / files[graph]["file"], options, ["CPUExecutionProvider"])
        feeds = {port["name"]: stored[f"{place}/in/{port['name']}"] for port in files[graph]["inputs"]}
        outputs = [port["name"] for port in files[graph]["outputs"]]
        found = zip(outputs, sessions[graph].run(outputs, feeds))
        runs.append({"graph": graph, "outputs": {name: {"shape": one.shape, "dtype": str(one.dtype), "data": one.ravel().tolist()} for name, one in found}})
    print(json.dumps({"faults": faults, "runs": runs}))


main(pathlib.Path(sys.argv[1]))
