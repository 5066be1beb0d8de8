"""Pages, tables and figures from the syntheses; nothing is computed here but words."""
