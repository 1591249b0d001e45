"""What the endpoint uses of its host: files, directories, the standard library as it was installed."""
