"""The asr recipe: data, training, export and evaluation of the embedded recogniser."""
