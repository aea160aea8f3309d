"""A cluster of django-q that outlives the death, and the standstill, of any of its processes.

``supervisor`` is the main process of ``manage.py qcluster``. It keeps the others alive and at work: workers, pusher and
monitor, which are django-q's own, and the clerk, who signs the cluster in and calls the schedules. What they share is
ours, and holds no lock that a killed process could take along.
"""
