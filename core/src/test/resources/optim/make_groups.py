"""Writes groups-peft-<version>.json: what create_loraplus_optimizer makes of every kind of trained parameter.

Each parameter comes with the kind that its module's class gives it, its shape in PEFT, and the group, rate and decay that
PEFT gave it. All models are tiny, random and offline.
Run: python make_groups.py   (needs peft, torch, transformers; the file carries PEFT's version in the name)
"""
import json
import pathlib

import peft
import torch
import transformers
from peft import LoraConfig, get_peft_model
from peft.optimizers import create_loraplus_optimizer
from torch import nn

ETA, LAMBDA, DECAY = 1e-3, 16.0, 0.01
GROUPS = ["A", "embedding", "B", "B_no_decay"]


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(12, 6)
        self.conv = nn.Conv2d(1, 4, 3)
        self.dense = nn.Linear(6, 8)
        self.norm = nn.LayerNorm(8)
        self.batch = nn.BatchNorm1d(8)
        self.root = nn.RMSNorm(8)
        self.other = nn.Embedding(5, 8)
        self.head = nn.Linear(8, 3)


SIZES = dict(hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=12, vocab_size=11)


def bert():
    config = transformers.BertConfig(max_position_embeddings=7, num_labels=3, **SIZES)
    return transformers.BertForSequenceClassification(config)


def llama():
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(num_key_value_heads=2, **SIZES))


def gpt2():
    return transformers.GPT2LMHeadModel(transformers.GPT2Config(n_embd=8, n_layer=2, n_head=2, n_positions=7, vocab_size=11))


CASES = {
    "dora-bias-all": (Network, dict(
        target_modules=["table", "conv", "dense"], use_dora=True, bias="all",
        modules_to_save=["norm", "batch", "root", "other", "head"]), {}),
    "lora-bias": (Network, dict(target_modules=["conv", "dense"], lora_bias=True), {}),
    "lora-only": (Network, dict(target_modules=["table", "dense"], bias="lora_only"), {"loraplus_lr_embedding": 2e-5}),
    "bert": (bert, dict(target_modules=["query", "dense", "word_embeddings"], modules_to_save=["classifier", "LayerNorm"]), {}),
    "bert-dora": (bert, dict(target_modules="all-linear", use_dora=True, bias="all", task_type="SEQ_CLS"), {}),
    "llama": (llama, dict(target_modules=["q_proj", "down_proj"], modules_to_save=["norm", "lm_head"]), {}),
    "gpt2": (gpt2, dict(target_modules=["c_attn", "wte"], fan_in_fan_out=True, bias="lora_only"), {}),
}


def kind(model, name):
    owner = model.get_submodule(name.rsplit(".", 1)[0])
    tuner = model.get_submodule(name.rsplit(".", 2)[0])
    if name.endswith(("lora_embedding_A.default", "lora_embedding_B.default")):
        return "EMBEDDING_" + name.rsplit(".", 1)[0][-1]
    if "lora_magnitude_vector" in name:
        return "CONV_MAGNITUDE" if "Conv" in type(owner).__name__ else "MAGNITUDE"
    if ".lora_A." in name:
        return "FACTOR_A"
    if ".lora_B." in name:
        return "FACTOR_B" if name.endswith("weight") else "FACTOR_B_BIAS"
    if ".modules_to_save." not in name:
        assert name.endswith("bias"), (name, tuner)
        return "BASE_BIAS"
    if isinstance(owner, nn.LayerNorm):
        return "NORM"
    if "Norm" in type(owner).__name__:
        return "OTHER_NORM_GAIN" if name.endswith("weight") else "NORM"
    return "WEIGHT" if name.endswith("weight") else "BIAS"


def run(build, options, rates):
    torch.manual_seed(1)
    model = get_peft_model(build(), LoraConfig(r=2, **options))
    optimizer = create_loraplus_optimizer(
        model, torch.optim.AdamW, lr=ETA, loraplus_lr_ratio=LAMBDA, loraplus_weight_decay=DECAY, **rates)
    names = {id(p): n for n, p in model.named_parameters()}
    rows = []
    for group, values in zip(GROUPS, optimizer.param_groups):
        for p in values["params"]:
            name = names[id(p)]
            rows.append({"name": name.removeprefix("base_model.model."), "kind": kind(model, name), "shape": list(p.shape),
                         "group": group, "rate": values["lr"], "decay": values["weight_decay"]})
    return {"embeddingRate": rates.get("loraplus_lr_embedding"), "parameters": rows}


result = {
    "peft": peft.__version__, "torch": torch.__version__.split("+")[0], "transformers": transformers.__version__,
    "eta": ETA, "lambda": LAMBDA, "decay": DECAY, "cases": {name: run(*case) for name, case in CASES.items()},
}
text = json.dumps(result, indent=None, separators=(",", ":")).replace('{"name"', '\n{"name"')
(pathlib.Path(__file__).parent / f"groups-peft-{peft.__version__}.json").write_text(text + "\n")
