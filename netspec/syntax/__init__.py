"""Text -> syntax tree with places, and back to text: grammar, parser, recovery from mistakes, printer."""
