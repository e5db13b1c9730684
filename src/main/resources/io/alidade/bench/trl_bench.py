"""What TRL and transformers take for the work that Alidade's bench measures: its model, its texts, its losses.

    python trl_bench.py train CASE    python trl_bench.py draw CASE    python trl_bench.py check

CASE is a folder: settings.json, model/ (a checkpoint with its tokenizer), data.jsonl, and adapter/ if one is trained.
The last line that this prints is JSON.

The reference is computed before the steps unless settings say otherwise, the optimiser is the fused kernel, nothing
is computed again in the backward pass, nothing is saved or reported in between.
"""
import importlib.util
import json
import os
import pathlib
import resource
import sys
import tempfile
import time

for key, value in {
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TQDM_DISABLE": "1",
    "CUDA_VISIBLE_DEVICES": "",
}.items():
    os.environ.setdefault(key, value)

wanted = ("torch", "transformers", "trl", "peft", "datasets")
missing = [name for name in wanted if importlib.util.find_spec(name) is None]
if missing:
    sys.exit(f"{sys.executable} has no {', '.join(missing)}: install {', '.join(wanted)} there")
if sys.argv[1] == "check":
    print("{}")
    sys.exit()

case = pathlib.Path(sys.argv[2])
settings = json.loads((case / "settings.json").read_text())
os.environ["OMP_NUM_THREADS"] = str(settings["threads"])  # read when torch is loaded

import torch
import transformers

torch.set_num_threads(settings["threads"])


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def products(seconds=0.6):
    """GFLOP a second of matrix products, of the wall and of processors: how much of the machine there is now."""
    left, right = torch.randn(1024, 576), torch.randn(1536, 576)
    for _ in range(2):
        torch.nn.functional.linear(left, right)
    done, start, spent = 0, time.perf_counter(), processor_seconds()
    while time.perf_counter() - start < seconds:
        torch.nn.functional.linear(left, right)
        done += 2 * 1024 * 576 * 1536 / 1e9
    return done / (time.perf_counter() - start), done / (processor_seconds() - spent)


def peak():
    """Largest resident memory in bytes. (getrusage would count the process that started this one, too.)"""
    status = pathlib.Path("/proc/self/status")
    if not status.exists():
        return None
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return 1024 * int(line.split()[1])


def report(numbers, *packages):
    versions = ", ".join(f"{package.__name__} {package.__version__}" for package in (*packages, transformers, torch))
    print(json.dumps({**numbers, "peak": peak(), "versions": versions}))


def load():
    return transformers.AutoModelForCausalLM.from_pretrained(case / "model", dtype=torch.float32)


def train():
    import datasets
    import peft
    import trl

    losses, wall, cpu, rates = [], [], [], []

    class Trainer(trl.DPOTrainer):
        """Keeps each loss with all its digits."""

        def compute_loss(self, *arguments, **named):
            loss = super().compute_loss(*arguments, **named)
            losses.append(loss.item())
            return loss

    class Clock(transformers.TrainerCallback):
        def on_step_begin(self, *arguments, **named):
            self.start, self.spent = time.perf_counter(), processor_seconds()

        def on_step_end(self, arguments, state, *others, **named):
            seconds, spent = time.perf_counter() - self.start, processor_seconds() - self.spent
            if state.global_step > 1:  # the first one is not counted
                wall.append(seconds)
                cpu.append(spent)
            if state.global_step in (1, settings["steps"] + 1):
                rates.append(products())

    rows = [json.loads(line) for line in (case / "data.jsonl").read_text().splitlines()]
    adapter = case / "adapter"
    with tempfile.TemporaryDirectory() as output:
        arguments = trl.DPOConfig(
            output,
            per_device_train_batch_size=settings["rows"],
            max_steps=settings["steps"] + 1,
            learning_rate=settings["learning_rate"],
            lr_scheduler_type="constant",
            warmup_steps=0,
            max_length=None,
            beta=0.1,
            bf16=False,
            gradient_checkpointing=False,
            use_cpu=True,
            report_to=[],
            save_strategy="no",
            disable_tqdm=True,
            logging_steps=1,
            train_sampling_strategy="sequential",
            precompute_ref_log_probs=settings["precompute"],
            optim="adamw_torch_fused",
            torch_compile=settings["compile"],
            seed=0,
        )
        config = peft.LoraConfig.from_pretrained(adapter) if adapter.exists() else None
        if config is not None:
            config.inference_mode = False
        trainer = Trainer(
            model=load(),
            args=arguments,
            train_dataset=datasets.Dataset.from_list(rows),
            processing_class=transformers.AutoTokenizer.from_pretrained(case / "model"),
            peft_config=config,
            callbacks=[Clock()],
        )
        if config is not None:  # the adapter that the other side begins with
            weights = peft.utils.load_peft_weights(str(adapter), device="cpu")
            left = peft.set_peft_model_state_dict(trainer.model, weights)
            assert not left.unexpected_keys, left.unexpected_keys
        trainer.remove_callback(transformers.PrinterCallback)
        trainer.train()
    report({"wall": wall, "cpu": cpu, "products": rates, "loss": losses}, trl, peft)


def draw():
    model = load().eval()
    rows, prompt, new = settings["rows"], settings["prompt"], settings["new"]
    random = torch.Generator().manual_seed(0)
    measured = []

    class Clock(transformers.generation.streamers.BaseStreamer):
        """Told of the prompts, then of each new token of all rows."""

        def __init__(self):
            self.times = []

        def put(self, value):
            self.times.append((time.perf_counter(), processor_seconds()))

        def end(self):
            pass

    with torch.inference_mode():
        for turn in range(settings["rounds"] + 1):
            ids = torch.randint(3, settings["vocabulary"], (rows, prompt), generator=random)
            clock, start = Clock(), time.perf_counter()
            drawn = model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                do_sample=False,
                max_new_tokens=new,
                min_new_tokens=new,
                pad_token_id=0,
                streamer=clock,
            )
            assert drawn.shape == (rows, prompt + new)
            if turn:  # the first one is not counted
                (first, spent), (last, done) = clock.times[1], clock.times[-1]
                measured.append({"read": first - start, "drawn": last - first, "processor": done - spent})
    report({"rounds": measured})


{"train": train, "draw": draw}[sys.argv[1]]()
