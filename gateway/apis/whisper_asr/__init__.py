"""The API of whisper-asr-webservice, which Bazarr and other makers of subtitles speak."""
