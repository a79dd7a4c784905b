"""GRPO with TRL on the rewards of MORLAIF.

usage: python trl_grpo.py MODEL PROMPTS.jsonl OUTPUT PRINCIPLE... [--steps N]

Prompts are lines {"prompt"}. MORLAIF_CERTIFICATES and the services' addresses come from the environment.
"""

import argparse

import torch
from datasets import load_dataset
from trl import GRPOConfig, GRPOTrainer

from morlaif.shims.trl import reward_functions, reward_weights

parser = argparse.ArgumentParser()
for name in ("model", "prompts", "output"):
    parser.add_argument(name)
parser.add_argument("principles", nargs="+")
parser.add_argument("--steps", type=int, default=100)
options = parser.parse_args()

prompts = load_dataset("json", data_files=options.prompts, split="train")
rewards = reward_functions(options.principles)
trainer = GRPOTrainer(
    model=options.model,
    reward_funcs=rewards,
    train_dataset=prompts.map(lambda row: {"prompt": [{"role": "user", "content": row["prompt"]}]}),
    args=GRPOConfig(
        output_dir=options.output,
        reward_weights=reward_weights(rewards),
        max_steps=options.steps,
        max_completion_length=64,
        num_generations=4,
        per_device_train_batch_size=4,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        # Model and optimiser on the CPU where there is nothing else.
        use_cpu=not torch.cuda.is_available(),
    ),
)
trainer.train()
trainer.save_model(options.output)
