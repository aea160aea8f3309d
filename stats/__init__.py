"""Who asked for what, how much of it, and what went wrong: records that are only added to, and sums of them."""
