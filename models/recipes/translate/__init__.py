"""Translation: one small encoder-decoder for English, German and French, made from Tatoeba."""
