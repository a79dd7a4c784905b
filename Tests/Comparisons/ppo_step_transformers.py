"""One step of PPO with transformers and PEFT: the work of `benchmarks ppo-step`, for a comparison on the same machine.

usage: python ppo_step_transformers.py MODEL_FOLDER [--dtype float32|bfloat16] [--epochs 2] [--rounds 2] [--threads N]
needs: torch, transformers, peft

The work, with the defaults of morlaif's trainer: 12 prompts of 32 random tokens, 2 answers of 48 tokens each sampled at temperature 1;
scores of 24 texts by 4 preference models (LoRA rank 8 on the top 3 layers, a linear head on the last token); log-probabilities of policy
and reference and values of all answer tokens; 2 epochs of 2 minibatches of clipped PPO on a LoRA of rank 16 on the top 10 layers and a
value head, with AdamW.

What is done to make it fast: all texts have one length, so nothing is padded; generation has a KV cache and the adapter merged into the
weights; scores run the decoder without the language-model head; log-probabilities are of answer tokens only (`logits_to_keep`); layers
below the adapter are outside the autograd graph, since none of their inputs needs a gradient.
"""
import argparse
import json
import os
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch
import transformers
from peft import LoraConfig, get_peft_model

PROMPTS, SAMPLES, PROMPT_TOKENS, NEW_TOKENS, PRINCIPLES, MINIBATCHES = 12, 2, 32, 48, 4, 2
MAPS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def top(model, count):
    return list(range(model.config.num_hidden_layers - count, model.config.num_hidden_layers))


class Step:
    def __init__(self, folder, dtype, epochs):
        self.epochs = epochs
        base = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="sdpa").eval()
        policy = LoraConfig(r=16, lora_alpha=32, target_modules=MAPS, layers_to_transform=top(base, 10), task_type="CAUSAL_LM")
        scorer = LoraConfig(r=8, lora_alpha=16, target_modules=MAPS, layers_to_transform=top(base, 3), task_type="CAUSAL_LM")
        self.model = get_peft_model(base, policy, adapter_name="policy")
        for index in range(PRINCIPLES):
            self.model.add_adapter(f"score{index}", scorer)
        width = base.config.hidden_size
        self.heads = [torch.randn(width, dtype=dtype) / width**0.5 for _ in range(PRINCIPLES)]
        self.value = torch.nn.Linear(width, 1, dtype=dtype)
        self.model.set_adapter("policy")
        self.trained = [p for p in self.model.parameters() if p.requires_grad] + list(self.value.parameters())
        self.optimiser = torch.optim.AdamW(self.trained, lr=1e-3, betas=(0.9, 0.95), eps=1e-5, weight_decay=0)
        torch.manual_seed(7)
        self.prompts = torch.randint(3, base.config.vocab_size, (PROMPTS, PROMPT_TOKENS)).repeat_interleave(SAMPLES, 0)

    def decoder(self):
        return self.model.get_base_model().model

    def rollout(self):
        self.model.merge_adapter()
        with torch.no_grad():
            texts = self.model.generate(
                input_ids=self.prompts, attention_mask=torch.ones_like(self.prompts), max_new_tokens=NEW_TOKENS,
                min_new_tokens=NEW_TOKENS, do_sample=True, top_k=0, top_p=1.0, temperature=1.0, pad_token_id=2, use_cache=True)
        self.model.unmerge_adapter()
        return texts

    def scores(self, texts):
        columns = []
        with torch.no_grad():
            for index, head in enumerate(self.heads):
                self.model.set_adapter(f"score{index}")
                hidden = self.decoder()(input_ids=texts, use_cache=False).last_hidden_state[:, -1]
                columns.append((hidden @ head).float())
        self.model.set_adapter("policy")
        return torch.stack(columns, 1)

    def answer(self, texts):
        """Log-probabilities and values of the answer's tokens."""
        hidden = self.decoder()(input_ids=texts, use_cache=False).last_hidden_state[:, PROMPT_TOKENS - 1:-1]
        logits = self.model.get_base_model().lm_head(hidden).float()
        logs = logits.gather(-1, texts[:, PROMPT_TOKENS:, None]).squeeze(-1) - logits.logsumexp(-1)
        return logs, self.value(hidden).squeeze(-1).float()

    def run(self):
        marks = [time.perf_counter()]
        texts = self.rollout()
        marks.append(time.perf_counter())
        rewards = self.scores(texts).mean(1)
        marks.append(time.perf_counter())
        with torch.no_grad():
            old, values = self.answer(texts)
            with self.model.disable_adapter():
                reference, _ = self.answer(texts)
        token_rewards = -0.05 * (old - reference)
        token_rewards[:, -1] += rewards
        advantages, last = torch.zeros_like(values), torch.zeros(len(texts))
        for t in reversed(range(NEW_TOKENS)):
            following = values[:, t + 1] if t + 1 < NEW_TOKENS else torch.zeros(len(texts))
            last = token_rewards[:, t] + following - values[:, t] + 0.95 * last
            advantages[:, t] = last
        returns = advantages + values
        advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
        for _ in range(self.epochs):
            for rows in torch.randperm(len(texts)).chunk(MINIBATCHES):
                logs, new = self.answer(texts[rows])
                ratio = (logs - old[rows]).exp()
                a = advantages[rows]
                policy = torch.maximum(-a * ratio, -a * ratio.clamp(0.8, 1.2)).mean()
                clipped = values[rows] + (new - values[rows]).clamp(-0.2, 0.2)
                error = 0.5 * torch.maximum((new - returns[rows]) ** 2, (clipped - returns[rows]) ** 2).mean()
                self.optimiser.zero_grad(set_to_none=True)
                (policy + 0.1 * error).backward()
                torch.nn.utils.clip_grad_norm_(self.trained, 1.0)
                self.optimiser.step()
        marks.append(time.perf_counter())
        return [b - a for a, b in zip(marks, marks[1:])]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    transformers.utils.logging.set_verbosity_error()
    step = Step(options.model, getattr(torch, options.dtype), options.epochs)
    first = step.run()  # warms up; counts only where there are no further rounds
    rollout, scores, update = min((step.run() for _ in range(options.rounds)), key=sum, default=first)
    print(json.dumps({"ppo_step_s": round(rollout + scores + update, 2), "ppo_rollout_s": round(rollout, 2),
                      "ppo_scores_s": round(scores, 2), "ppo_update_s": round(update, 2)}))


if __name__ == "__main__":
    main()
