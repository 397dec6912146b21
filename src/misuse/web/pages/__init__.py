"""The pages: each a plain function from a `Visit` to an answer."""
