"""Writes tiny random models of every family and the golden numbers that `transformers` and `peft` give them.

usage: python make_families.py OUTPUT_FOLDER [FAMILY ...]
needs: torch, transformers, peft, gguf

Everything is deterministic: fixed seeds, one thread, float32. For each family a folder tiny-FAMILY with
  config.json, model.safetensors      as `save_pretrained` leaves them
  adapter/                            a LoRA adapter on every linear map, saved by `peft`
  model.gguf                          the same weights as llama.cpp's converter lays them out, for the families it has a layout for
  golden.json                         sequences and their log-probabilities with and without the adapter; the logits of one
                                      sequence; the gradients of the sum of all log-probabilities, some numbers of each
                                      tensor; the log-probabilities after some steps of full fine-tuning; a greedy continuation
"""
import json
import os
import sys

import gguf
import peft
import torch
import transformers

SEQUENCES = [[1, 5, 9, 13], [1, 43, 2], [7] * 12, list(range(3, 40)), [i * 7 % 48 for i in range(75)], [40, 2, 31, 44, 17, 8, 30, 29, 11]]
COMMON = dict(vocab_size=48, hidden_size=16, num_hidden_layers=3, intermediate_size=24, num_attention_heads=4, num_key_value_heads=2,
              max_position_embeddings=96, bos_token_id=1, eos_token_id=2, pad_token_id=0)
LLAMA_MAPS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def configurations():
    """For each family its model class, configuration and linear maps; every trait of the family differs from its neutral value."""
    t = transformers
    yield "llama3", t.LlamaForCausalLM, t.LlamaConfig(
        **COMMON, head_dim=8, rms_norm_eps=1e-5, tie_word_embeddings=True,
        rope_parameters={"rope_type": "llama3", "rope_theta": 100.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                         "original_max_position_embeddings": 64}), LLAMA_MAPS
    yield "llama-bias", t.LlamaForCausalLM, t.LlamaConfig(
        **COMMON, rms_norm_eps=1e-6, tie_word_embeddings=False, attention_bias=True, mlp_bias=True,
        rope_parameters={"rope_type": "linear", "rope_theta": 500.0, "factor": 4.0}), LLAMA_MAPS
    yield "mistral", t.MistralForCausalLM, t.MistralConfig(
        **COMMON, head_dim=6, rms_norm_eps=1e-5, sliding_window=9, tie_word_embeddings=False), LLAMA_MAPS
    yield "qwen2", t.Qwen2ForCausalLM, t.Qwen2Config(
        **COMMON, rms_norm_eps=1e-6, use_sliding_window=True, sliding_window=11, max_window_layers=1, tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 1000000.0}), LLAMA_MAPS
    yield "qwen3", t.Qwen3ForCausalLM, t.Qwen3Config(
        **COMMON, head_dim=12, rms_norm_eps=1e-6, tie_word_embeddings=True), LLAMA_MAPS
    yield "gpt2", t.GPT2LMHeadModel, t.GPT2Config(
        vocab_size=48, n_embd=16, n_layer=3, n_head=4, n_positions=96, bos_token_id=1, eos_token_id=2), ["c_attn", "c_proj", "c_fc"]
    yield "gemma3", t.Gemma3ForCausalLM, t.Gemma3TextConfig(
        **{**COMMON, "num_hidden_layers": 4}, head_dim=8, rms_norm_eps=1e-6, query_pre_attn_scalar=20, sliding_window=7,
        layer_types=["sliding_attention", "sliding_attention", "full_attention", "sliding_attention"], tie_word_embeddings=True,
        rope_parameters={"sliding_attention": {"rope_type": "default", "rope_theta": 300.0},
                         "full_attention": {"rope_type": "linear", "rope_theta": 5000.0, "factor": 8.0}}), LLAMA_MAPS


def randomise(model, seed, only_trained=False):
    generator = torch.Generator().manual_seed(seed)
    centre = 0 if "gemma" in model.config.model_type else 1  # Gemma adds 1 to the weights of its norms
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if only_trained and not parameter.requires_grad:
                continue
            noise = torch.randn(parameter.shape, generator=generator)
            is_norm = parameter.dim() == 1 and name.endswith("weight")
            parameter.copy_(centre + 0.2 * noise if is_norm else 0.3 * noise)
    model.get_input_embeddings().padding_idx = None  # torch hides the padding token's gradient, and sequences here have it as text
    return model.eval()


