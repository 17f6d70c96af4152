"""Any manager, described in a TOML file: how it is called, how its output is read, what it promises.

`file` reads such a file into a `description`, `reading` makes entries of what a manager prints, `manager` runs it.
Worked examples are in `churn.system.managers.gallery`.
"""

from churn.system.managers.command.description import About, CommandCall, Description, Values
from churn.system.managers.command.file import read
from churn.system.managers.command.manager import CommandManager

__all__ = ["About", "CommandCall", "CommandManager", "Description", "Values", "read"]
