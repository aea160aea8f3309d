"""Is it a request, may it be made, what does it cost, and which queue takes it."""