def log_probabilities(model, ids):
    """Natural-log probability of every token after the first, and the logits."""
    logits = model(torch.tensor([ids])).logits[0]
    logs = torch.log_softmax(logits[:-1], -1)
    return logs[torch.arange(len(ids) - 1), torch.tensor(ids[1:])], logits


def spread(gradient):
    """At most nine numbers of a tensor, its first and last among them, with their places; and its largest."""
    values = gradient.flatten()
    places = sorted({(len(values) - 1) * i // 8 for i in range(9)})
    return {"shape": list(gradient.shape), "largest": values.abs().max().item(),
            "places": places, "values": [float(f"{values[i].item():.7g}") for i in places]}


def measure(model, trained):
    model.zero_grad()
    sequences, total = [], 0
    for ids in SEQUENCES:
        logs, _ = log_probabilities(model, ids)
        sequences.append({"ids": ids, "logprobs": [round(value, 6) for value in logs.tolist()]})
        total = total + logs.sum()
    total.backward()
    gradients = {name: spread(parameter.grad) for name, parameter in model.named_parameters() if trained(name) and parameter.grad is not None}
    return {"sequences": sequences, "gradients": gradients}


def fine_tune(model, folder):
    """Log-probabilities after three steps of AdamW on every weight; norms, biases and embeddings do not decay."""
    model = type(model).from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    model.get_input_embeddings().padding_idx = None
    plain = lambda name: name.endswith("bias") or any(part in name for part in ("norm", "ln_", "embed_tokens", "wte", "wpe"))
    groups = [{"params": [p for name, p in model.named_parameters() if plain(name) == kind], "weight_decay": 0.0 if kind else 0.1}
              for kind in (False, True)]
    optimiser = torch.optim.AdamW(groups, lr=0.01, betas=(0.9, 0.95), eps=1e-5)
    norms = []
    for _ in range(3):
        optimiser.zero_grad()
        logs = torch.cat([log_probabilities(model, ids)[0] for ids in SEQUENCES])
        (-logs.mean()).backward()
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0).item())
        optimiser.step()
    with torch.no_grad():
        return {"norms": norms, "sequences": [
            {"ids": ids, "logprobs": [round(value, 6) for value in log_probabilities(model, ids)[0].tolist()]} for ids in SEQUENCES]}


def greedy(model, prompt, count):
    ids = list(prompt)
    with torch.no_grad():
        for _ in range(count):  # without a cache, on purpose
            ids.append(model(torch.tensor([ids])).logits[0, -1].argmax().item())
    return {"prompt": prompt, "tokens": ids[len(prompt):]}


GGUF = {"llama3": "LLAMA", "qwen2": "QWEN2", "qwen3": "QWEN3", "gpt2": "GPT2", "gemma3": "GEMMA3"}


