"""Short runs of TRL's trainers, and what they make of rows, for the tests of this folder.

    python trainers.py runs GOLDEN_FOLDER [NAME ...]      writes training/trl_NAME.json (and .safetensors for an adapter)
    python trainers.py forms GOLDEN_FOLDER                writes tokenization/trl_forms.json

Made with torch 2.13.0+cpu, trl 1.13.0, transformers 5.18.0, peft 0.21.0, one thread.
"""
import json
import os
import random
import sys
import tempfile
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", CUDA_VISIBLE_DEVICES="", TQDM_DISABLE="1", HF_DATASETS_DISABLE_PROGRESS_BARS="1")
os.environ.setdefault("HF_HOME", tempfile.mkdtemp())

import datasets
import peft
import torch
import transformers
import trl
from datasets import Dataset
from peft import LoraConfig
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer, SFTConfig, SFTTrainer

torch.set_num_threads(1)
VERSIONS = dict(torch=torch.__version__, trl=trl.__version__, transformers=transformers.__version__, peft=peft.__version__)
COMMON = dict(max_steps=20, logging_steps=1, save_strategy="no", report_to=[], bf16=False, use_cpu=True, gradient_checkpointing=False,
              train_sampling_strategy="sequential", disable_tqdm=True, seed=0)
RUNS = {
    # one setting of each kind, so that each is covered by some run: losses, schedules, decay, clipping, accumulation, truncation, families
    "ipo": dict(trainer="dpo", model="qwen2", data="preference_plain.jsonl", args=dict(
        loss_type=["ipo"], beta=0.1, learning_rate=5e-4, lr_scheduler_type="cosine", warmup_steps=3, weight_decay=0.1, max_grad_norm=0.3,
        per_device_train_batch_size=4, gradient_accumulation_steps=2, max_length=64)),
    "robust": dict(trainer="dpo", model="gpt2", data="preference_conversational.jsonl", args=dict(
        loss_type=["robust"], beta=0.2, label_smoothing=0.2, learning_rate=3e-4, lr_scheduler_type="linear", warmup_steps=5, weight_decay=0.01,
        max_grad_norm=1.0, per_device_train_batch_size=3, gradient_accumulation_steps=1, max_length=128)),
    "exo": dict(trainer="dpo", model="qwen3", data="preference_plain.jsonl", args=dict(
        loss_type=["exo_pair"], beta=0.1, label_smoothing=0.05, learning_rate=3e-4, lr_scheduler_type="constant_with_warmup", warmup_steps=4,
        weight_decay=0.0, max_grad_norm=1000.0, per_device_train_batch_size=4, gradient_accumulation_steps=1, max_length=256)),
    "keep_end": dict(trainer="dpo", model="llama", data="preference_plain.jsonl", args=dict(
        loss_type=["sigmoid"], beta=0.1, learning_rate=3e-4, lr_scheduler_type="linear", warmup_steps=0, weight_decay=0.0, max_grad_norm=1.0,
        per_device_train_batch_size=4, gradient_accumulation_steps=1, max_length=24, truncation_mode="keep_end")),
    "kto": dict(trainer="kto", model="mistral", data="unpaired_conversational.jsonl", args=dict(
        beta=0.1, desirable_weight=1.5, undesirable_weight=0.75, learning_rate=5e-4, lr_scheduler_type="cosine", warmup_steps=2, weight_decay=0.05,
        max_grad_norm=1.0, per_device_train_batch_size=4, gradient_accumulation_steps=2, max_length=96)),
    "rslora": dict(trainer="dpo", model="qwen3", data="preference_plain.jsonl", args=dict(
        loss_type=["sigmoid"], beta=0.1, learning_rate=5e-3, lr_scheduler_type="cosine", warmup_steps=2, weight_decay=0.1, max_grad_norm=0.5,
        per_device_train_batch_size=4, gradient_accumulation_steps=1, max_length=256),
        lora=dict(r=3, lora_alpha=6, lora_dropout=0.0, use_rslora=True, target_modules="all-linear")),
}


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def unpaired(golden):
    """Conversations with one labelled answer each, good and bad ones in no order."""
    path = golden / "training/data/unpaired_conversational.jsonl"
    r = random.Random(7)
    rows = [{"prompt": row["prompt"], "completion": row[side], "label": side == "chosen"}
            for row in read(golden / "training/data/preference_conversational.jsonl") for side in ("chosen", "rejected") if r.random() < 0.4]
    r.shuffle(rows)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


class Logged(TrainerCallback):
    def __init__(self):
        self.steps = []

    def on_log(self, args, state, control, logs=None, **kwargs):
        if "loss" in logs:
            self.steps.append({k: v for k, v in logs.items() if k not in ("epoch",)})


