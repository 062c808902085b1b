"""Staff: accounts, posts, sign-in, and who may do what where. Floor 1."""
