"""Writes tokenizers/: small tokenizers of each kind that models have, and the ids they give.

usage: python make_tokenizers.py OUTPUT_FOLDER     needs: tokenizers, transformers, sentencepiece, gguf, torch (for make_goldens)

Each is trained on the repository's LICENSE. For each NAME: NAME/tokenizer.json, for most NAME.gguf with the same tokenizer as
llama.cpp's converter writes it, and in NAME-ids.json the ids of the texts in texts.json by the `tokenizers` library.
A second run changes nothing.
"""
import json
import os
import random
import sys
import tempfile

import gguf
import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from make_goldens import texts

HERE = os.path.dirname(os.path.abspath(__file__))
LICENSE = os.path.join(HERE, "..", "..", "..", "LICENSE")
EXTRA = "123 4567 1999 don't I'm we'll they've caf\u00e9 cafe\u0301 na\u00efve \u6f22\u5b57 \u65e5\u672c\u8a9e \U0001f642 x=1; y += 22\n\n\n    return {'a': 10}\r\n\t\tend"
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace("{1,3}", "")


def corpus():
    with open(LICENSE) as file:
        return file.read().split("\n\n") + [EXTRA] * 4


def byte_level(pattern):
    if pattern is None:
        return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated", invert=False),
                                    pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def train_byte_level(pattern, specials, normalizer=None, ignore_merges=False, bos=None):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    tokenizer.pre_tokenizer = byte_level(pattern)
    tokenizer.decoder = decoders.ByteLevel()
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=520, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in specials])
    tokenizer.add_tokens([AddedToken("<tool_call>", special=False, normalized=False)])
    if bos:
        tokenizer.post_processor = processors.Sequence([
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(single=[bos, "$A"], pair=[bos, "$A", bos + ":1", "$B:1"],
                                          special_tokens=[(bos, tokenizer.token_to_id(bos))])])
    return tokenizer


