"""Makes note_scores.json: ROUGE by rouge-score, BERTScore by bert-score, sentence vectors by transformers, rank
correlation by scipy.

Run from the repository's root, with torch installed: python tests/reference/make_note_scores.py
"""

import json
from pathlib import Path

import torch
from bert_score import score
from rouge_score.rouge_scorer import RougeScorer
from scipy.stats import spearmanr
from transformers import AutoModel, AutoTokenizer

from vaidya.weights import resolve

PAIRS = [
    ("Chest pain for two days. No fever.", "Two days of chest pain, denies fever"),
    ("The patient takes metformin 500 mg twice daily.", "Metformin 500 mg twice a day"),
    ("Allergic to penicillin.", "Knee pain after a fall"),
    ("Cough\nwith green sputum", "Cough with green sputum"),
]
HUMAN = [1.0, 2.0, 2.0, 4.0, 5.0, 3.0, 1.0]
METRIC = [0.2, 0.1, 0.4, 0.8, 0.7, 0.7, 0.3]


def main() -> None:
    folder = str(resolve("all-minilm-l6-v2").folder)
    scorer = RougeScorer(["rouge1", "rouge2", "rougeLsum"], use_stemmer=True)
    rouge = [{name: s.fmeasure for name, s in scorer.score(_lines(r), _lines(t)).items()} for r, t in PAIRS]
    references, texts = zip(*PAIRS, strict=True)
    _, _, f1 = score(list(texts), list(references), model_type=folder, num_layers=6, idf=False, verbose=False)
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    with torch.no_grad():
        states = [model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0] for text in texts]
    found = {
        "pairs": PAIRS,
        "rouge": rouge,
        "bertscore_f1": [float(value) for value in f1],
        "first_numbers_of_mean": [[float(x) for x in state.mean(dim=0)[:8]] for state in states],
        "human": HUMAN,
        "metric": METRIC,
        "spearman": float(spearmanr(HUMAN, METRIC).statistic),
    }
    Path(__file__).with_name("note_scores.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _lines(text: str) -> str:
    return text.replace(". ", ".\n")


if __name__ == "__main__":
    main()
