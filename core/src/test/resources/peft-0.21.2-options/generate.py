"""Reference values for the options of PEFT, on a tiny model with an embedding, linear layers and a convolution.

Usage: python generate.py OUT_DIR
Needs: torch 2.15.0, peft 0.21.2, safetensors (CPU is enough).

OUT_DIR/model.safetensors holds the base. Each case folder holds adapter_config.json and adapter_model.safetensors as
PEFT saves them, of an adapter whose tensors were all moved at random from where they start, and expected.json: the
output with the adapter, the output of the merged model (null where PEFT can't merge) and, for start values that come
from the weight, W - scaling * B @ A of layer "lin" (torch's layout) as it was at the start.
"""
import json, os, shutil, sys
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file

OUT = sys.argv[1]
IDS = torch.tensor([2, 0, 8, 1])


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.table = torch.nn.Embedding(9, 5)
        self.lin = torch.nn.Linear(5, 12)
        self.conv = torch.nn.Conv2d(1, 4, (2, 3))
        self.head = torch.nn.Linear(4, 3, bias=False)

    def forward(self, ids):
        hidden = torch.tanh(self.lin(self.table(ids)))
        return self.head(self.conv(hidden.view(-1, 1, 3, 4)).mean((2, 3)))


ALL = ["table", "lin", "conv"]
CASES = {
    "plain": dict(target_modules=ALL),
    "rslora-patterns": dict(target_modules=ALL, use_rslora=True, rank_pattern={"conv": 2, "table": 4},
                            alpha_pattern={"l.n": 5}),
    "dora": dict(target_modules=ALL, use_dora=True),
    "dora-rslora": dict(target_modules=ALL, use_dora=True, use_rslora=True),
    "lora-bias": dict(target_modules=["lin", "conv"], lora_bias=True),
    "bias-all": dict(target_modules=["lin"], bias="all"),
    "bias-lora-only": dict(target_modules=["lin", "conv"], bias="lora_only"),
    "exclude": dict(target_modules=".*", exclude_modules=["conv", "head"]),
    "gaussian": dict(target_modules=ALL, init_lora_weights="gaussian"),
    "orthogonal": dict(target_modules=["lin", "head"], init_lora_weights="orthogonal"),
    "pissa": dict(target_modules=["lin", "head"], init_lora_weights="pissa"),
    "pissa-rslora": dict(target_modules=["lin"], init_lora_weights="pissa", use_rslora=True),
    "pissa-dora": dict(target_modules=["lin"], init_lora_weights="pissa", use_dora=True),
    "olora": dict(target_modules=["lin", "head"], init_lora_weights="olora"),
}


def rounded(tensor):
    return [float(f"{x:.9g}") for x in tensor.detach().double().flatten().tolist()]


torch.manual_seed(0)
base = Net().eval()
with torch.no_grad():
    for parameter in base.parameters():
        parameter.add_(0.3 * torch.randn_like(parameter))
os.makedirs(OUT, exist_ok=True)
state = {name: value.clone() for name, value in base.state_dict().items()}
save_file(state, f"{OUT}/model.safetensors")
for number, (name, options) in enumerate(CASES.items()):
    torch.manual_seed(100 + number)
    net = Net().eval()
    net.load_state_dict(state)
    folder = f"{OUT}/{name}"
    shutil.rmtree(folder, ignore_errors=True)
    model = get_peft_model(net, LoraConfig(r=2, lora_alpha=3, **options)).eval()
    start = options.get("init_lora_weights", "")
    residual = rounded(model.base_model.model.lin.base_layer.weight) if start in ("pissa", "olora") else None
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.2 * torch.randn_like(parameter))
        out = model(IDS)
        model.save_pretrained(folder)
        merged = rounded(model.merge_and_unload()(IDS))
    os.remove(f"{folder}/README.md")
    with open(f"{folder}/expected.json", "w") as file:
        json.dump(dict(ids=IDS.tolist(), out=rounded(out), merged=merged, residual=residual), file)
    print(name, "merged differs by", max(abs(a - b) for a, b in zip(rounded(out), merged)))
