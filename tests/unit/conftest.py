"""Beside it lies `builders`; this file puts its folder on the import path of every unit test, those in subfolders too."""
