"""Write schema.yaml anew, from the models."""

from ketameta.configuration.blocks import SCHEMA, written

if __name__ == "__main__":
    SCHEMA.write_text(written(), encoding="utf-8")
