#!/usr/bin/env python3
"""BERT question answering in PyTorch on one GPU, as a user without TensorRT would run it: fp16, fused attention,
torch.compile, CUDA graphs. Random weights: for speed only. Prints one JSON object per measurement.

  pytorch_bert.py --model bert-large --lengths FILE [--seconds 3] [--skip-compile]

FILE holds one sample length per line (sample-lengths.ts writes those of the default data). Measured are

  fixed    batch x length, CUDA graph replay, copies to and from the device inside
  offline  all lengths, longest first: in padded batches with a mask, and packed where torch has varlen attention
"""

import argparse
import json
import time

import torch
import torch.nn.functional as F
from torch import nn

SIZES = {  # layers, hidden, heads, feed-forward
    "bert-large": (24, 1024, 16, 4096),
    "bert-base": (12, 768, 12, 3072),
    "minilm-qa": (6, 384, 12, 1536),
}
VOCABULARY, POSITIONS = 30522, 512

try:
    from torch.nn.attention.varlen import varlen_attn
except ImportError:  # before PyTorch 2.10
    varlen_attn = None


class Layer(nn.Module):
    def __init__(self, hidden, heads, inner):
        super().__init__()
        self.heads, self.size = heads, hidden // heads
        self.qkv, self.out = nn.Linear(hidden, 3 * hidden), nn.Linear(hidden, hidden)
        self.widen, self.narrow = nn.Linear(hidden, inner), nn.Linear(inner, hidden)
        self.norm1, self.norm2 = nn.LayerNorm(hidden, 1e-12), nn.LayerNorm(hidden, 1e-12)

    def forward(self, x, attend):
        qkv = self.qkv(x).unflatten(-1, (3, self.heads, self.size))
        x = self.norm1(x + self.out(attend(*qkv.unbind(-3)).flatten(-2)))
        return self.norm2(x + self.narrow(F.gelu(self.widen(x))))


class Bert(nn.Module):
    def __init__(self, layers, hidden, heads, inner):
        super().__init__()
        self.words, self.positions = nn.Embedding(VOCABULARY, hidden), nn.Embedding(POSITIONS, hidden)
        self.segments, self.norm = nn.Embedding(2, hidden), nn.LayerNorm(hidden, 1e-12)
        self.layers = nn.ModuleList(Layer(hidden, heads, inner) for _ in range(layers))
        self.answer = nn.Linear(hidden, 2)

    def forward(self, ids, segments, positions, attend):
        x = self.norm(self.words(ids) + self.segments(segments) + self.positions(positions))
        for layer in self.layers:
            x = layer(x, attend)
        return self.answer(x).float()

    def padded(self, ids, segments, mask):
        """ids, segments int64[batch, sequence]; mask bool[batch, 1, 1, sequence] or None."""

        def attend(q, k, v):
            q, k, v = (t.transpose(1, 2) for t in (q, k, v))
            return F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2)

        return self(ids, segments, torch.arange(ids.shape[1], device=ids.device), attend)

    def packed(self, ids, segments, positions, starts, longest):
        """ids, segments, positions int64[tokens]; starts int32[batch + 1]."""
        return self(ids, segments, positions, lambda q, k, v: varlen_attn(q, k, v, starts, starts, longest, longest))


def emit(**fields):
    print(json.dumps({"torch": torch.__version__, "gpu": torch.cuda.get_device_name(), **fields}), flush=True)


def timed(run, seconds):
    """Milliseconds of each call, host clock, device drained after each."""
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        run()
        torch.cuda.synchronize()
        times.append((time.perf_counter() - start) * 1e3)
    return sorted(times)


