"""DictShield documents."""
