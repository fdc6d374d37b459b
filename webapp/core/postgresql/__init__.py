"""Database backend: PostgreSQL as Django has it, with a cheaper check of kept connections."""