def measure_fixed(call, how, batch, length, seconds):
    host = torch.randint(0, VOCABULARY, (2, batch, length)).pin_memory()
    host[1].zero_()
    device = host.to("cuda")
    out_host = torch.empty(batch, length, 2, pin_memory=True)
    with torch.inference_mode():
        for _ in range(3):
            call(device[0], device[1], None)
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            out = call(device[0], device[1], None)

        def run():
            device.copy_(host, non_blocking=True)
            graph.replay()
            out_host.copy_(out, non_blocking=True)

        for _ in range(5):
            run()
        times = timed(run, seconds)
    p50 = times[len(times) // 2]
    emit(kind="fixed", how=how, batch=batch, length=length, p50_ms=p50, p99_ms=times[len(times) * 99 // 100],
         samples_per_second=batch / p50 * 1e3)


def batches_of(lengths, size):
    ordered = sorted(lengths, reverse=True)
    return [ordered[at:at + size] for at in range(0, len(ordered), size)]


def padded_batch(lengths):
    width = -(-lengths[0] // 8) * 8
    mask = torch.arange(width)[None] < torch.tensor(lengths)[:, None]
    return [torch.randint(0, VOCABULARY, mask.shape) * mask, torch.zeros(mask.shape, dtype=torch.long), mask[:, None, None]]


def packed_batch(lengths):
    positions = torch.cat([torch.arange(n) for n in lengths])
    starts = torch.tensor([0, *lengths], dtype=torch.int32).cumsum(0, dtype=torch.int32)
    return [torch.randint(0, VOCABULARY, positions.shape), torch.zeros_like(positions), positions, starts]


def measure_offline(call, how, form, lengths, size, seconds):
    make = padded_batch if form == "padded" else packed_batch
    batches = []
    for own in batches_of(lengths, size):
        tensors = [t.pin_memory() for t in make(own)]
        answers = torch.empty(*tensors[0].shape, 2, pin_memory=True)
        batches.append((tensors, answers, [own[0]] if form == "packed" else []))

    def run():
        for tensors, answers, longest in batches:
            inputs = [t.to("cuda", non_blocking=True) for t in tensors]
            answers.copy_(call(*inputs, *longest), non_blocking=True)

    with torch.inference_mode():
        for _ in range(2):
            run()
        torch.cuda.synchronize()
        times = timed(run, seconds)
    emit(kind="offline", how=how, form=form, batch=size, samples=len(lengths), tokens=sum(lengths),
         samples_per_second=len(lengths) / times[len(times) // 2] * 1e3)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=SIZES, default="bert-large")
    parser.add_argument("--lengths", help="file of sample lengths, one a line")
    parser.add_argument("--fixed", default="1x384,128x384", help="batch x length, comma list")
    parser.add_argument("--batches", default="64,128,256", help="Offline batch sizes, comma list")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--skip-compile", action="store_true")
    arguments = parser.parse_args()

    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = True
    model = Bert(*SIZES[arguments.model]).half().cuda().eval()
    for parameter in model.parameters():
        if parameter.dim() > 1:
            nn.init.normal_(parameter, 0, 0.02)
    fixed = [tuple(map(int, pair.split("x"))) for pair in arguments.fixed.split(",") if pair]
    sizes = [int(size) for size in arguments.batches.split(",") if size]
    lengths = []
    if arguments.lengths:
        with open(arguments.lengths, encoding="utf-8") as file:
            lengths = [int(line) for line in file if line.strip()]

    ways = [("eager", lambda f, **_: f)]
    if not arguments.skip_compile:
        ways.append(("compile", torch.compile))
    for how, compiled in ways:
        torch._dynamo.reset()
        for batch, length in fixed:
            measure_fixed(compiled(model.padded, dynamic=False), f"{how} + CUDA graph", batch, length, arguments.seconds)
        # Compiled once for all sizes; a form that this torch cannot run is told, and the others go on.
        forms = {"padded": compiled(model.padded, dynamic=True)}
        if varlen_attn is not None:
            forms["packed"] = compiled(model.packed, dynamic=True)
        for size in sizes if lengths else []:
            for form, call in forms.items():
                try:
                    measure_offline(call, how, form, lengths, size, arguments.seconds)
                except Exception as error:  # torch raises whatever its compiler raises
                    emit(kind="offline", how=how, form=form, batch=size, error=f"{type(error).__name__}: {error}"[:300])


if __name__ == "__main__":
    main()
