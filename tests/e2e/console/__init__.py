"""The pages, in a real browser with the models that ship."""
