"""Writes the tiny BERT beside this file and what transformers computes with it (transformers 5.23.0, torch 2.15.0).

LayerNorm's epsilon is far from BERT's own, so that a wrong one shows; sizes are rectangular; texts are padded.
"""
import json
import pathlib

import torch
from transformers import BertConfig, BertForSequenceClassification

here = pathlib.Path(__file__).parent
torch.manual_seed(11)
config = BertConfig(vocab_size=31, hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=20,
                    max_position_embeddings=9, layer_norm_eps=1e-2, num_labels=4, initializer_range=0.3)
model = BertForSequenceClassification(config).eval()
with torch.no_grad():
    for name, p in model.named_parameters():
        if name.endswith("bias"):
            p.normal_(0, 0.2)
model.save_pretrained(here)
ids = torch.tensor([[1, 7, 30, 7, 2, 0], [1, 5, 2, 0, 0, 0], [1, 9, 28, 14, 6, 2]])
mask = (ids != 0).long()
labels = torch.tensor([3, 0, 2])
out = model(input_ids=ids, attention_mask=mask, labels=labels, output_hidden_states=True)
out.loss.backward()
pick = ["bert.embeddings.position_embeddings.weight", "bert.embeddings.token_type_embeddings.weight",
        "bert.embeddings.LayerNorm.weight", "bert.encoder.layer.0.attention.self.query.bias",
        "bert.encoder.layer.1.attention.output.LayerNorm.bias", "bert.pooler.dense.bias", "classifier.weight"]
parameters = dict(model.named_parameters())
flat = lambda tensor: [float(f"{v:.9g}") for v in tensor.detach().flatten().tolist()]
(here / "expected.json").write_text(json.dumps({
    "input_ids": ids.tolist(), "attention_mask": mask.tolist(), "labels": labels.tolist(),
    "last_hidden_state": flat(out.hidden_states[-1]), "logits": flat(out.logits), "loss": out.loss.item(),
    "gradients": {name: flat(parameters[name].grad) for name in pick}}))
