"""Where finished packages live, and how they are handed out."""
