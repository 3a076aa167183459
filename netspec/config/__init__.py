"""The sections data, train and figure: what they may say, checked without torch."""
