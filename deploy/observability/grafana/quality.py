"""The panels of how well models do, and of what leaves its usual range."""

from queries import Panel, mean, median, rate

QUALITY: tuple[Panel, ...] = (
    (
        "Recordings whose words are known",
        "The share of the words that are wrong.",
        "percentunit",
        (('max by (model) (parley_quality{measure="wer"})', "{{model}}"),),
    ),
    (
        "How well sources are told apart",
        "An estimate of each track over what is wrong in it; how far below the sound the tracks differ from it.",
        "dB",
        (
            (
                'max by (model, measure) (parley_quality{stage="separate", measure=~".*_sdr_db"})',
                "{{model}} {{measure}}",
            ),
            ('min by (model) (parley_quality{measure="consistency_db"})', "{{model}} consistency"),
        ),
    ),
    (
        "Numbers that have left their baseline",
        "1: it is not what it was in the version's first 500 streams. `parley routes drift` says more.",
        "short",
        (("max by (stage, model, signal) (parley_drift)", "{{model}} {{signal}}"),),
    ),
    (
        "How far from the baseline",
        "The population stability index: from 0.25 on it is another population.",
        "short",
        (("max by (stage, model, signal) (parley_drift_psi)", "{{model}} {{signal}}"),),
    ),
    (
        "How sure of their words",
        "The median log-probability of streams' words; below zero.",
        "short",
        median("parley_stream_log_probability", "model"),
    ),
    (
        "Nobody spoke",
        "How likely that was in what was taken for speech.",
        "percentunit",
        mean("parley_stream_no_speech", "model"),
    ),
    ("Words a second", "Of speech.", "short", mean("parley_stream_words_per_second", "model")),
    (
        "Noise of what comes in",
        "Signal over noise; it may be below zero.",
        "dB",
        median("parley_stream_snr_db", "model"),
    ),
    (
        "Noise taken away",
        "Below zero: added.",
        "dB",
        median("parley_stream_snr_gain_db", "model"),
    ),
    ("Clipped", "The share of samples at full scale.", "percentunit", mean("parley_stream_clipped_share", "model")),
    (
        "Turns",
        "Changes of the speaker in a minute of speech.",
        "short",
        mean("parley_stream_speaker_changes_per_minute", "model"),
    ),
    ("How long a turn is", "The mean.", "s", mean("parley_stream_turn_seconds", "model")),
    ("Translations", "Their letters over those of their source.", "short", mean("parley_stream_length_ratio", "model")),
    (
        "Languages",
        "Streams a second by what was heard.",
        "reqps",
        ((rate("parley_stream_languages_total", "model, language"), "{{model}} {{language}}"),),
    ),
    (
        "Streams that failed",
        "By their version's fault, a second.",
        "reqps",
        ((rate("parley_stream_errors_total", "stage, model"), "{{stage}} {{model}}"),),
    ),
)
