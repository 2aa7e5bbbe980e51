"""Writes schedules-transformers-<version>.json: factors of transformers' schedules at every step.

Run: python make_schedules.py   (needs torch, transformers; the file carries the version of transformers in the name)
"""
import json
import pathlib

import torch
import transformers
from transformers import optimization

SHAPES = {
    "constant": lambda o, w, t: optimization.get_constant_schedule_with_warmup(o, w),
    "linear": optimization.get_linear_schedule_with_warmup,
    "cosine": optimization.get_cosine_schedule_with_warmup,
    "restarts": lambda o, w, t: optimization.get_cosine_with_hard_restarts_schedule_with_warmup(o, w, t, num_cycles=3),
    "polynomial": lambda o, w, t: optimization.get_polynomial_decay_schedule_with_warmup(o, w, t, lr_end=0.2, power=2.0),
    "inverse": lambda o, w, t: optimization.get_inverse_sqrt_schedule(o, w),
}
STEPS = {(10, 40): 41, (0, 25): 26}  # cosine rises again after its end there, and stays 0 here


def run(name, warm_up, total):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=2.0)
    schedule = SHAPES[name](optimizer, warm_up, total)
    factors = []
    for _ in range(STEPS[warm_up, total] + 1):
        factors.append(optimizer.param_groups[0]["lr"] / 2.0)
        optimizer.step()
        schedule.step()
    return {"name": name, "warmUp": warm_up, "total": total, "factors": factors}


def share(value, total):
    arguments = transformers.TrainingArguments(output_dir="none", warmup_steps=value, use_cpu=True, report_to=[])
    return {"share": value, "total": total, "steps": arguments.get_warmup_steps(total)}


result = {
    "transformers": transformers.__version__,
    "cases": [run(name, *lengths) for name in SHAPES for lengths in STEPS],
    "shares": [share(value, total) for value, total in [(0.1, 100), (0.06, 151), (0.5, 7), (0.0, 9)]],
}
text = json.dumps(result).replace('{"name"', '\n{"name"')
(pathlib.Path(__file__).parent / f"schedules-transformers-{transformers.__version__}.json").write_text(text + "\n")
