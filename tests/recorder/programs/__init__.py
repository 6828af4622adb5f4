"""Programs of the tests of the recorder."""
