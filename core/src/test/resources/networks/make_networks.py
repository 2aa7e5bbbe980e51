"""Writes peft-<version>-<case>/: small PyTorch networks, the LoRA adapter that PEFT saves for them, and their outputs.

Run:  PYTHONHASHSEED=0 python make_networks.py [case ..]
      (torch 2.15.0, peft 0.21.2, safetensors 0.8.0; versions are in the folder names)
      python make_networks.py --check loraplus-<version>-<case>
The second loads an adapter that LoRA+ for Deeplearning4j saved onto the same weights into PEFT, and writes what PEFT
computes with it to <folder>/peft-<version>-output.safetensors.

network.safetensors holds the weights and the input as float32, and the outputs, computed in float64:
`base` without adapter and `adapted` with it.
"""
import json
import pathlib
import sys

import peft
import torch
from safetensors.torch import load_file, save_file
from torch import nn

HERE = pathlib.Path(__file__).parent


def mlp():
    return nn.Sequential(), {"fc1": nn.Linear(5, 7), "relu": nn.ReLU(), "fc2": nn.Linear(7, 3)}, [4, 5]


def cnn():
    layers = {
        "conv": nn.Conv2d(2, 4, (3, 2)), "relu": nn.ReLU(), "flatten": nn.Flatten(),
        "fc": nn.Linear(16, 5), "tanh": nn.Tanh(), "head": nn.Linear(5, 3),
    }
    return nn.Sequential(), layers, [3, 2, 4, 3]


def conv1d():
    return nn.Sequential(), {"conv": nn.Conv1d(3, 4, 2), "tanh": nn.Tanh(), "next": nn.Conv1d(4, 2, 3)}, [2, 3, 6]


def conv2d():
    return nn.Sequential(), {"conv": nn.Conv2d(3, 4, (3, 2)), "tanh": nn.Tanh(), "next": nn.Conv2d(4, 2, (1, 2))}, [2, 3, 4, 5]


def conv3d():
    return nn.Sequential(), {"conv": nn.Conv3d(2, 4, (2, 3, 2))}, [2, 2, 3, 4, 3]


def words():
    return nn.Sequential(), {"words": nn.Embedding(6, 5), "tanh": nn.Tanh(), "fc": nn.Linear(5, 3)}, [4]


# rank, alpha, targets, modules to save, more options
CASES = {
    "mlp": (mlp, 2, 3, ["fc1", "fc2"], None, {}),
    "cnn": (cnn, 3, 4, ["conv", "fc"], ["head"], {}),
    "conv1d": (conv1d, 2, 5, ["conv"], ["next"], {}),
    "conv2d": (conv2d, 3, 2, ["conv"], ["next"], {}),
    "conv3d": (conv3d, 3, 2, ["conv"], None, {}),
    "dora": (cnn, 3, 4, ["conv", "fc"], ["head"], {"use_dora": True}),
    "words": (words, 2, 3, ["words", "fc"], None, {}),
    "wordsdora": (words, 2, 3, ["words", "fc"], None, {"use_dora": True}),
    "patterns": (cnn, 3, 4, ["conv", "fc", "head"], None, {
        "rank_pattern": {"fc": 2, "head": 1}, "alpha_pattern": {"conv": 6}, "use_rslora": True}),
    "biases": (cnn, 3, 4, ["conv", "fc"], None, {"bias": "all"}),
    "lorabiases": (cnn, 3, 4, ["conv", "fc"], None, {"bias": "lora_only"}),
    "biasofb": (mlp, 2, 3, ["fc1", "fc2"], None, {"lora_bias": True}),
    "pissa": (mlp, 2, 3, ["fc1", "fc2"], None, {"init_lora_weights": "pissa"}),
    "olora": (mlp, 2, 3, ["fc1", "fc2"], None, {"init_lora_weights": "olora", "use_rslora": True}),
    "pissadora": (mlp, 2, 3, ["fc1", "fc2"], None, {"init_lora_weights": "pissa", "use_dora": True}),
}


def network(case):
    sequence, layers, shape = CASES[case][0]()
    for name, layer in layers.items():
        sequence.add_module(name, layer)
    return sequence, shape


def draw(tensor, generator):
    with torch.no_grad():
        tensor.copy_(torch.rand(tensor.shape, generator=generator) - 0.5)


def inputs(shape, generator):
    """Numbers around 0; one dimension stands for indices of words."""
    if len(shape) == 1:
        return torch.randint(0, 6, shape, generator=generator).float()
    return torch.rand(shape, generator=generator) - 0.5


def outputs(case, tensors, adapted):
    """The output without and with the adapter, in float64; PEFT's disabled adapter would leave trained biases in."""
    x = tensors["input"]
    x = x.long() if x.dim() == 1 else x.double()
    base, _ = network(case)
    base.load_state_dict({name: tensors[name] for name in base.state_dict()})
    with torch.no_grad():
        return {
            "base": base.double().eval()(x).contiguous(),
            "adapted": adapted.double().eval()(x).contiguous(),
        }


def make(case):
    _, rank, alpha, targets, saved, more = CASES[case]
    generator = torch.Generator().manual_seed(20240219)
    model, shape = network(case)
    for parameter in model.parameters():
        draw(parameter, generator)
    tensors = {name: value.clone() for name, value in model.state_dict().items()}
    tensors["input"] = inputs(shape, generator)
    config = peft.LoraConfig(r=rank, lora_alpha=alpha, target_modules=targets, modules_to_save=saved, **more)
    adapted = peft.get_peft_model(model, config)
    for parameter in adapted.parameters():
        if parameter.requires_grad:
            draw(parameter, generator)
    folder = HERE / f"peft-{peft.__version__}-{case}"
    adapted.save_pretrained(folder)
    (folder / "README.md").unlink()
    save_file(tensors | outputs(case, tensors, adapted), folder / "network.safetensors")


def check(folder):
    case = folder.name.split("-")[-1]
    tensors = load_file(HERE / f"peft-{peft.__version__}-{case}" / "network.safetensors")
    model, _ = network(case)
    model.load_state_dict({name: tensors[name] for name in model.state_dict()})
    adapted = peft.PeftModel.from_pretrained(model, folder)
    keys = set(peft.get_peft_model_state_dict(adapted))
    written = set(load_file(folder / "adapter_model.safetensors"))
    if keys != written:
        raise SystemExit(f"{folder}: PEFT has the keys {sorted(keys)}, the file {sorted(written)}")
    result = outputs(case, tensors, adapted)
    ours = load_file(folder / "output.safetensors")["adapted"]
    print(json.dumps({
        "case": case, "largest": result["adapted"].abs().max().item(),
        "change by the adapter": (result["adapted"] - result["base"]).abs().max().item(),
        "difference": (result["adapted"] - ours).abs().max().item(),
    }))
    save_file(result, folder / f"peft-{peft.__version__}-output.safetensors")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check"]:
        check(pathlib.Path(sys.argv[2]).resolve())
    else:
        for each in sys.argv[1:] or CASES:
            make(each)
