"""Where models come from: a folder, an archive or an address -> the files of one model. Must not know a stage."""
