"""Records small random models of the families that the lab imports, and what transformers computes with them.

    python3 scripts/record-models.py              records all: tests/fixtures/models/<name>/
    python3 scripts/record-models.py bert gpt2    records these

Needs Python 3.10 with PyTorch and transformers 5 (`pip install torch transformers`); the lab itself and its tests need neither.

A folder holds config.json, model.safetensors (float16, so that the weights are exact in every precision), the tokenizer's files
as that family has them, `outputs.safetensors` (inputs and outputs, computed in float64) and `gradients.safetensors` (of the mean
of the recorded loss, under the names of the weights).
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertForPreTraining,
    BertForSequenceClassification,
    BertModel,
    DistilBertConfig,
    DistilBertForMaskedLM,
    DistilBertForSequenceClassification,
    GPT2Config,
    GPT2LMHeadModel,
    ModernBertConfig,
    ModernBertForMaskedLM,
    ModernBertForSequenceClassification,
    RobertaConfig,
    RobertaForMaskedLM,
    RobertaForSequenceClassification,
)

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests" / "fixtures" / "models"
# So little padding that each position of a window of two to each side sees some text: transformers has NaN otherwise.
BATCH, LENGTH, PADDING, PLACES = 2, 12, 2, 2
TEXTS = ["the cat sat on the mat and the dog ran", "a dog and a cat ran to the mat", "sat the mat ran on and on"]


def word_pieces():
    """A vocabulary of BERT's kind, small enough to be read; the trainer of the library would learn another one each time."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = sorted({letter for text in TEXTS for letter in text if letter != " "})
    pieces = [*special, *letters, *(f"##{letter}" for letter in letters), "the", "cat", "dog", "ran", "##at"]
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.add_special_tokens(special)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer, {"vocab.txt": "".join(f"{piece}\n" for piece in pieces)}


def byte_pairs(special, prefix_space=False):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix_space)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
    trainer = trainers.BpeTrainer(
        vocab_size=256 + len(special) + 14,
        special_tokens=special,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS * 4, trainer)
    return tokenizer, {}


