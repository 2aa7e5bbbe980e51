"""Writes optimizers-torch-<version>.json: gradients of two parameters, and what torch's optimizers make of them.

Two groups with rates and decays of their own, a linear decay of both rates, float32 and float64; parameters after some
of the steps, in full digits. NAdam keeps its product of momenta in torch's default type, so that is float64 here.
Run: python make_optimizers.py   (needs torch; the file carries its version in the name)
"""
import json
import pathlib

import torch

STEPS = 20
SHOWN = [1, 2, 3, 5, 10, 20]
GROUPS = {"a": ([3, 2], 0.004, 0.1), "b": ([2, 5], 0.064, 0.02)}
CASES = {
    "adamW": (torch.optim.AdamW, {}),
    "adam": (torch.optim.Adam, {}),
    "amsGrad": (torch.optim.Adam, {"amsgrad": True, "betas": (0.8, 0.9)}),
    "nadam": (torch.optim.NAdam, {}),
    "sgd": (torch.optim.SGD, {}),
    "momentum": (torch.optim.SGD, {"momentum": 0.9}),
    "nesterov": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    "rmsProp": (torch.optim.RMSprop, {}),
    "adaGrad": (torch.optim.Adagrad, {}),
}


def flat(tensor):
    return [float(x) for x in tensor.detach().flatten()]


def problem(dtype):
    generator = torch.Generator().manual_seed(20240219)

    def draw(shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    start = {n: draw(s).to(dtype) for n, (s, _, _) in GROUPS.items()}
    grads = {n: [(draw(s) * 10.0 ** (i % 5 - 3)).to(dtype) for i in range(STEPS)] for n, (s, _, _) in GROUPS.items()}
    return start, grads


def run(case, dtype):
    start, grads = problem(dtype)
    params = {n: torch.nn.Parameter(v.clone()) for n, v in start.items()}
    optimizer_class, options = CASES[case]
    optimizer = optimizer_class(
        [{"params": [params[n]], "lr": lr, "weight_decay": wd} for n, (_, lr, wd) in GROUPS.items()],
        foreach=False, **options,
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: (STEPS - step) / STEPS)
    shown = {n: [] for n in GROUPS}
    for i in range(STEPS):
        for n, p in params.items():
            p.grad = grads[n][i].clone()
        optimizer.step()
        schedule.step()
        if i + 1 in SHOWN:
            for n, p in params.items():
                shown[n].append(flat(p))
    return shown


def data(dtype):
    start, grads = problem(dtype)
    return {
        n: {"shape": s, "rate": rate, "decay": decay, "start": flat(start[n]), "gradients": [flat(g) for g in grads[n]]}
        for n, (s, rate, decay) in GROUPS.items()
    }


torch.set_default_dtype(torch.float64)
version = torch.__version__.split("+")[0]
types = {"FLOAT": torch.float32, "DOUBLE": torch.float64}
golden = {
    "torch": version, "steps": STEPS, "shown": SHOWN,
    "data": {name: data(dtype) for name, dtype in types.items()},
    "cases": {case: {name: run(case, dtype) for name, dtype in types.items()} for case in CASES},
}
here = pathlib.Path(__file__).parent
(here / f"optimizers-torch-{version}.json").write_text(json.dumps(golden) + "\n")
