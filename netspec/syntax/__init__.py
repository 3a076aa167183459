"""Text -> syntax objects with places, and back: grammar, parser, recovery, printer."""
