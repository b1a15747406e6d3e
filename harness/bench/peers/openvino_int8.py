"""OpenVINO's side of `make bench-openvino`: int8 by NNCF's post-training quantisation, as its documentation has it for transformers.

It runs at the lowest priority, as our sessions do, so that other work on the machine takes from both alike.
Arguments: folder with model.onnx (fp32, padded form) and samples.json. Answers each line of stdin with one of JSON: "throughput"
runs all samples once, lengths rounded up to 32, two streams: samples a second, and processor ms a sample; "latency N" runs one sample of N tokens and gives the median ms.
"""

import json
import os
import statistics
import sys
import time

import nncf
import numpy as np
import openvino as ov

os.nice(19)
folder = sys.argv[1]
with open(os.path.join(folder, "samples.json"), encoding="utf-8") as file:
    data = json.load(file)
cores = data["cores"]


def feed(sample, length):
    padding = length - len(sample["ids"])
    row = lambda values: np.array([values + [0] * padding], dtype=np.int32)
    return {
        "input_ids": row(sample["ids"]),
        "token_type_ids": row(sample["segments"]),
        "attention_mask": row([1] * len(sample["ids"])),
    }


def rounded(sample):
    return feed(sample, min(384, -(-len(sample["ids"]) // 32) * 32))


core = ov.Core()
model = core.read_model(os.path.join(folder, "model.onnx"))
calibration = nncf.Dataset(data["calibration"], lambda sample: feed(sample, len(sample["ids"])))
quantized = nncf.quantize(
    model, calibration, model_type=nncf.ModelType.TRANSFORMER, subset_size=len(data["calibration"])
)
fast = core.compile_model(
    quantized,
    "CPU",
    {"PERFORMANCE_HINT": "THROUGHPUT", "NUM_STREAMS": str(cores), "INFERENCE_NUM_THREADS": cores},
)
quick = core.compile_model(
    quantized, "CPU", {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": cores}
)
feeds = [rounded(sample) for sample in data["samples"]]
queue = ov.AsyncInferQueue(fast, cores)


def throughput():
    start, processor = time.perf_counter(), time.process_time()
    for each in feeds:
        queue.start_async(each)
    queue.wait_all()
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    return [len(feeds) / seconds, processor * 1000 / len(feeds)]


def latency(length):
    sample = next(each for each in data["samples"] if len(each["ids"]) >= length)
    cut = {"ids": sample["ids"][:length], "segments": sample["segments"][:length]}
    request = quick.create_infer_request()
    each = feed(cut, length)
    times = []
    for _ in range(30):
        start = time.perf_counter()
        request.infer(each)
        times.append((time.perf_counter() - start) * 1000)
    return [statistics.median(times)]


throughput()  # kernels for every shape and stream
throughput()
answer = lambda value: print(json.dumps({"value": value}), flush=True)
answer(ov.get_version())
for line in sys.stdin:
    words = line.split()
    answer(throughput() if words[0] == "throughput" else latency(int(words[1])))
