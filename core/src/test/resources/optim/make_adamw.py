"""Writes adamw-torch-<version>.json: gradients of two parameters, and what torch.optim.AdamW makes of them.

Two groups with rates and decays of their own, a linear decay of both rates, float32 and float64.
Run: python make_adamw.py   (needs torch; the file carries its version in the name)
"""
import json
import pathlib

import torch

STEPS = 30
GROUPS = {"a": ([3, 2], 0.004, 0.1), "b": ([2, 5], 0.064, 0.0)}


def run(dtype):
    generator = torch.Generator().manual_seed(20240219)
    start = {n: torch.randn(s, generator=generator, dtype=torch.float64).to(dtype) for n, (s, _, _) in GROUPS.items()}
    grads = {
        n: [(torch.randn(s, generator=generator, dtype=torch.float64) * 10.0 ** (i % 5 - 3)).to(dtype) for i in range(STEPS)]
        for n, (s, _, _) in GROUPS.items()
    }
    params = {n: torch.nn.Parameter(v.clone()) for n, v in start.items()}
    optimizer = torch.optim.AdamW(
        [{"params": [params[n]], "lr": lr, "weight_decay": wd} for n, (_, lr, wd) in GROUPS.items()],
        betas=(0.9, 0.999), eps=1e-8, foreach=False,
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: (STEPS - step) / STEPS)
    for i in range(STEPS):
        for n, p in params.items():
            p.grad = grads[n][i].clone()
        optimizer.step()
        schedule.step()
    flat = lambda t: [float(x) for x in t.detach().flatten()]
    return {
        n: {
            "shape": list(start[n].shape), "rate": GROUPS[n][1], "decay": GROUPS[n][2], "start": flat(start[n]),
            "gradients": [flat(g) for g in grads[n]], "end": flat(params[n]),
            "m": flat(optimizer.state[params[n]]["exp_avg"]), "v": flat(optimizer.state[params[n]]["exp_avg_sq"]),
        }
        for n in GROUPS
    }


version = torch.__version__.split("+")[0]
here = pathlib.Path(__file__).parent
text = json.dumps({"torch": version, "steps": STEPS, "FLOAT": run(torch.float32), "DOUBLE": run(torch.float64)}, indent=1)
(here / f"adamw-torch-{version}.json").write_text(text + "\n")
