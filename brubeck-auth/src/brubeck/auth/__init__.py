"""Users, decorators and cookies."""
