"""Writes adapters/: LoRA adapters of tiny-llama-untied (fan-in-fan-out: of tiny-gpt2) whose maps differ in rank and scale, and what each map adds.

usage: python make_adapters.py OUTPUT_FOLDER     needs: torch, transformers, peft
deltas.json: for each map the product of what the adapter adds to its weights with the vector sin(1), sin(2), ...
"""
import json
import os
import sys

import peft
import torch
import transformers

from make_goldens import randomise_adapter, save

HERE = os.path.dirname(os.path.abspath(__file__))
MAPS = ["q_proj", "k_proj", "v_proj", "o_proj", "down_proj"]
RANKS = {"q_proj": 2, r"model\.layers\.1\.self_attn\.(k|v)_proj": 3, "layers.2.mlp.down_proj": 6}
ALPHAS = {"o_proj": 1, r"^model\.layers\.0\.self_attn\.q_proj": 20, "v_proj": 3.5}
KINDS = {
    "patterns": dict(rank_pattern=RANKS, alpha_pattern=ALPHAS),
    "rank-stabilised": dict(use_rslora=True),
    "fan-in-fan-out": dict(fan_in_fan_out=True, alpha_pattern={"c_attn": 2}),
    "rank-stabilised-patterns": dict(use_rslora=True, rank_pattern=RANKS, alpha_pattern=ALPHAS),
}


def main(output):
    torch.set_num_threads(1)
    for name, options in KINDS.items():
        seed = len(name)
        base, maps = ("tiny-gpt2", ["c_attn", "mlp.c_proj"]) if options.get("fan_in_fan_out") else ("tiny-llama-untied", MAPS)
        model = transformers.AutoModelForCausalLM.from_pretrained(os.path.join(HERE, base), dtype=torch.float32)
        adapted = peft.get_peft_model(model, peft.LoraConfig(task_type="CAUSAL_LM", r=4, lora_alpha=7, target_modules=maps, **options))
        randomise_adapter(adapted, seed)
        folder = os.path.join(output, "adapters", name)
        save(adapted, folder)
        path = os.path.join(folder, "adapter_config.json")
        with open(path) as file:
            text = file.read()
        with open(path, "w") as file:
            file.write(text.replace("tiny-llama-untied", base))
        os.chmod(os.path.join(folder, "adapter_model.safetensors"), 0o644)
        deltas = {}
        for path, module in adapted.named_modules():
            if isinstance(module, peft.tuners.lora.Linear):
                delta = module.get_delta_weight("default").double()
                if options.get("fan_in_fan_out"):
                    delta = delta.T
                probe = torch.sin(torch.arange(1, delta.shape[1] + 1, dtype=torch.float64))
                deltas[path.removeprefix("base_model.model.")] = [round(value, 7) for value in (delta @ probe).tolist()]
        with open(os.path.join(folder, "deltas.json"), "w") as file:
            json.dump({"deltas": deltas}, file, separators=(",", ":"))
            file.write("\n")
        print(name, len(deltas))


if __name__ == "__main__":
    main(*sys.argv[1:])
