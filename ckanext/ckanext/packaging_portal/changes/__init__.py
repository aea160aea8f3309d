"""Tells the portal what changed, so that older packages are not handed out again.

Two sources tell it (``sources``). What they tell is noted by resource and dataset (``notes``), put into the format of
CKAN's notifications when it is sent (``envelopes``), and goes one of three ways (``dispatch``): a background job
(``waiting``), at once, or over a broker (``broker``).
"""
