"""Which decisions of a language model are linear, and can a person write them down?"""

__version__ = "0.1.0"
