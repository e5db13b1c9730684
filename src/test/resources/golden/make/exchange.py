"""The other side of TransformersTest and ConfigurationsThereTest: loads what the test wrote, and writes adapters for it to load.

    python exchange.py WORK [MODELS]

Reads WORK/requests.json, a list of {"name", "kind": "causal" | "classifier" | "adapter" | "reward adapter", "folder", "base"}, some with ids to read,
or a text and a conversation; writes WORK/answers.json: by name the logits, what transformers and peft said while loading, and ids and text by the tokenizer.
With the golden MODELS it then writes adapters of every variant to WORK/theirs/NAME and their logits to WORK/theirs.json.
"""
import json
import logging
import os
import sys
import warnings
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", CUDA_VISIBLE_DEVICES="", TQDM_DISABLE="1")

import peft
import torch
from safetensors.torch import load_file
from peft import IA3Config, LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

torch.set_num_threads(1)
IDS = [506, 374, 273, 11, 99, 41, 9, 77, 300, 12, 400, 33]


class Heard(logging.Handler):
    """Keeps what is logged as a warning or worse."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


def logits(model, ids=IDS):
    with torch.no_grad():
        return model.eval()(input_ids=torch.tensor([ids])).logits[0].float().flatten().tolist()


def answer(request):
    heard = Heard()
    for name in ("transformers", "peft"):
        logging.getLogger(name).addHandler(heard)
    complaints = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        reward = request["kind"] in ("classifier", "reward adapter")
        auto = AutoModelForSequenceClassification if reward else AutoModelForCausalLM
        plain = request["kind"] in ("causal", "classifier")
        more = {} if plain or not reward else {"num_labels": 1}
        model, info = auto.from_pretrained(request["folder"] if plain else request["base"], dtype=torch.float32, attn_implementation="eager",
                                           output_loading_info=True, **more)
        if plain:
            complaints += [f"{k}: {sorted(map(str, v))}" for k, v in info.items() if v]
        else:
            heard.lines.clear()  # of a new head on the base, which the adapter brings
            caught.clear()
            model = PeftModel.from_pretrained(model, request["folder"])
            stored = load_file(Path(request["folder"]) / "adapter_model.safetensors")
            there = peft.get_peft_model_state_dict(model, save_embedding_layers=False)  # the base has them
            complaints += [f"not read back: {k}" for k in stored if k not in there or not torch.equal(stored[k], there[k])]
            complaints += [f"not in the file: {k}" for k in there if k not in stored]
    for name in ("transformers", "peft"):
        logging.getLogger(name).removeHandler(heard)
    out = dict(logits=logits(model, request.get("ids", IDS)), complaints=complaints + heard.lines + [str(w.message) for w in caught])
    if "text" in request and plain:
        tokenizer = AutoTokenizer.from_pretrained(request["folder"])
        out["ids"] = tokenizer(request["text"])["input_ids"]
        if tokenizer.chat_template:
            out["chat"] = tokenizer.apply_chat_template(request["chat"], tokenize=False, add_generation_prompt=True)
    return out


QV = ["q_proj", "v_proj"]
ADAPTERS = {
    "plain": dict(r=4, lora_alpha=8, target_modules=QV),
    "alpha that is no integer": dict(r=3, lora_alpha=5.5, target_modules=QV),
    "rslora on everything": dict(r=4, lora_alpha=8, use_rslora=True, target_modules="all-linear"),
    "an expression": dict(r=2, lora_alpha=8, target_modules=r".*\.1\.(self_attn\.(q|k)_proj|mlp\.up_proj)"),
    "patterns": dict(r=4, lora_alpha=8, target_modules=QV + ["down_proj"], rank_pattern={"v_proj": 2, r"1\.mlp\.down_proj": 6}, alpha_pattern={"q_proj": 3}),
    "a saved head": dict(r=4, lora_alpha=8, target_modules=QV, modules_to_save=["lm_head"]),
    "saved norms and embeddings": dict(r=4, lora_alpha=8, target_modules=QV, modules_to_save=["embed_tokens", "input_layernorm"]),
    "an adapted head": dict(r=4, lora_alpha=8, target_modules=QV + ["lm_head"]),
    "adapted embeddings": dict(r=4, lora_alpha=8, target_modules=QV + ["embed_tokens"]),
    "one layer": dict(r=4, lora_alpha=8, target_modules=QV, layers_to_transform=[1]),
    "exclusions": dict(r=4, lora_alpha=8, target_modules="all-linear", exclude_modules=["down_proj"]),
    "gpt2": dict(r=4, lora_alpha=8, target_modules="all-linear"),
    "a reward model": dict(r=4, lora_alpha=8, target_modules=QV, task_type="SEQ_CLS"),
    "biases": dict(r=4, lora_alpha=8, target_modules=QV, bias="all"),
    "biases of adapted modules": dict(r=4, lora_alpha=8, target_modules=QV, bias="lora_only"),
    "a bias of B": dict(r=4, lora_alpha=8, target_modules=QV, lora_bias=True),
    "dora": dict(r=4, lora_alpha=8, target_modules=QV, use_dora=True),
    "tokens": dict(r=4, lora_alpha=8, target_modules=QV, trainable_token_indices=[5, 9]),
    "pissa": dict(r=4, lora_alpha=8, target_modules=QV, init_lora_weights="pissa"),
    "more tokens": dict(r=4, lora_alpha=8, target_modules=QV),
    "ia3": None,
}


def write(name, settings, models, root):
    base = models / {"gpt2": "gpt2", "biases": "qwen2", "biases of adapted modules": "qwen2"}.get(name, "llama")
    reward = bool(settings) and settings.get("task_type") == "SEQ_CLS"
    auto = AutoModelForSequenceClassification if reward else AutoModelForCausalLM
    model = auto.from_pretrained(base, dtype=torch.float32, attn_implementation="eager", **({"num_labels": 1} if reward else {}))
    if name == "more tokens":
        model.resize_token_embeddings(520)
    config = IA3Config(task_type="CAUSAL_LM") if settings is None else LoraConfig(**{"task_type": "CAUSAL_LM", **settings})
    torch.manual_seed(3)
    model = get_peft_model(model, config)
    with torch.no_grad():
        for p in model.parameters():
            if p.requires_grad:
                p.add_(0.05 * torch.randn_like(p))
    model.save_pretrained(root / name)
    return dict(base=str(base), reward=reward, logits=logits(model))


if __name__ == "__main__":
    work = Path(sys.argv[1])
    answers = {}
    for request in json.loads((work / "requests.json").read_text()):
        try:
            answers[request["name"]] = answer(request)
        except Exception as failure:
            answers[request["name"]] = dict(failed=f"{type(failure).__name__}: {failure}")
    (work / "answers.json").write_text(json.dumps(answers))
    theirs = {}
    models = Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else sys.exit()
    for name, settings in ADAPTERS.items():
        theirs[name] = write(name, settings, models, work / "theirs")
    (work / "theirs.json").write_text(json.dumps(theirs))
