"""Trains a linear layer with a low-rank branch by torch's cross entropy, as a whole batch, and writes what came out.

Usage: python make_losses.py FOLDER
"""

import json
import sys
from pathlib import Path

import torch

SEED = 17
B, IN, RANK, CLASSES, STEPS = 7, 5, 2, 4, 4
SCALING, RATE_A, RATE_B = 1.5, 1e-2, 8e-2
IGNORED = -100
WEIGHTS = [0.5, 2.0, 1.0, 3.25]
CASES = {
    "plain": {},
    "smoothing": {"label_smoothing": 0.1},
    "weights": {"weight": WEIGHTS},
    "both": {"label_smoothing": 0.25, "weight": WEIGHTS},
    "masked": {"masked": [1, 4, 6]},
    "masked_both": {"label_smoothing": 0.25, "weight": WEIGHTS, "masked": [1, 4, 6]},
    "sum_both": {"label_smoothing": 0.25, "weight": WEIGHTS, "reduction": "sum"},
}


def run(case: dict, data: dict) -> dict:
    options = dict(case)
    masked = options.pop("masked", [])
    if "weight" in options:
        options["weight"] = torch.tensor(options["weight"], dtype=torch.float64)
    loss_of = torch.nn.CrossEntropyLoss(ignore_index=IGNORED, **options)
    a = torch.nn.Parameter(data["a"].clone())
    b = torch.nn.Parameter(data["b"].clone())
    optimizer = torch.optim.AdamW(
        [{"params": [a], "lr": RATE_A}, {"params": [b], "lr": RATE_B}], weight_decay=0.0)
    losses, first = [], {}
    for step in range(STEPS):
        classes = data["classes"][step].clone()
        classes[masked] = IGNORED
        x = data["x"][step]
        optimizer.zero_grad()
        loss = loss_of(x @ data["w"] + SCALING * (x @ a) @ b, classes)
        loss.backward()
        if step == 0:
            first = {"a": a.grad.tolist(), "b": b.grad.tolist()}
        optimizer.step()
        losses.append(loss.item())
    return {"options": case, "losses": losses, "gradients": first, "a": a.tolist(), "b": b.tolist()}


def main(folder: Path) -> None:
    generator = torch.Generator().manual_seed(SEED)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    data = {
        "w": draw(IN, CLASSES),
        "a": draw(IN, RANK),
        "b": draw(RANK, CLASSES),
        "x": draw(STEPS, B, IN),
        "classes": torch.randint(CLASSES, (STEPS, B), generator=generator),
    }
    golden = {name: value.tolist() for name, value in data.items()}
    golden["constants"] = {"scaling": SCALING, "rate_a": RATE_A, "rate_b": RATE_B, "rank": RANK}
    golden["cases"] = {name: run(case, data) for name, case in CASES.items()}
    version = torch.__version__.split("+")[0]
    path = folder / f"losses-torch-{version}.json"
    path.write_text(json.dumps(golden) + "\n", encoding="utf-8")
    print(path, path.stat().st_size)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
