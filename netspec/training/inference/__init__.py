"""A finished run at work: answers, scores, texts, exports, features."""
