"""Raw tables in, validated and typed tables out, each row with its file and line."""