def draw(model):
    """Every weight random and exact in float16, biases and gains as well; none so small that a mistake would not show."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            is_gain = parameter.dim() == 1 and name.endswith("weight")
            drawn = 1 + 0.1 * noise if is_gain else (0.25 if parameter.dim() >= 2 else 0.1) * noise
            parameter.copy_(drawn.half().to(parameter.dtype))
    model.tie_weights()
    return model.double().eval()


def inputs(vocabulary, pad, segments):
    generator = torch.Generator().manual_seed(2)
    tokens = torch.randint(5, vocabulary, (BATCH, LENGTH), generator=generator)
    mask = torch.ones(BATCH, LENGTH, dtype=torch.long)
    mask[1, LENGTH - PADDING :] = 0
    tokens[mask == 0] = pad
    kinds = torch.zeros(BATCH, LENGTH, dtype=torch.long)
    if segments > 1:
        kinds[:, LENGTH // 2 : LENGTH - PADDING] = 1
    return tokens, mask, kinds


def save(name, model, files, tensors, loss):
    model.zero_grad()
    loss.backward()
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # Copies: half() rounds the gradients of a model as well.
    named = {
        key: (torch.zeros_like(weight) if weight.grad is None else weight.grad).float()
        for key, weight in model.named_parameters(remove_duplicate=False)
    }
    with tempfile.TemporaryDirectory() as temporary:
        model.half().save_pretrained(temporary)
        shutil.copy(Path(temporary) / "config.json", folder)
        shutil.copy(Path(temporary) / "model.safetensors", folder)
    with safe_open(folder / "model.safetensors", "pt") as saved:
        keys = sorted(saved.keys())
    for file, content in files.items():
        (folder / file).write_text(content, encoding="utf-8")
    gradients = {key: named[key].contiguous().clone() for key in keys}
    save_file(gradients, folder / "gradients.safetensors", {"format": "pt"})
    outputs = {key: (value.float() if value.is_floating_point() else value.int()) for key, value in tensors.items()}
    outputs["loss"] = loss.detach().float().reshape(1)
    save_file(
        {key: value.detach().contiguous().clone() for key, value in outputs.items()},
        folder / "outputs.safetensors",
        {"format": "pt"},
    )
    bytes_ = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{name}: {len(keys)} tensors, {bytes_} bytes")


def masked(name, model, files, special, segments=0, next_sentence=False):
    """The loss is the mean cross-entropy at the places, and of the next sentence where there is such a head."""
    draw(model)
    tokens, mask, kinds = inputs(model.config.vocab_size, special["pad"], segments)
    generator = torch.Generator().manual_seed(3)
    places = torch.stack([torch.randperm(LENGTH - PADDING, generator=generator)[:PLACES] for _ in range(BATCH)])
    labels = torch.randint(5, model.config.vocab_size, (BATCH, PLACES), generator=generator)
    more = {"token_type_ids": kinds} if segments > 1 else {}
    out = model(input_ids=tokens, attention_mask=mask, output_hidden_states=True, **more)
    logits = out.prediction_logits if next_sentence else out.logits
    chosen = torch.gather(logits, 1, places[..., None].expand(-1, -1, logits.shape[-1]))
    loss = torch.nn.functional.cross_entropy(chosen.flatten(0, 1), labels.flatten())
    hidden = model.base_model(input_ids=tokens, attention_mask=mask, **more).last_hidden_state
    tensors = {"tokens": tokens, "mask": mask, "segments": kinds, "places": places, "labels": labels}
    tensors |= {"sequence": hidden, "maskedLogits": chosen}
    if next_sentence:
        tensors["pairLogits"] = out.seq_relationship_logits
    save(name, model, files, tensors, loss)


def classified(name, model, files, special, segments=0):
    draw(model)
    tokens, mask, kinds = inputs(model.config.vocab_size, special["pad"], segments)
    more = {"token_type_ids": kinds} if segments > 1 else {}
    labels = torch.tensor([2, 0])
    logits = model(input_ids=tokens, attention_mask=mask, **more).logits
    loss = torch.nn.functional.cross_entropy(logits, labels)
    tensors = {"tokens": tokens, "mask": mask, "segments": kinds, "labels": labels, "logits": logits}
    save(name, model, files, tensors, loss)


def encoded(name, model, files, special, segments, vocabulary):
    draw(model)
    tokens, mask, kinds = inputs(vocabulary, special["pad"], segments)
    hidden = model(input_ids=tokens, attention_mask=mask, token_type_ids=kinds).last_hidden_state
    pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    tensors = {"tokens": tokens, "mask": mask, "segments": kinds, "sequence": hidden, "mean": pooled}
    save(name, model, files, tensors, (pooled**2).mean())


def continued(name, model, files):
    draw(model)
    tokens, _, _ = inputs(model.config.vocab_size, 0, 0)
    logits = model(input_ids=tokens).logits
    loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())
    save(name, model, files, {"tokens": tokens, "logits": logits}, loss)


SIZES = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 12}
LABELS = {"id2label": {0: "bad", 1: "middling", 2: "good"}, "label2id": {"bad": 0, "middling": 1, "good": 2}}
BERT = {"pad": 0}


def bert_config(vocabulary, **more):
    return BertConfig(vocab_size=vocabulary, max_position_embeddings=16, **SIZES, **more)


def record_bert():
    """With vocab.txt alone, as BERT was published."""
    tokenizer, files = word_pieces()
    config = bert_config(tokenizer.get_vocab_size())
    masked("bert", BertForPreTraining(config), files, BERT, segments=2, next_sentence=True)


def record_bert_classifier():
    tokenizer, _ = word_pieces()
    files = {"tokenizer.json": tokenizer.to_str()}
    config = bert_config(tokenizer.get_vocab_size(), **LABELS)
    classified("bert-classifier", BertForSequenceClassification(config), files, BERT, segments=2)


def record_minilm():
    """No head, no prefix; three rows of the table have no token."""
    tokenizer, _ = word_pieces()
    vocabulary = tokenizer.get_vocab_size()
    config = bert_config(vocabulary + 3)
    encoded("minilm", BertModel(config), {"tokenizer.json": tokenizer.to_str()}, BERT, 2, vocabulary)


def distilbert_config(vocabulary, **more):
    sizes = {"dim": 8, "hidden_dim": 12, "n_layers": 2, "n_heads": 2}
    return DistilBertConfig(vocab_size=vocabulary, max_position_embeddings=16, **sizes, **more)


def record_distilbert():
    tokenizer, files = word_pieces()
    masked("distilbert", DistilBertForMaskedLM(distilbert_config(tokenizer.get_vocab_size())), files, BERT)


def record_distilbert_classifier():
    tokenizer, files = word_pieces()
    config = distilbert_config(tokenizer.get_vocab_size(), **LABELS)
    classified("distilbert-classifier", DistilBertForSequenceClassification(config), files, BERT)


ROBERTA_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def roberta_config(vocabulary, **more):
    sizes = {"max_position_embeddings": 18, "type_vocab_size": 1, "layer_norm_eps": 1e-5}
    ids = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
    return RobertaConfig(vocab_size=vocabulary, **sizes, **ids, **SIZES, **more)


def record_roberta():
    """With vocab.json and merges.txt alone, as RoBERTa was published."""
    tokenizer, _ = byte_pairs(ROBERTA_SPECIAL)
    model = json.loads(tokenizer.to_str())["model"]
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in model["merges"]]
    files = {"vocab.json": json.dumps(model["vocab"]), "merges.txt": "#version: 0.2\n" + "\n".join(merges) + "\n"}
    masked("roberta", RobertaForMaskedLM(roberta_config(tokenizer.get_vocab_size())), files, {"pad": 1})


def record_roberta_classifier():
    tokenizer, _ = byte_pairs(ROBERTA_SPECIAL)
    files = {"tokenizer.json": tokenizer.to_str()}
    config = roberta_config(tokenizer.get_vocab_size(), **LABELS)
    classified("roberta-classifier", RobertaForSequenceClassification(config), files, {"pad": 1})


MODERN_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def modernbert_config(vocabulary, **more):
    """Four layers, of which the first and the last see everything, the others two tokens to each side."""
    sizes = {**SIZES, "num_hidden_layers": 4, "local_attention": 4, "global_attn_every_n_layers": 3}
    ids = {"pad_token_id": 0, "cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3}
    return ModernBertConfig(
        vocab_size=vocabulary, max_position_embeddings=16, attn_implementation="eager", **sizes, **ids, **more
    )


def record_modernbert():
    tokenizer, _ = byte_pairs(MODERN_SPECIAL)
    files = {"tokenizer.json": tokenizer.to_str()}
    masked("modernbert", ModernBertForMaskedLM(modernbert_config(tokenizer.get_vocab_size())), files, {"pad": 0})


def record_modernbert_classifier():
    tokenizer, _ = byte_pairs(MODERN_SPECIAL)
    files = {"tokenizer.json": tokenizer.to_str()}
    config = modernbert_config(tokenizer.get_vocab_size(), classifier_pooling="mean", **LABELS)
    classified("modernbert-classifier", ModernBertForSequenceClassification(config), files, {"pad": 0})


def record_gpt2():
    tokenizer, _ = byte_pairs(["<|endoftext|>"])
    config = GPT2Config(
        vocab_size=tokenizer.get_vocab_size(),
        n_positions=16,
        n_embd=8,
        n_layer=2,
        n_head=2,
        bos_token_id=0,
        eos_token_id=0,
    )
    continued("gpt2", GPT2LMHeadModel(config), {"tokenizer.json": tokenizer.to_str()})


def record_unigram():
    """A tokenizer alone, as SentencePiece's come: pieces with probabilities, blanks as a mark, unknown characters as bytes."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace("  ", " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.UnigramTrainer(vocab_size=60, special_tokens=special, unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator(TEXTS * 4, trainer)
    folder = FOLDER / "unigram"
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    content = json.loads(tokenizer.to_str())
    content["model"]["vocab"] += [[f"<0x{byte:02X}>", -20.0] for byte in range(256)]
    content["model"]["byte_fallback"] = True
    (folder / "with-bytes.json").write_text(json.dumps(content), encoding="utf-8")
    print("unigram:", len(content["model"]["vocab"]) - 256, "pieces")


RECORDERS = {
    name.removeprefix("record_").replace("_", "-"): function
    for name, function in list(globals().items())
    if name.startswith("record_")
}

if __name__ == "__main__":
    for wanted in sys.argv[1:] or RECORDERS:
        torch.manual_seed(0)
        RECORDERS[wanted]()
