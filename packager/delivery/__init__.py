"""Getting the news to the requester: the queue of deliveries, mail, webhooks, and who wants no mail."""
