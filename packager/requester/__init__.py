"""The requester's side: the page behind the link, what it says, and the page that stops mails."""
