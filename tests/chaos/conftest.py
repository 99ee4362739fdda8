"""The same cluster as the tests of real processes have; who needs another one makes it."""

from tests.e2e.conftest import cluster as cluster