def trainer(golden, run, out):
    folder = golden / "models" / run["model"]
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    kind, config = {"dpo": (DPOTrainer, DPOConfig), "kto": (KTOTrainer, KTOConfig)}[run["trainer"]]
    logged = Logged()
    lora = LoraConfig(task_type="CAUSAL_LM", **run["lora"]) if "lora" in run else None
    torch.manual_seed(1)
    return kind(model=model, args=config(output_dir=out, **COMMON, **run["args"]), processing_class=tokenizer,
                train_dataset=Dataset.from_list(read(golden / "training/data" / run["data"])), peft_config=lora, callbacks=[logged]), logged


def train(golden, name):
    run = RUNS[name]
    with tempfile.TemporaryDirectory() as out:
        t, logged = trainer(golden, run, out)
        named = lambda: {k: v.detach().clone().contiguous() for k, v in t.model.named_parameters() if v.requires_grad}
        initial = named() if "lora" in run else {}
        t.train()
        final = named()
    adam = dict(adam_beta1=0.9, adam_beta2=0.999, adam_epsilon=1e-8)  # the defaults, which no run changes
    result = dict(versions=VERSIONS, trainer=run["trainer"], model="../models/" + run["model"], data=run["data"],
                  config=dict(run["args"], **adam, max_steps=COMMON["max_steps"]),
                  lora=run.get("lora"), steps=logged.steps,
                  final_norms={k: v.double().norm().item() for k, v in final.items()})
    (golden / f"training/trl_{name}.json").write_text(json.dumps(result, indent=1) + "\n")
    if initial:
        save_file({**{"initial." + k: v for k, v in initial.items()}, **{"final." + k: v for k, v in final.items()}}, golden / f"training/trl_{name}.safetensors")
    print(name, [round(s["loss"], 4) for s in logged.steps], flush=True)


USER = lambda text: {"role": "user", "content": text}
SAYS = lambda text: {"role": "assistant", "content": text}
TOOL = {"type": "function", "function": {"name": "weather", "description": "Tells the weather.", "parameters": {
    "type": "object", "properties": {"city": {"type": "string", "description": "Where"}}, "required": ["city"]}}}
