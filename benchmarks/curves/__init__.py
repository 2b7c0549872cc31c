"""Tasks that fall short, learnt from fewer objects, speakers or chorales."""
