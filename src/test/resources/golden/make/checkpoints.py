"""Tiny random checkpoints of many families, as transformers saves them, with what transformers computes of them.

    python checkpoints.py FOLDER [NAME ...]

Writes FOLDER/NAME/{config.json, model.safetensors, expected.safetensors, expected.json} in the layout that README.md beside this
script describes. Made with torch 2.13.0+cpu and transformers 5.18.0, one thread.
"""
import json
import os
import sys
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", CUDA_VISIBLE_DEVICES="")

import torch
import transformers
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM

torch.set_num_threads(1)
VOCABULARY = 128
NEW_TOKENS = 20
SMALLEST_MARGIN = 2e-3

COMMON = dict(vocab_size=VOCABULARY, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
              max_position_embeddings=64, tie_word_embeddings=False, bos_token_id=1, eos_token_id=2, pad_token_id=0)
GROUPED = dict(COMMON, num_key_value_heads=2, head_dim=16)


def llama(**rope):
    """A Llama of 16 trained positions: every text but the shortest is longer."""
    return dict(GROUPED, model_type="llama", max_position_embeddings=rope.pop("longest", 64), rope_parameters=dict(rope_theta=500.0, **rope))


SHORT = [1.0, 1.05, 1.1, 1.2, 1.3, 1.5, 1.8, 2.0]
LONG = [1.0, 1.3, 1.9, 2.6, 4.0, 6.0, 9.0, 14.0]
CASES = {
    "gemma2": dict(GROUPED, model_type="gemma2", num_hidden_layers=3, query_pre_attn_scalar=20, sliding_window=8,
                   attn_logit_softcapping=3.0, final_logit_softcapping=5.0, tie_word_embeddings=True),
    "gemma3_text": dict(GROUPED, model_type="gemma3_text", num_hidden_layers=4, query_pre_attn_scalar=20, sliding_window=8, tie_word_embeddings=True,
                        layer_types=["sliding_attention", "sliding_attention", "full_attention", "sliding_attention"],
                        rope_parameters={"sliding_attention": {"rope_type": "default", "rope_theta": 100.0},
                                         "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 10000.0}}),
    "phi3": dict(COMMON, model_type="phi3", num_key_value_heads=2, sliding_window=10,
                 rope_parameters={"rope_type": "default", "rope_theta": 500.0, "partial_rotary_factor": 0.5}),
    "phi3_longrope": dict(COMMON, model_type="phi3", hidden_size=48, num_attention_heads=3, num_key_value_heads=1, original_max_position_embeddings=16,
                          rope_parameters={"rope_type": "longrope", "rope_theta": 500.0, "short_factor": SHORT, "long_factor": LONG}),
    "gpt_neox": dict(COMMON, model_type="gpt_neox", num_attention_heads=2, use_parallel_residual=True,
                     rope_parameters={"rope_type": "default", "rope_theta": 500.0, "partial_rotary_factor": 0.25}),
    "gpt_neox_sequential": dict(COMMON, model_type="gpt_neox", num_attention_heads=2, use_parallel_residual=False,
                                rope_parameters={"rope_type": "default", "rope_theta": 500.0, "partial_rotary_factor": 0.75}),
    "llama_linear": llama(rope_type="linear", factor=2.5),
    "llama_dynamic": llama(rope_type="dynamic", factor=3.0, longest=16),
    "llama_llama3": llama(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=16),
    "llama_yarn": llama(rope_type="yarn", factor=4.0, original_max_position_embeddings=16, beta_fast=4, beta_slow=1),
    "llama_yarn_mscale": llama(rope_type="yarn", factor=4.0, original_max_position_embeddings=16, beta_fast=2.0, beta_slow=0.5, truncate=False,
                               mscale=1.0, mscale_all_dim=0.7),
    "llama_longrope": llama(rope_type="longrope", factor=4.0, original_max_position_embeddings=16, short_factor=SHORT, long_factor=LONG),
    "mistral_wide": dict(GROUPED, model_type="mistral", sliding_window=60),
    "qwen2_windows": dict(COMMON, model_type="qwen2", num_key_value_heads=2, num_hidden_layers=3, use_sliding_window=True, sliding_window=5,
                          max_window_layers=1, tie_word_embeddings=True),
    "qwen3_windows": dict(GROUPED, model_type="qwen3", num_hidden_layers=3, use_sliding_window=True, sliding_window=6,
                          layer_types=["sliding_attention", "full_attention", "sliding_attention"]),
}
# The rotation depends on the length of a sequence; in a padded batch transformers takes the longest one's for all, and a model remembers.
# These are computed text by text, each with a fresh model.
ALONE = {"phi3_longrope", "llama_dynamic", "llama_longrope"}


def randomize(model, seed):
    """Weights that are not small: norms away from one, biases from zero."""
    g = torch.Generator().manual_seed(seed)
    gemma = model.config.model_type.startswith("gemma")
    with torch.no_grad():
        for name, p in model.named_parameters():
            noise = torch.randn(p.shape, generator=g)
            if p.dim() == 1 and "bias" not in name:
                p.copy_(noise * 0.3 + (0 if gemma else 1))
            elif p.dim() == 1:
                p.copy_(noise * 0.3)
            elif "embed_out" in name or "lm_head" in name:
                p.copy_(noise * 0.4)
            elif "embed" in name:
                p.copy_(noise * 0.5)
            else:
                p.copy_(noise * 0.25)


def load(folder):
    return AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()


def rows(seed):
    """Two texts that begin with the same twelve tokens, and a short one."""
    g = torch.Generator().manual_seed(seed)
    draw = lambda n: torch.randint(3, VOCABULARY, (n,), generator=g).tolist()
    start = draw(12)
    return [start + draw(25), start + draw(14), draw(6)]


@torch.no_grad()
def forward(folder, name, texts):
    length = max(map(len, texts))
    ids = torch.tensor([t + [0] * (length - len(t)) for t in texts])
    mask = torch.tensor([[1] * len(t) + [0] * (length - len(t)) for t in texts])
    if name in ALONE:
        logits = torch.zeros(len(texts), length, VOCABULARY)
        for i, t in enumerate(texts):
            out = load(folder)(input_ids=torch.tensor([t]), output_hidden_states=True)
            logits[i, :len(t)] = out.logits[0]
            hidden = [h[0] for h in out.hidden_states] if i == 0 else hidden
    else:
        out = load(folder)(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        logits = out.logits * mask[:, :, None]
        hidden = [h[0, :len(texts[0])] for h in out.hidden_states]
    logps = logits[:, :-1].log_softmax(-1).gather(2, ids[:, 1:, None])[:, :, 0] * mask[:, 1:]
    tensors = {"right.input_ids": ids, "right.attention_mask": mask, "right.logits": logits, "right.next_token_logps": logps}
    tensors.update({f"right.row0.hidden.{n}": h for n, h in enumerate(hidden)})
    return {k: v.contiguous() for k, v in tensors.items()}


@torch.no_grad()
def greedy(folder, name, prompts):
    length = max(map(len, prompts))
    ids = [[0] * (length - len(p)) + p for p in prompts]
    mask = [[0] * (length - len(p)) + [1] * len(p) for p in prompts]

    def run(ids, mask):
        model = load(folder)
        model.generation_config.eos_token_id = None
        # Where Phi-3's long factors begin, transformers 5.18 drops what its cache holds and goes on with the last token alone.
        model.generation_config.use_cache = model.config.model_type != "phi3"
        out = model.generate(input_ids=torch.tensor(ids), attention_mask=torch.tensor(mask), do_sample=False, max_new_tokens=NEW_TOKENS,
                             min_new_tokens=NEW_TOKENS, return_dict_in_generate=True, output_scores=True)
        margins = torch.stack([(lambda top: top[:, 0] - top[:, 1])(s.topk(2).values) for s in out.scores], 1)
        return out.sequences[:, len(ids[0]):].tolist(), margins.min().item()

    if name in ALONE:
        results = [run([p], [[1] * len(p)]) for p in prompts]
        tokens, margin = [r[0][0] for r in results], min(r[1] for r in results)
    else:
        tokens, margin = run(ids, mask)
    return {"prompt_ids": ids, "attention_mask": mask, "new_token_ids": tokens, "smallest_margin": margin}


def make(root, name):
    folder = Path(root) / name
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(100):
        settings = dict(CASES[name])
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(settings.pop("model_type"), **settings), attn_implementation="eager").float()
        randomize(model, seed)
        model.save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        texts = rows(seed)
        generation = {"single": greedy(folder, name, [texts[2]]), "left_padded_batch": greedy(folder, name, [texts[0][:19], texts[1][:5], texts[0][20:30]])}
        if min(part["smallest_margin"] for part in generation.values()) > SMALLEST_MARGIN:
            break
    tensors = forward(folder, name, texts)
    save_file(tensors, folder / "expected.safetensors")
    expected = {"model": name, "seed": seed, "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
                "attention": "eager", "dtype": "float32", "rows_computed": "alone" if name in ALONE else "as a padded batch", "generation": generation}
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    logits = tensors["right.logits"][tensors["right.attention_mask"].bool()]
    print(f"{name}: seed {seed}, logits std {logits.std():.2f}, max {logits.abs().max():.2f}, files "
          f"{sum(f.stat().st_size for f in folder.iterdir()) // 1024} KB", flush=True)


if __name__ == "__main__":
    for case in sys.argv[2:] or CASES:
        make(sys.argv[1], case)
