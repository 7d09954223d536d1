"""A plugin by somebody else: a transport, a rendering mixin, a handler mixin, a command, and a hook."""
