"""Steps of torch.optim.AdamW with torch.nn.utils.clip_grad_norm_, as the reference for AdamW.

python adamw.py > ../optimizer/adamw.json     (PyTorch 2.13)

A matrix that decays and a vector that does not; gradients are given, some small enough not to be cut.
"""
import json
import random

import torch

RATES = [0.02, 0.02, 0.015, 0.01, 0.005, 0.001]
SCALES = [0.01, 3.0, 0.3, 10.0, 0.05, 1.0]  # of the gradient of each step
NORM = 1.0


def run(dtype):
    random.seed(5)
    numbers = lambda n: [random.gauss(0, 1) for _ in range(n)]
    start = {"matrix": numbers(12), "vector": numbers(5)}
    steps = [{"rate": r, "matrix": [s * x for x in numbers(12)], "vector": [s * x for x in numbers(5)]} for r, s in zip(RATES, SCALES)]
    weights = {
        "matrix": torch.nn.Parameter(torch.tensor(start["matrix"], dtype=dtype).view(3, 4)),
        "vector": torch.nn.Parameter(torch.tensor(start["vector"], dtype=dtype)),
    }
    optimizer = torch.optim.AdamW(
        [
            {"params": [weights["matrix"]], "weight_decay": 0.1},
            {"params": [weights["vector"]], "weight_decay": 0.0},
        ],
        lr=1.0, betas=(0.9, 0.98), eps=1e-7,
    )
    for step in steps:
        for name, weight in weights.items():
            weight.grad = torch.tensor(step[name], dtype=dtype).view(weight.shape)
        step["norm"] = torch.nn.utils.clip_grad_norm_(list(weights.values()), NORM).item()
        for group in optimizer.param_groups:
            group["lr"] = step["rate"]
        optimizer.step()
        step["after"] = {name: weight.detach().flatten().tolist() for name, weight in weights.items()}
    return {"start": start, "steps": steps}


print(json.dumps({"torch": torch.__version__, "float64": run(torch.float64), "float32": run(torch.float32)}))
