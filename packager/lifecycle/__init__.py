"""The only room that changes a request: submit, build, cancel, retry, rebuild, expire, and keep order."""
