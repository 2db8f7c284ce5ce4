"""Small arithmetic that many rooms need: log-softmax, losses, centring, class rates, positional ids."""

import numpy as np


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log-probabilities float64 [n, K] of logits or unnormalised log-probabilities [n, K]."""
    # Imported here: it takes 0.2 s, as long as many a job that needs something else of this module.
    from scipy import special

    return np.asarray(special.log_softmax(np.asarray(logits, np.float64), axis=-1))


def normalise(log_probability: np.ndarray) -> np.ndarray:
    """`log_softmax`, computed in float64 and rounded to float32: what a predictions artifact holds."""
    return log_softmax(log_probability).astype(np.float32)


def context_losses(log_probability: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Negative log-probability (nats) float64 [n] of each context's label, from log-probabilities [n, K]."""
    return -np.asarray(log_probability, np.float64)[np.arange(len(labels)), labels]


def class_rates(labels: np.ndarray, candidates: int) -> np.ndarray:
    """Rates of the classes, float64 [candidates], each count plus one half so that none is impossible."""
    counts = np.bincount(labels, minlength=candidates).astype(np.float64) + 0.5
    return counts / counts.sum()


def centred(weight: np.ndarray) -> np.ndarray:
    """Weights minus their mean over the candidates (the last axis), float64: a number added to all changes nothing."""
    return np.asarray(weight - weight.mean(-1, keepdims=True, dtype=np.float64))


def positional_ids(tokens: np.ndarray, vocabulary: int) -> np.ndarray:
    """Input ids int64 [n, length] of tokens [n, length]: position x vocabulary + token, so 16,384 by default."""
    return np.arange(tokens.shape[1]) * vocabulary + tokens.astype(np.int64)