CALL = {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": {"city": "Rome"}}}]}
FORMS = {
    "preference, explicit prompt, plain": [
        {"prompt": "What is 12 plus 30?", "chosen": " It is 42.", "rejected": " Fifty, I guess."},
        {"prompt": "Say", "chosen": "ing is not doing.", "rejected": " no."},
        {"prompt": "The lighthouse keeper counted the ships each evening, and wrote", "chosen": " their names in a book.", "rejected": " nothing at all, ever, in any of his many blue notebooks."}],
    "preference, implicit prompt, plain": [
        {"chosen": "What is 12 plus 30? It is 42.", "rejected": "What is 12 plus 30? It was fifty."},
        {"chosen": "The keeper counted ships.", "rejected": "The keepers sleep."}],
    "preference, explicit prompt, conversational": [
        {"prompt": [{"role": "system", "content": "Be brief."}, USER("What is 7 times 8?")], "chosen": [SAYS("56.")], "rejected": [SAYS("It is 54, if I am not mistaken.")]},
        {"prompt": [USER("Hi"), SAYS("Hello!"), USER("And 12 plus 30?")], "chosen": [SAYS("It is 42."), USER("Sure?"), SAYS("Yes.")], "rejected": [SAYS("No.")]}],
    "preference, implicit prompt, conversational": [
        {"chosen": [USER("What is 7 times 8?"), SAYS("56.")], "rejected": [USER("What is 7 times 8?"), SAYS("54.")]},
        {"chosen": [USER("A"), SAYS("B"), USER("C"), SAYS("D")], "rejected": [USER("A"), SAYS("B"), USER("C"), SAYS("E, F")]}],
    "preference with tools as a list": [
        {"prompt": [USER("Weather in Rome?")], "chosen": [CALL], "rejected": [SAYS("No idea.")], "tools": [TOOL]}],
    "preference with tools as JSON text": [
        {"prompt": [USER("Weather in Rome?")], "chosen": [SAYS("Let me see.")], "rejected": [SAYS("No idea.")], "tools": json.dumps([TOOL])}],
    "preference with chat_template_kwargs": [
        {"prompt": [USER("What is 7 times 8?")], "chosen": [SAYS("56.")], "rejected": [SAYS("54.")], "chat_template_kwargs": {"enable_thinking": False}},
        {"prompt": [USER("And 2 times 2?")], "chosen": [SAYS("4.")], "rejected": [SAYS("5.")], "chat_template_kwargs": {"enable_thinking": True}}],
    "unpaired, plain": [
        {"prompt": "What is 12 plus 30?", "completion": " It is 42.", "label": True},
        {"prompt": "Say", "completion": "ing is not doing.", "label": False},
        {"prompt": "The lighthouse keeper counted the ships each evening, and", "completion": " wrote their names in a blue notebook.", "label": True}],
    "unpaired, conversational": [
        {"prompt": [USER("What is 7 times 8?")], "completion": [SAYS("56.")], "label": True},
        {"prompt": [USER("Hi"), SAYS("Hello!"), USER("And 12 plus 30?")], "completion": [SAYS("It is 43.")], "label": False}],
    "paired rows for single answers": [
        {"prompt": "What is 12 plus 30?", "chosen": " It is 42.", "rejected": " Fifty, I guess."},
        {"prompt": "Say", "chosen": "ing is not doing.", "rejected": " no."}],
    "prompt and completion, plain": [
        {"prompt": "What is 12 plus 30?", "completion": " It is 42."},
        {"prompt": "The lighthouse keeper counted the ships each evening, and", "completion": " wrote their names in a blue notebook."}],
    "prompt and completion, conversational": [
        {"prompt": [USER("What is 7 times 8?")], "completion": [SAYS("56.")]},
        {"prompt": [USER("Hi"), SAYS("Hello!"), USER("And 12 plus 30?")], "completion": [SAYS("It is 43.")]}],
    "messages": [
        {"messages": [USER("Hi"), SAYS("Hello!"), USER("And 12 plus 30?"), SAYS("42.")]}],
    "messages with tools": [
        {"messages": [USER("Weather in Rome?"), CALL, {"role": "tool", "name": "weather", "content": "sunny"}, SAYS("It is sunny.")], "tools": [TOOL]}],
    "messages of which the assistant's alone count": [
        {"messages": [USER("Hi"), SAYS("Hello!"), USER("And 12 plus 30?"), SAYS("42.")]},
        {"messages": [{"role": "system", "content": "Be brief."}, USER("A"), SAYS("B, and then a long answer to nothing at all."), USER("C"), SAYS("D")]}],
    "text": [
        {"text": "The lighthouse keeper counted the ships."}],
}


def trainer_of(form):
    return "kto" if form.startswith(("unpaired", "paired")) else "dpo" if form.startswith("preference") else "sft"


def forms(golden):
    kinds = {"dpo": (DPOTrainer, DPOConfig), "kto": (KTOTrainer, KTOConfig), "sft": (SFTTrainer, SFTConfig)}
    template = (golden / "tokenization/tools.jinja").read_text()
    out = []
    for form, rows in FORMS.items():
        short = 24 if "plain" in form or "single" in form or form == "text" else 240 if "tools" in form else 56
        for mode, limit in [("keep_start", None), ("keep_start", short), ("keep_end", 20)]:
            which = trainer_of(form)
            if mode == "keep_end" and which != "dpo":
                continue
            tokenizer = AutoTokenizer.from_pretrained(golden / "models/llama")
            tokenizer.chat_template = template
            model = AutoModelForCausalLM.from_pretrained(golden / "models/llama", dtype=torch.float32)
            kind, config = kinds[which]
            alone = "alone" in form
            more = {} if which == "kto" else dict(truncation_mode=mode, **({"assistant_only_loss": True} if alone else {}))
            with tempfile.TemporaryDirectory() as folder:
                args = config(output_dir=folder, max_length=limit, per_device_train_batch_size=8, **more, **{**COMMON, "max_steps": 1})
                case = dict(form=form, trainer=which, truncation_mode=mode, max_length=limit, assistant_only_loss=alone, rows=rows)
                try:
                    t = kind(model=model, args=args, processing_class=tokenizer, train_dataset=Dataset.from_list(rows))
                    if len(t.train_dataset) == 0:
                        batch = {}
                    else:
                        columns = t._signature_columns or (t._set_signature_columns_if_needed() or t._signature_columns)
                        batch = t.data_collator([{k: v for k, v in row.items() if k in columns + ["assistant_masks"]} for row in t.train_dataset])
                    case["batch"] = {k: v.tolist() for k, v in batch.items() if hasattr(v, "tolist")}
                except Exception as failure:  # what TRL itself cannot read is recorded as that
                    case["refused"] = f"{type(failure).__name__}: {failure}".splitlines()[0][:200]
                out.append(case)
                print(form, mode, limit, case.get("refused", sorted(case.get("batch", {}))), flush=True)
    (golden / "tokenization/trl_forms.json").write_text(json.dumps(dict(versions=VERSIONS, model="llama", cases=out), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    root = Path(sys.argv[2])
    if sys.argv[1] == "runs":
        unpaired(root)
        for run in sys.argv[3:] or RUNS:
            train(root, run)
    else:
        forms(root)
