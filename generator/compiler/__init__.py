"""Catalog → files: one module per kind, and `kinds.py` for what is true of each. Pure."""

from generator.compiler.compile import HEADER, MARK, OWNED_FOLDERS, Compiled, compile_catalog

__all__ = ["HEADER", "MARK", "OWNED_FOLDERS", "Compiled", "compile_catalog"]
