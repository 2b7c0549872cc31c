"""The dataset format: schema, writing, reading."""
