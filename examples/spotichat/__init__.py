"""SpotiChat: a room for everybody who is listening to the same song."""
