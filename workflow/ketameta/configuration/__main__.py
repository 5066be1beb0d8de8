"""Write the schemas of the files anew, from the models."""

from ketameta.configuration.blocks import FORMS, HERE, written

if __name__ == "__main__":
    for name in FORMS:
        (HERE / f"{name}.schema.yaml").write_text(written(name), encoding="utf-8")
