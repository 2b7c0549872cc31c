"""Everything between an evaluation folder and its page: content, its file, drawing again."""
