"""The report's figures: one style, SVG, the same bytes for the same data."""