def write_gguf(model, family, path):
    """The weights under the names that the `gguf` package maps theirs to, changed as `convert_hf_to_gguf.py` changes them."""
    architecture = gguf.MODEL_ARCH[GGUF[family]]
    c, writer = model.config, gguf.GGUFWriter(path, gguf.MODEL_ARCH_NAMES[architecture])
    writer.add_name(f"tiny-{family}")
    writer.add_block_count(c.num_hidden_layers)
    writer.add_context_length(c.max_position_embeddings)
    writer.add_embedding_length(c.hidden_size)
    writer.add_head_count(c.num_attention_heads)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    if family == "gpt2":
        writer.add_feed_forward_length(4 * c.hidden_size)
        writer.add_layer_norm_eps(c.layer_norm_epsilon)
    else:
        writer.add_feed_forward_length(c.intermediate_size)
        writer.add_head_count_kv(c.num_key_value_heads)
        writer.add_layer_norm_rms_eps(c.rms_norm_eps)
        rope = c.rope_parameters.get("full_attention", c.rope_parameters)
        writer.add_rope_freq_base(rope["rope_theta"])
        if getattr(c, "head_dim", None):
            writer.add_key_length(c.head_dim)
            writer.add_value_length(c.head_dim)
        if rope["rope_type"] == "linear":
            writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
            writer.add_rope_scaling_factor(rope["factor"])
        if rope["rope_type"] == "llama3":
            from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS
            scaled, _ = ROPE_INIT_FUNCTIONS["llama3"](c, "cpu")
            plain = rope["rope_theta"] ** -(torch.arange(0, c.head_dim, 2).double() / c.head_dim)
            writer.add_tensor("rope_freqs.weight", (plain / scaled.double()).float().numpy())
    if family == "gemma3":
        writer.add_sliding_window(c.sliding_window)
    names = gguf.get_tensor_name_map(architecture, c.num_hidden_layers)
    for name, parameter in model.named_parameters():
        values = parameter.detach().numpy()
        if family == "gemma3" and name.endswith("norm.weight"):
            values = values + 1
        if family == "gpt2" and name.endswith(("c_attn.weight", "c_proj.weight", "c_fc.weight")):
            values = values.T
        for projection, heads in ((".q_proj.", c.num_attention_heads), (".k_proj.", getattr(c, "num_key_value_heads", 0))):
            if family == "llama3" and projection in name:  # LlamaModel.permute
                values = values.reshape(heads, 2, values.shape[0] // heads // 2, *values.shape[1:]).swapaxes(1, 2).reshape(values.shape)
        stored = names.get_name(name, try_suffixes=(".weight", ".bias"))
        assert stored, name
        writer.add_tensor(stored, values.copy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def tidy(folder, base):
    for name in ("README.md", "generation_config.json"):
        path = os.path.join(folder, name)
        if name == "README.md" and os.path.exists(path):
            os.remove(path)
    path = os.path.join(folder, "adapter_config.json")
    if os.path.exists(path):  # no path of this machine, and sets in a fixed order
        with open(path) as file:
            configuration = json.load(file)
        configuration["base_model_name_or_path"] = base
        for key, value in configuration.items():
            if isinstance(value, list):
                configuration[key] = sorted(value)
        with open(path, "w") as file:
            json.dump(configuration, file, indent=2, sort_keys=True)
            file.write("\n")


def main(output, wanted):
    torch.set_num_threads(1)
    for seed, (family, model_class, configuration, maps) in enumerate(configurations(), 100):
        if wanted and family not in wanted:
            continue
        configuration._attn_implementation = "eager"
        folder = os.path.join(output, f"tiny-{family}")
        torch.manual_seed(seed)
        model = randomise(model_class(configuration), seed)
        model.save_pretrained(folder)
        if family in GGUF:
            write_gguf(model, family, os.path.join(folder, "model.gguf"))
        golden = {"made_with": {"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__}}
        golden["plain"] = measure(model, lambda name: True)
        golden["trained"] = fine_tune(model, folder)
        with torch.no_grad():
            _, logits = log_probabilities(model, SEQUENCES[-1])
        golden["logits"] = [[round(value, 5) for value in row] for row in logits.tolist()]
        golden["greedy"] = greedy(model, [1, 20, 5, 33], 60)
        # `all linear` by name: of GPT-2's c_proj there are two in a layer.
        adapted = peft.get_peft_model(model, peft.LoraConfig(
            task_type="CAUSAL_LM", r=2, lora_alpha=3, target_modules=maps, fan_in_fan_out=family == "gpt2"))
        randomise(adapted, seed + 50, only_trained=True)
        adapted.save_pretrained(os.path.join(folder, "adapter"))
        golden["adapted"] = measure(adapted, lambda name: "lora_" in name)
        golden["adapted"]["gradients"] = {
            name.replace(".default", ""): value for name, value in golden["adapted"]["gradients"].items()}
        tidy(folder, family)
        tidy(os.path.join(folder, "adapter"), f"tiny-{family}")
        with open(os.path.join(folder, "golden.json"), "w") as file:
            json.dump(golden, file, separators=(",", ":"))
            file.write("\n")
        size = 0
        for place, _, files in os.walk(folder):
            for name in files:  # safetensors makes its files private
                os.chmod(os.path.join(place, name), 0o644)
                size += os.path.getsize(os.path.join(place, name))
        print(family, size, "bytes")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
