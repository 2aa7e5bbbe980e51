"""Reference values of DoRA on tables of words and positions, from torch, PEFT 0.21.2 and transformers 5.23.0.

Usage: python generate.py FOLDER
The folder gets the same files as its neighbours: model/, adapter/ at step 0, adapter_final/ after five steps of LoRA+,
grads_step0.safetensors and expected.json.
"""
import json
import os
import sys

import torch
from peft import LoraConfig, get_peft_model
from peft.optimizers import create_loraplus_optimizer
from safetensors.torch import save_file
from transformers import BertConfig, BertForSequenceClassification

STEPS, RATE, RATIO, DECAY, EMBEDDING_RATE = 5, 1e-3, 8.0, 0.01, 5e-4


def numbers(tensor):
    return [float(f"{x:.9g}") for x in tensor.detach().double().flatten().tolist()]


folder = sys.argv[1]
torch.manual_seed(20261122)
base = BertForSequenceClassification(BertConfig(
    vocab_size=61, hidden_size=24, num_hidden_layers=1, num_attention_heads=4, intermediate_size=40,
    max_position_embeddings=19, num_labels=3)).eval()
with torch.no_grad():
    for parameter in base.parameters():
        parameter.add_(0.05 * torch.randn_like(parameter))
base.save_pretrained(f"{folder}/model")

ids = torch.randint(3, 61, (5, 11))
mask = torch.ones_like(ids)
mask[1, 8:] = 0
mask[2, 10:] = 0
ids[mask == 0] = base.config.pad_token_id
labels = torch.randint(0, 3, (5,))
batch = dict(input_ids=ids, attention_mask=mask)
with torch.no_grad():
    base_logits = base(**batch).logits

model = get_peft_model(base, LoraConfig(
    task_type="SEQ_CLS", r=3, lora_alpha=6, lora_dropout=0.0, init_lora_weights=False, use_dora=True,
    target_modules=["word_embeddings", "position_embeddings", "token_type_embeddings", "value"])).eval()
model.save_pretrained(f"{folder}/adapter")
with torch.no_grad():
    adapter_logits = model(**batch).logits

optimizer = create_loraplus_optimizer(
    model, torch.optim.AdamW, lr=RATE, loraplus_lr_ratio=RATIO, loraplus_weight_decay=DECAY,
    loraplus_lr_embedding=EMBEDDING_RATE)
names = {id(p): name for name, p in model.named_parameters()}
groups = [dict(lr=g["lr"], weight_decay=g["weight_decay"], params=sorted(names[id(p)] for p in g["params"]))
          for g in optimizer.param_groups]
losses, gradients = [], None
for step in range(STEPS):
    optimizer.zero_grad()
    loss = model(**batch, labels=labels).loss
    loss.backward()
    losses.append(loss.item())
    if gradients is None:
        gradients = {n: p.grad.clone().contiguous() for n, p in model.named_parameters() if p.grad is not None}
        save_file(gradients, f"{folder}/grads_step0.safetensors")
    optimizer.step()
model.save_pretrained(f"{folder}/adapter_final")
with torch.no_grad():
    final_logits = model(**batch).logits
    merged = model.merge_and_unload()
    difference = float((merged(**batch).logits - final_logits).abs().max())

json.dump(dict(
    steps=STEPS, lr=RATE, loraplus_lr_ratio=RATIO, loraplus_weight_decay=DECAY, loraplus_lr_embedding=EMBEDDING_RATE,
    betas=[0.9, 0.999], eps=1e-8, input_ids=ids.tolist(), attention_mask=mask.tolist(), labels=labels.tolist(),
    logits_shape=list(base_logits.shape), base_logits=numbers(base_logits), adapter_logits=numbers(adapter_logits),
    losses=losses, final_logits=numbers(final_logits), merged_max_abs_diff=difference, groups=groups,
    grads_step0={n: dict(shape=list(g.shape), l2=float(g.norm()), head=numbers(g.flatten()[:8]))
                 for n, g in gradients.items()}), open(f"{folder}/expected.json", "w"))
for name in ("adapter", "adapter_final"):
    card = f"{folder}/{name}/README.md"
    if os.path.exists(card):
        os.remove(card)