def train_sentencepiece(**options):
    """The pieces of a SentencePiece BPE model: text, score, kind."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "text")
        with open(path, "w") as file:
            file.write("\n".join(line for part in corpus() for line in part.split("\n") if line))
        prefix = os.path.join(folder, "model")
        sentencepiece.SentencePieceTrainer.train(
            input=path, model_prefix=prefix, model_type="bpe", vocab_size=620, byte_fallback=True, num_threads=1,
            character_coverage=1.0, normalization_rule_name="identity", remove_extra_whitespaces=False,
            split_digits=True, minloglevel=2, **options)
        processor = sentencepiece.SentencePieceProcessor(model_file=prefix + ".model")
    pieces = []
    for index in range(processor.get_piece_size()):
        kind = 2 if processor.is_unknown(index) else 3 if processor.is_control(index) else 6 if processor.is_byte(index) else \
            4 if index in (processor.piece_to_id(text) for text in options.get("user_defined_symbols", [])) else 1
        pieces.append((processor.id_to_piece(index), processor.get_score(index), kind))
    return processor, pieces


def merges_of(pieces):
    """The merges that give a SentencePiece model's ids, as transformers' converter derives them from the scores."""
    scores = {text: score for text, score, kind in pieces if kind in (1, 4)}
    order = {text: index for index, (text, _, _) in enumerate(pieces)}
    merges = []
    for text, score in scores.items():
        local = [(text[:cut], text[cut:], score) for cut in range(1, len(text)) if text[:cut] in scores and text[cut:] in scores]
        merges += sorted(local, key=lambda merge: (order[merge[0]], order[merge[1]]))
    merges.sort(key=lambda merge: (merge[2], len(merge[0]), len(merge[1])), reverse=True)
    return [merge[:2] for merge in merges]


def sentencepiece_tokenizer(pieces, normalizer, pre_tokenizer, strips, bos="<s>", normalized=False):
    tokenizer = Tokenizer(models.BPE(vocab={text: index for index, (text, _, _) in enumerate(pieces)}, merges=merges_of(pieces),
                                     unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    if normalizer:
        tokenizer.normalizer = normalizer
    if pre_tokenizer:
        tokenizer.pre_tokenizer = pre_tokenizer
    steps = [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()]
    tokenizer.decoder = decoders.Sequence(steps + ([decoders.Strip(" ", 1, 0)] if strips else []))
    tokenizer.add_special_tokens([AddedToken(text, special=True, normalized=normalized) for text, _, kind in pieces if kind in (2, 3)])
    tokenizer.add_tokens([AddedToken(text, special=False, normalized=False) for text, _, kind in pieces if kind == 4])
    tokenizer.post_processor = processors.TemplateProcessing(single=[bos, "$A"], special_tokens=[(bos, tokenizer.token_to_id(bos))])
    return tokenizer


def write_gguf(path, model, tokens, kinds, scores=None, merges=None, pre=None, bos=None, prefix=None):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model(model)
    if pre:
        writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    if scores:
        writer.add_token_scores(scores)
    writer.add_token_types(kinds)
    if merges:
        writer.add_token_merges([" ".join(merge) for merge in merges])
    if bos is not None:
        writer.add_bos_token_id(bos)
        writer.add_add_bos_token(True)
    if prefix is not None:
        writer.add_add_space_prefix(prefix)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def byte_level_gguf(path, tokenizer, pre, specials, bos=None):
    document = json.loads(tokenizer.to_str())
    tokens = [tokenizer.id_to_token(index) for index in range(tokenizer.get_vocab_size())]
    kinds = [3 if token in specials else 4 if token == "<tool_call>" else 1 for token in tokens]
    write_gguf(path, "gpt2", tokens, kinds, merges=document["model"]["merges"], pre=pre,
               bos=tokenizer.token_to_id(bos) if bos else None)


def probes():
    rng = random.Random(8)
    every = texts()
    chosen = [text for text in every[:160] if len(text) < 120] + rng.sample(every[330:], 40)
    return chosen + ["'s 'S '\u017f 'LL 'Re", "a1b22c333d4444", "\n\n\nx", " \n \n  x", "x \r\n y", "\u2581", "\u2581a \u2581\u2581b", "<s>", "</s>a",
                     "a<s> b<s>c", "<s><s> x", "<unk>", "<0x41>", "<0x0A>\n", "<tool_call>{}</tool_call>", " <tool_call>", "a\u2581<s>",
                     "<start_of_turn>user\nhi<end_of_turn>\n", "\u1e9b\u0323 \u212b \ufb01 \uac00 \u1100\u1161", "   ", "  a", "a  ", "hello world", "!!!\n\n!!!",
                     "<|begin_of_text|>x<|eot_id|>", "\u00e9\u0301\u0327", "\u0344\u0958\u2126"]


def goldens(tokenizer, path):
    rng = random.Random(3)
    ids, plain = [], {}
    for index, text in enumerate(probes()):
        ids.append(tokenizer.encode(text, add_special_tokens=False).ids)
        tokenizer.encode_special_tokens = True
        without = tokenizer.encode(text, add_special_tokens=False).ids
        tokenizer.encode_special_tokens = False
        if without != ids[-1]:
            plain[index] = without
    size = tokenizer.get_vocab_size()
    parts = [[rng.randrange(size) for _ in range(rng.randint(1, 10))] for _ in range(60)]
    for text in ["\U0001f469\u200d\U0001f469 \u6f22\u5b57 \u0439", "\u0080\u07ff\u0800\uffff\U00010000\U0010ffff a"]:
        whole = tokenizer.encode(text, add_special_tokens=False).ids
        parts += [whole[start:end] for start in range(len(whole)) for end in (start + 1, start + 2, len(whole))]
    decodes = [{"ids": part, "text": tokenizer.decode(part, skip_special_tokens=False), "without_special": tokenizer.decode(part)} for part in parts]
    value = {"vocabulary": size, "prefix": tokenizer.encode("").ids, "ids": ids, "plain_ids": plain, "decodes": decodes}
    with open(path, "w") as file:
        json.dump(value, file, ensure_ascii=True, separators=(",", ":"))
        file.write("\n")


def main(output):
    output = os.path.join(output, "tokenizers")
    os.makedirs(output, exist_ok=True)
    with open(os.path.join(output, "texts.json"), "w") as file:
        json.dump(probes(), file, ensure_ascii=True, indent=0)
        file.write("\n")
    made = {}
    llama3 = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
    qwen2 = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    made["gpt2"] = train_byte_level(None, ["<|endoftext|>"])
    made["llama3"] = train_byte_level(LLAMA3, llama3, ignore_merges=True, bos="<|begin_of_text|>")
    made["qwen2"] = train_byte_level(QWEN2, qwen2, normalizer=normalizers.NFC())
    byte_level_gguf(os.path.join(output, "gpt2.gguf"), made["gpt2"], "gpt-2", ["<|endoftext|>"])
    byte_level_gguf(os.path.join(output, "llama3.gguf"), made["llama3"], "llama-bpe", llama3, bos="<|begin_of_text|>")
    byte_level_gguf(os.path.join(output, "qwen2.gguf"), made["qwen2"], "qwen2", qwen2)

    replace = normalizers.Replace(" ", "\u2581")
    processor, pieces = train_sentencepiece(add_dummy_prefix=True)
    prepend = normalizers.Sequence([normalizers.Prepend("\u2581"), replace])
    made["llama2"] = sentencepiece_tokenizer(pieces, prepend, None, True)
    made["llama2-old"] = sentencepiece_tokenizer(pieces, prepend, None, True, normalized=True)
    made["mistral"] = sentencepiece_tokenizer(pieces, None, pre_tokenizers.Metaspace("\u2581", "first", split=False), True)
    write_gguf(os.path.join(output, "llama2.gguf"), "llama", [p[0] for p in pieces], [p[2] for p in pieces], scores=[p[1] for p in pieces], bos=1)
    for text in probes():  # the reference behind the reference
        if "<" not in text and "\u2581" not in text and "\x00" not in text and not text.startswith(" "):
            assert processor.encode(text) == made["llama2"].encode(text, add_special_tokens=False).ids, text

    _, pieces = train_sentencepiece(add_dummy_prefix=False, pad_id=0, eos_id=1, bos_id=2, unk_id=3, pad_piece="<pad>", bos_piece="<bos>", eos_piece="<eos>",
                                    user_defined_symbols=["<start_of_turn>", "<end_of_turn>", "\u2581\u2581", "\n\n"])
    pieces = [(text, score, 3 if "_of_turn" in text else kind) for text, score, kind in pieces]
    split = pre_tokenizers.Split(" ", "merged_with_previous", invert=False)
    made["gemma"] = sentencepiece_tokenizer(pieces, replace, split, False, bos="<bos>")
    write_gguf(os.path.join(output, "gemma.gguf"), "llama", [p[0] for p in pieces], [p[2] for p in pieces], scores=[p[1] for p in pieces], bos=2, prefix=False)

    for name, tokenizer in made.items():
        os.makedirs(os.path.join(output, name), exist_ok=True)
        document = json.loads(tokenizer.to_str())
        with open(os.path.join(output, name, "tokenizer.json"), "w") as file:
            json.dump(document, file, ensure_ascii=True, separators=(",", ":"))
            file.write("\n")
        goldens(tokenizer, os.path.join(output, name + "-ids.json"))
        print(name, tokenizer.get_vocab_size())


if __name__ == "__main__":
    main(*sys.argv[1:])
