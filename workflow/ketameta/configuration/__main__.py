"""Write the schemas of the files anew, from the models."""

from ketameta.configuration.blocks import HERE, every_form, schema_text

if __name__ == "__main__":
    for name in every_form():
        (HERE / f"{name}.schema.yaml").write_text(schema_text(name), encoding="utf-8")
