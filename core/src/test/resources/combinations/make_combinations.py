"""Writes peft-<version>/: three LoRA adapters of one small network, and what PEFT's add_weighted_adapter makes of them.

Run:  PYTHONHASHSEED=0 python make_combinations.py   (torch 2.15.0, peft 0.21.2, safetensors 0.8.0)

one/, two/ and three/ are the adapters as PEFT saves them: of rank 2 on all modules, of rank 2 on all modules, and of rank 3
with rsLoRA on the first linear module alone. deltas.safetensors holds, for each case and module, the change of the weight
that PEFT computes with the new adapter, as `<case>/<module>`.
"""
import pathlib
import shutil

import peft
import torch
from safetensors.torch import save_file
from torch import nn

HERE = pathlib.Path(__file__).parent
ALL = ["words", "fc1", "fc2"]
ADAPTERS = {
    "one": dict(r=2, lora_alpha=3, target_modules=ALL),
    "two": dict(r=2, lora_alpha=5, target_modules=ALL),
    "three": dict(r=3, lora_alpha=4, use_rslora=True, target_modules=["fc1"]),
}
# kind, shares, rank, scale of "one"
CASES = {
    "linear": ("linear", {"one": 0.7, "two": -0.4}, None, 1.0),
    "linear-single": ("linear", {"three": 1.5}, None, 1.0),
    "linear-scaled": ("linear", {"one": 0.7, "two": 0.4}, None, 2.5),
    "cat": ("cat", {"two": -1.2, "one": 0.5, "three": 0.3}, None, 1.0),
    "cat-scaled": ("cat", {"one": 0.5, "two": -1.2}, None, -0.5),
    "svd": ("svd", {"one": 0.5, "two": 1.0, "three": -0.75}, None, 1.0),
    "svd-2": ("svd", {"one": 0.5, "two": 1.0, "three": -0.75}, 2, 1.0),
    "svd-4": ("svd", {"two": 0.5, "one": -1.0}, 4, 3.0),
}


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(11, 5)
        self.fc1 = nn.Linear(5, 7)
        self.fc2 = nn.Linear(7, 4)


def model():
    """Gives the network with the three adapters, whose factors are drawn anew, the same at every call."""
    torch.manual_seed(20)
    names = iter(ADAPTERS.items())
    name, config = next(names)
    network = peft.get_peft_model(Network(), peft.LoraConfig(**config), adapter_name=name)
    for name, config in names:
        network.add_adapter(name, peft.LoraConfig(**config))
    for name, parameter in network.named_parameters():
        if "lora_" in name:
            parameter.data = torch.rand(parameter.shape) - 0.5
    return network


def modules(network):
    return {n.split(".")[-1]: m for n, m in network.named_modules() if isinstance(m, peft.tuners.lora.LoraLayer)}


def main():
    folder = HERE / f"peft-{peft.__version__}"
    shutil.rmtree(folder, ignore_errors=True)
    model().save_pretrained(folder)
    for readme in folder.rglob("README.md"):
        readme.unlink()
    deltas = {}
    for case, (kind, shares, rank, scale) in CASES.items():
        network = model()
        for module in modules(network).values():
            module.set_scale("one", scale)
        if list(shares) == ["three"]:
            # PEFT leaves rsLoRA on in the new adapter, which makes its change sqrt(rank) times too large
            network.peft_config["three"].use_rslora = False
        network.base_model.add_weighted_adapter(list(shares), list(shares.values()), "new", kind, svd_rank=rank)
        for name, module in modules(network).items():
            if "new" in module.scaling:
                assert module.scaling["new"] == 1
                deltas[f"{case}/{name}"] = module.get_delta_weight("new").detach().contiguous().clone()
    save_file(deltas, folder / "deltas.safetensors")


if __name__ == "__main__":
    main()
