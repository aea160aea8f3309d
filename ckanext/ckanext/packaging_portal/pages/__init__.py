"""The pages: the form, a request, one's own requests, and the tab of the administration."""
