"""The way in: the job service that CKAN's stock DataPusher plugin speaks to."""
