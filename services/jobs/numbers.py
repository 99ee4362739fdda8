"""What a worker of jobs counts. Must not know why."""

from prometheus_client import Counter, Gauge

JOBS = Gauge("parley_jobs", "Jobs that are kept, by state.", ("state",))
OLDEST = Gauge("parley_jobs_oldest_seconds", "Age of the oldest job that waits for a worker; 0: none does.")
DONE_AUDIO = Counter("parley_jobs_audio_seconds", "Seconds of recordings that this worker has done.")
TOLD = Counter("parley_jobs_webhooks", "Tries to tell a webhook, by outcome; dead: it was the last.", ("outcome",))
ENDED = Counter("parley_jobs_attempts", "Attempts of this worker that ended, by outcome.", ("outcome",))
