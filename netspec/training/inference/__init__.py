"""Uses of a finished run: predictions, scores, generated text, exports, features."""
