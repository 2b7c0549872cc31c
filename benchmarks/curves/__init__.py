"""Tasks that fall short, learnt from fewer objects or speakers."""
